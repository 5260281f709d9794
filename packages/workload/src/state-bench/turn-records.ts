/** Reads what the turn recorders of the nodes wrote. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '../wait-until.ts';

export interface TurnRecord {
  /** Wall clock at the end of the interval. */
  readonly atMs: number;
  readonly longestMs: number;
}

/** A node whose event loop stands still for longer than this is given up. */
const standStillMs = 60_000;

/** Lines that were not written to their end are left out. */
export function parseTurnRecords(text: string): readonly TurnRecord[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [atMs = NaN, longestMs = NaN] = line.split(' ').map(Number);
      return { atMs, longestMs };
    });
}

/** A turn that began in the window and ended after it counts: it is in the first record behind the window. */
export function longestTurnMs(
  records: readonly TurnRecord[],
  fromMs: number,
  untilMs: number,
): number {
  let longest = 0;
  for (const { atMs, longestMs } of records) {
    if (atMs <= fromMs) continue;
    longest = Math.max(longest, longestMs);
    if (atMs > untilMs) break;
  }
  return longest;
}

/**
 * The longest turn of one process in a window of the wall clock; waits until the process has written a record
 * behind the window.
 *
 * @throws Error when the process writes nothing for a minute.
 */
export async function readLongestTurnMs(
  folder: string,
  pid: number,
  fromMs: number,
  untilMs: number,
): Promise<number> {
  return waitUntil(
    `process ${String(pid)} records a turn of its event loop`,
    standStillMs,
    async () => {
      const records = parseTurnRecords(
        await readFile(join(folder, `${String(pid)}.turns`), 'utf8'),
      );
      const last = records.at(-1);
      return last !== undefined && last.atMs > untilMs
        ? longestTurnMs(records, fromMs, untilMs)
        : undefined;
    },
  );
}
