/**
 * Loaded into each node process before its own code (`NODE_OPTIONS=--import`): writes a line of `turn-records.ts` to a
 * file each tenth of a second. It is outside the node's code so that any build can be measured with the same instrument.
 */
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import { turnRecordLine } from './turn-records.ts';

/** A timer that is due so often is late by what the turn before it took. */
const resolutionMs = 2;
const everyMs = 100;

const folder = process.env['TURN_RECORDS'];
if (isMainThread && folder !== undefined) record(folder);

function record(into: string): void {
  const file = openSync(join(into, `${String(process.pid)}.turns`), 'a');
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  const processor = longestProcessorTime();
  const collector = longestCollection();
  setInterval(() => {
    const longestMs = delays.max / 1e6;
    delays.reset();
    // The system adds up what a thread has used only now and then, so that one look may be told that of several turns.
    const processorMs = Math.min(processor.take(), longestMs);
    const record = { longestMs, processorMs, collectorMs: collector.take() };
    writeSync(file, turnRecordLine({ atMs: Date.now(), ...record }));
  }, everyMs).unref();
}

interface Longest {
  /** In ms; the next one begins at nothing. */
  take(): number;
}

/** What the main thread used of a processor between two runs of a timer: not what others were given of it meanwhile. */
function longestProcessorTime(): Longest {
  const used = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let longestMs = 0;
  let lastMs = used();
  const look = (): void => {
    const nowMs = used();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
  };
  setInterval(look, resolutionMs).unref();
  return {
    take() {
      look();
      const told = longestMs;
      longestMs = 0;
      return told;
    },
  };
}

function longestCollection(): Longest {
  let longestMs = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestMs = Math.max(longestMs, duration);
  });
  observer.observe({ entryTypes: ['gc'] });
  return {
    take() {
      const told = longestMs;
      longestMs = 0;
      return told;
    },
  };
}
