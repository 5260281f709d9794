/** Processor time of other processes, as Linux tells it. */
import { readFileSync } from 'node:fs';

/** Clock ticks of `/proc`: a hundredth of a second on every Linux. */
const msPerTick = 10;
/** Fields of `/proc/PID/stat` behind the name. */
const userField = 11;
const systemField = 12;

/** User and system time of all its threads, also of those that have ended. Undefined: the system does not tell. */
export function processorMs(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name stands in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[userField]) + Number(fields[systemField]);
  return Number.isNaN(ticks) ? undefined : ticks * msPerTick;
}

/** What each of these processes used between two calls, in ms. Undefined where one is gone or the system does not tell. */
export function watchProcessors(pids: readonly number[]): () => readonly number[] | undefined {
  const before = pids.map(processorMs);
  return () => {
    const used = pids.map((pid, at) => (processorMs(pid) ?? NaN) - (before[at] ?? NaN));
    return used.some(Number.isNaN) ? undefined : used;
  };
}
