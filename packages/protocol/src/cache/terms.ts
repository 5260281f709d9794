/**
 * Terms of the leases under which copies of the cache are answered from memory.
 *
 * A lease is counted by who has the copies from the moment before it was asked for, by a clock that goes on while the machine
 * sleeps; by who grants it from the moment after it was granted, and for longer. So a lease that has run out for who
 * granted it has run out, as long as no clock runs more than a tenth faster than another.
 */

/** Of one memory, for all its lines. A node that is dead delays a write by no more than `grantorLeaseMs` of it. */
export const cacheLeaseMs = 2000;
/** Of a client, for all its lines: one that is silent delays writes of what it has by no more than `grantorLeaseMs` of it. */
export const clientLeaseMs = 800;
/** How much faster one clock may run than another. */
const fastest = 1.1;
/** The same lease as who grants it counts it. */
export const grantorLeaseMs = (leaseMs: number): number => leaseMs * fastest;

/** Before a time ends by the clock here, so much of it is over by any other. */
export const certainMs = (msLeft: number, grainMs: number): number =>
  Math.max(0, msLeft / fastest - grainMs);

/** Who loads the value of a key asks for more time before that is over: one that has died loses its turn. */
export const turnMs = 2000;

/** What of a line its owner may do, and who has one beside it (docs/primitives/cache.md). */
export type LineState = 'modified' | 'exclusive' | 'shared' | 'invalid';

/** What is granted with an answer to a read. */
export interface LineGrant {
  /** Above every invalidation that was sent before. */
  readonly seq: number;
  readonly leaseMs: number;
  /** Whether the answer may be kept, and whether others have it as well. */
  readonly line: 'exclusive' | 'shared' | 'none';
}

/** Keys that a memory has to drop, all in one. */
export interface Invalidation {
  /** Of the leadership that sends it; of a node to its clients: of its own lines. */
  readonly term: number;
  readonly memoryId: string;
  /** Of the latest of its keys. */
  readonly seq: number;
  readonly keys: readonly string[];
  /** Others have lines of these now: only who shows states wants to know. */
  readonly shared: readonly string[];
}
