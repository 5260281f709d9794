/** What the turn recorders of the nodes write, and how it is read. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '../wait-until.ts';
import type { TurnParts } from './turn-meter.ts';

export interface LongestTurns {
  /** The longest turn of the event loop by the clock, and its parts. */
  readonly longest: TurnParts;
  /** The most that a turn had of a processor outside the collector. */
  readonly mostOwnMs: number;
  /** The longest pause of the collector. */
  readonly mostCollectorMs: number;
}

export interface TurnRecord extends LongestTurns {
  /** Wall clock at the end of the interval. */
  readonly atMs: number;
}

/** A node whose event loop is blocked for longer than this is stopped. */
const blockedMs = 60_000;

const noTurn: TurnParts = { wallMs: 0, ownMs: 0, collectorMs: 0, waitingMs: 0, restMs: 0 };

export function turnRecordLine({ atMs, longest, mostOwnMs, mostCollectorMs }: TurnRecord): string {
  const { wallMs, ownMs, collectorMs, waitingMs, restMs } = longest;
  const times = [wallMs, ownMs, collectorMs, waitingMs, restMs, mostOwnMs, mostCollectorMs];
  return `${atMs.toFixed(0)} ${times.map((time) => time.toFixed(2)).join(' ')}\n`;
}

/** Lines that were not written to their end are left out. */
export function parseTurnRecords(text: string): readonly TurnRecord[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map(parseRecord);
}

function parseRecord(line: string): TurnRecord {
  const [atMs = NaN, wallMs = NaN, ownMs = NaN, ...rest] = line.split(' ').map(Number);
  const [collectorMs = NaN, waitingMs = NaN, restMs = NaN, mostOwnMs = NaN] = rest;
  const mostCollectorMs = rest[4] ?? NaN;
  const longest = { wallMs, ownMs, collectorMs, waitingMs, restMs };
  return { atMs, longest, mostOwnMs, mostCollectorMs };
}

/** A turn that began in the window and ended after it counts: it is in the first record behind the window. */
export function longestTurns(
  records: readonly TurnRecord[],
  fromMs: number,
  untilMs: number,
): LongestTurns {
  let turns: LongestTurns = { longest: noTurn, mostOwnMs: 0, mostCollectorMs: 0 };
  for (const record of records) {
    if (record.atMs <= fromMs) continue;
    turns = {
      longest: record.longest.wallMs > turns.longest.wallMs ? record.longest : turns.longest,
      mostOwnMs: Math.max(turns.mostOwnMs, record.mostOwnMs),
      mostCollectorMs: Math.max(turns.mostCollectorMs, record.mostCollectorMs),
    };
    if (record.atMs > untilMs) break;
  }
  return turns;
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
): Promise<LongestTurns> {
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
