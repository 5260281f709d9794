/** What the cache of a node has at this moment, for people who look: pages in the order of keys. */
import type { LineState } from '@holdfast/protocol/cache';
import type { Sharer } from './sharer.ts';

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

export interface AskedLines {
  readonly prefix: string;
  readonly after?: string;
  readonly limit: number;
}

export interface LinesPage {
  readonly rows: readonly ListedLine[];
  /** Null: there are no more of them. */
  readonly nextAfter: string | null;
}

export interface CacheListing {
  /** As of when it is called. */
  readonly linesOf: (asked: AskedLines) => LinesPage;
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

/** @param from The lines from this key on, in the order of keys. */
export function listLines(
  from: (first: string) => Lines,
  { prefix, after = '', limit }: AskedLines,
): LinesPage {
  const rows: ListedLine[] = [];
  for (const [key, { state, value }] of from(after > prefix ? after : prefix)) {
    if (key === after) continue;
    if (!key.startsWith(prefix)) break;
    if (rows.length >= limit) return { rows, nextAfter: rows.at(-1)?.key ?? null };
    rows.push({ key, state, version: value.view?.version ?? 0 });
  }
  return { rows, nextAfter: null };
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
