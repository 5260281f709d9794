/**
 * What a process tells of itself and of those that ran on the same folder before. Each start of a node has a
 * random id beside the count of its log's starts, recorded in the folder before it takes part in anything.
 */
import { isCount } from './fields.ts';

/** One process on a folder. */
export interface Run {
  /** How often the log was opened then, this time included. */
  readonly starts: number;
  /** 16 hexadecimal digits. */
  readonly run: string;
}

/** What a folder remembers, and a hello tells: the process itself last. */
export const maxRuns = 32;

/** A member starts less often while a peer hears nothing of it. A count without a bound would keep it out for good. */
export const maxStartsAhead = 1_000_000;

/** From outside; undefined for what is no list of runs, in rising order. */
export function readRuns(value: unknown): readonly Run[] | undefined {
  if (!Array.isArray(value) || value.length > maxRuns) return undefined;
  const runs = value.filter(isRun);
  if (runs.length < value.length) return undefined;
  return runs.every(({ starts }, at) => at === 0 || starts > (runs[at - 1]?.starts ?? 0))
    ? runs
    : undefined;
}

export function isRun(value: unknown): value is Run {
  if (typeof value !== 'object' || value === null) return false;
  const { starts, run } = value as Readonly<Record<string, unknown>>;
  return isCount(starts) && isRunName(run);
}

export function isRunName(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);
}
