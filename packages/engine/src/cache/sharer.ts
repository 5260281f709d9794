/** One of whom the directory knows that it may have lines, and for how long it is waited for (SHARER-3, SHARER-7). */
import { clientLeaseMs, grantorLeaseMs } from '@holdfast/protocol/cache';
import type { Invalidation } from '@holdfast/protocol/cache';

/** SHARER-3. */
export const longestOwedMs = 500;
/** SHARER-7: a client is granted no more time after `longestOwedMs`; then its lease runs out. */
export const longestHeardMs: number = longestOwedMs + grantorLeaseMs(clientLeaseMs) + 300;
/** SHARER-8. */
export const keysPerMessage = 1000;
/** SHARER-8. As JSON, where a byte takes six at most, they are far below a frame. */
export const bytesPerMessage: number = 512 * 1024;

/** The lines of one memory since it last had none. */
export interface Sharer {
  readonly node: string;
  readonly memoryId: string;
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
export const newSharer = (node: string, memoryId: string, expiresMs: number): Sharer => ({
  node,
  memoryId,
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

/** SHARER-8: what it is told next. */
export function takeMessage({
  unsent,
  unsentShared,
}: Sharer): Pick<Invalidation, 'seq' | 'keys' | 'shared'> {
  const room = { keys: keysPerMessage, bytes: bytesPerMessage };
  const keys = takeKeys(unsent.keys(), room);
  let seq = 0;
  for (const key of keys) {
    seq = Math.max(seq, unsent.get(key) ?? 0);
    unsent.delete(key);
  }
  const shared = takeKeys(unsentShared, room);
  for (const key of shared) unsentShared.delete(key);
  return { seq, keys, shared };
}

/** As many as there is room for, which becomes less. The length of a key is bounded: at least one fits. */
function takeKeys(from: Iterable<string>, room: { keys: number; bytes: number }): string[] {
  const taken: string[] = [];
  for (const key of from) {
    room.bytes -= Buffer.byteLength(key);
    if (room.keys <= 0 || room.bytes < 0) break;
    room.keys -= 1;
    taken.push(key);
  }
  return taken;
}

function firstOf(times: ReadonlyMap<string, number>): number {
  for (const sinceMs of times.values()) return sinceMs;
  return Number.POSITIVE_INFINITY;
}
