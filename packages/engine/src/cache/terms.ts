/**
 * Terms of the leases under which nodes answer reads of the cache from their memory.
 *
 * A lease is counted by its node from the moment before it was asked for, by a clock that goes on while the machine
 * sleeps; by the leader from the moment after it was granted, and for longer. So a lease that the leader has seen run out is
 * run out, as long as no clock runs more than a tenth faster than another.
 */

/** Of one node, for all its lines. A node that is dead delays a write by no more than `leaderLeaseMs`. */
export const cacheLeaseMs = 2000;
/** The same lease as its leader counts it. */
export const leaderLeaseMs: number = cacheLeaseMs * 1.1;

/** Before a value ends by itself at the leader's clock, its lines do by those of their nodes. */
export const certainMs = (msLeft: number, grainMs: number): number =>
  Math.max(0, msLeft / 1.1 - grainMs);

/** What of a line its node may do, and who has one beside it (docs/primitives/cache.md). */
export type LineState = 'modified' | 'exclusive' | 'shared' | 'invalid';

/** What a leader grants with an answer to a read. */
export interface Grant {
  /** Above every invalidation that this leader has sent before. */
  readonly seq: number;
  readonly leaseMs: number;
  /** Whether the node may keep the answer, and whether others have it as well. */
  readonly line: 'exclusive' | 'shared' | 'none';
}

/** Keys that a node has to drop, all in one. */
export interface Invalidation {
  /** Of the leadership that sends it. */
  readonly term: number;
  readonly epoch: string;
  /** Of the latest of its keys. */
  readonly seq: number;
  readonly keys: readonly string[];
  /** Others have lines of these now: only who shows states wants to know. */
  readonly shared: readonly string[];
}
