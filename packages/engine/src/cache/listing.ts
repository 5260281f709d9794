/** What the cache of a node has at this moment, for people who look. */
import type { LineState } from '@holdfast/protocol/cache';
import type { Sharer } from './sharer.ts';

/** Most that are looked at in one turn. */
const mostLines = 2000;
const mostPending = 500;

export interface ListedLine {
  readonly key: string;
  /** 0: it has no value. */
  readonly version: number;
  readonly state: LineState;
}

/** A key that somebody was told to drop and has not yet. */
export interface PendingInvalidation {
  readonly key: string;
  /** The node, or the client of this node. */
  readonly sharer: string;
  readonly of: 'node' | 'client';
  readonly waitedMs: number;
}

export interface CacheListing {
  /** From the place that was asked for; the latest read first. */
  readonly lines: readonly ListedLine[];
  /** There are more behind them. */
  readonly isCut: boolean;
  /** The first `mostPending`. */
  readonly pending: readonly PendingInvalidation[];
}

type Lines = Iterable<
  readonly [
    key: string,
    line: {
      readonly state: LineState;
      readonly value: { readonly view: { readonly version: number } | undefined };
    },
  ]
>;

export function listLines(lines: Lines, from: number): Omit<CacheListing, 'pending'> {
  const listed: ListedLine[] = [];
  let place = 0;
  for (const [key, { state, value }] of lines) {
    if (listed.length >= mostLines) return { lines: listed, isCut: true };
    if (place >= from) listed.push({ key, state, version: value.view?.version ?? 0 });
    place += 1;
  }
  return { lines: listed, isCut: false };
}

export function listPending(
  sharers: Iterable<Sharer>,
  of: PendingInvalidation['of'],
  nowMs: number,
): PendingInvalidation[] {
  const pending: PendingInvalidation[] = [];
  for (const { node: sharer, owed, heard } of sharers)
    for (const keys of [heard, owed])
      for (const [key, sinceMs] of keys) {
        if (pending.length >= mostPending) return pending;
        pending.push({ key, sharer, of, waitedMs: nowMs - sinceMs });
      }
  return pending;
}
