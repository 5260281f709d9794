/**
 * What the main thread has had of the processors, cheap enough to be asked some hundred times a second: 7 µs a reading.
 *
 * Both metrics are of this thread alone, not of the collector's and the disk's threads. The processor time is exact: a
 * running thread's own metric is brought up to date only by the tick of the system (4 ms), unless that of the whole
 * process is asked first. The time spent waiting for a processor is added up when the thread is given one, and it is running
 * when it reads, so this one is exact, too. Time that a hypervisor gave to other machines is in neither.
 */
import { openSync, readSync } from 'node:fs';
import type { ThreadReading } from './turn-meter.ts';

const nsPerMs = 1e6;
const usPerMs = 1000;
const lineBytes = 128;

export type ReadTimes = () => ThreadReading;

/** To be called in the main thread, whose id in Linux is that of the process. */
export function threadTimes(
  openSchedstat: () => number = () =>
    openSync(`/proc/self/task/${String(process.pid)}/schedstat`, 'r'),
): ReadTimes {
  const waiting = waitingTimes(openSchedstat);
  return () => ({
    atMs: performance.now(),
    processorMs: processorMs(),
    waitingMs: waiting(),
  });
}

/** NaN with a Node that does not tell it of one thread (before 23.9): that of the whole process would be of others, too. */
function processorMs(): number {
  // Absent in older releases, whatever the types of this one say.
  if (!('threadCpuUsage' in process)) return NaN;
  process.cpuUsage(); // Brings the metric of this thread up to date.
  const { user, system } = process.threadCpuUsage();
  return (user + system) / usPerMs;
}

/** NaN where there is no such file: not Linux. */
function waitingTimes(openSchedstat: () => number): () => number {
  let file: number;
  try {
    file = openSchedstat();
  } catch {
    return () => NaN;
  }
  const line = Buffer.alloc(lineBytes);
  return () => waitingMsOf(line.toString('latin1', 0, readSync(file, line, 0, lineBytes, 0)));
}

/** Of a line of `schedstat`: time on a processor, time ready to run without one (both in ns), turns on a processor. */
export function waitingMsOf(line: string): number {
  const waitedNs = Number(line.split(' ')[1]);
  return waitedNs / nsPerMs;
}
