/** One of whom the directory knows that it may have lines, and for how long it is waited for (SHARER-3, SHARER-7). */
import { clientLeaseMs, grantorLeaseMs } from '@holdfast/protocol/cache';

/** SHARER-3. */
export const longestOwedMs = 500;
/** SHARER-7: a client is granted no more time after `longestOwedMs`; then its lease runs out. */
export const longestHeardMs: number = longestOwedMs + grantorLeaseMs(clientLeaseMs) + 300;

/** The lines of one memory since it last had none. */
export interface Sharer {
  readonly node: string;
  readonly epoch: string;
  /** By the clock of who grants. */
  expiresMs: number;
  isOver: boolean;
  /** Keys that it was to drop and has not acknowledged yet, each with when that was; the oldest first. */
  readonly owed: Map<string, number>;
  /** Of those it has heard, each with when it was to drop it; the first heard of first. */
  readonly heard: Map<string, number>;
  /** SHARER-6: that it may have, the oldest first. */
  readonly keys: Set<string>;
  /** To be told that they are invalid, each with its number. */
  readonly unsent: Map<string, number>;
  readonly unsentShared: Set<string>;
}

/** @param expiresMs When its lease runs out. */
export const newSharer = (node: string, epoch: string, expiresMs: number): Sharer => ({
  node,
  epoch,
  expiresMs,
  isOver: false,
  owed: new Map(),
  heard: new Map(),
  keys: new Set(),
  unsent: new Map(),
  unsentShared: new Set(),
});

/** SHARER-3, SHARER-7. */
export function owesForLong({ owed, heard }: Sharer, nowMs: number): boolean {
  return nowMs - firstOf(owed) > longestOwedMs || nowMs - firstOf(heard) > longestHeardMs;
}

function firstOf(times: ReadonlyMap<string, number>): number {
  for (const sinceMs of times.values()) return sinceMs;
  return Number.POSITIVE_INFINITY;
}
