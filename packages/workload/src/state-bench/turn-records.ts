/** What the turn recorders of the nodes write, and how it is read. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '../wait-until.ts';

export interface Turns {
  /** The longest turn of the event loop, by the clock. */
  readonly longestMs: number;
  /** The most of a processor's time that a turn used. Less than `longestMs`: the system ran something else meanwhile. */
  readonly processorMs: number;
  /** The longest pause of the garbage collector. */
  readonly collectorMs: number;
}

export interface TurnRecord extends Turns {
  /** Wall clock at the end of the interval. */
  readonly atMs: number;
}

/** A node whose event loop is blocked for longer than this is stopped. */
const blockedMs = 60_000;

export const turnRecordLine = (record: TurnRecord): string =>
  `${String(record.atMs)} ${record.longestMs.toFixed(2)} ${record.processorMs.toFixed(2)} ${record.collectorMs.toFixed(2)}\n`;

/** Lines that were not written to their end are left out. */
export function parseTurnRecords(text: string): readonly TurnRecord[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [atMs = NaN, longestMs = NaN, processorMs = NaN, collectorMs = NaN] = line
        .split(' ')
        .map(Number);
      return { atMs, longestMs, processorMs, collectorMs };
    });
}

/** A turn that began in the window and ended after it counts: it is in the first record behind the window. */
export function longestTurns(
  records: readonly TurnRecord[],
  fromMs: number,
  untilMs: number,
): Turns {
  let longest: Turns = { longestMs: 0, processorMs: 0, collectorMs: 0 };
  for (const record of records) {
    if (record.atMs <= fromMs) continue;
    longest = {
      longestMs: Math.max(longest.longestMs, record.longestMs),
      processorMs: Math.max(longest.processorMs, record.processorMs),
      collectorMs: Math.max(longest.collectorMs, record.collectorMs),
    };
    if (record.atMs > untilMs) break;
  }
  return longest;
}

/**
 * The longest turns of one process in a window of the wall clock; waits until the process has written a record
 * behind the window.
 *
 * @throws Error when the process writes nothing for a minute.
 */
export async function readLongestTurns(
  folder: string,
  pid: number,
  fromMs: number,
  untilMs: number,
): Promise<Turns> {
  return waitUntil(
    `process ${String(pid)} records a turn of its event loop`,
    blockedMs,
    async () => {
      const records = parseTurnRecords(
        await readFile(join(folder, `${String(pid)}.turns`), 'utf8'),
      );
      const last = records.at(-1);
      return last !== undefined && last.atMs > untilMs
        ? longestTurns(records, fromMs, untilMs)
        : undefined;
    },
  );
}
