/** What a read of the cache tells, and the cache of a node in numbers. */
import type { CacheView } from '@holdfast/state';
import type { LineState } from './terms.ts';

export interface CacheRead {
  /** Undefined: the key has no value. */
  readonly view: CacheView | undefined;
  /** Log index of the state that was read. */
  readonly revision: number;
  /** Answered from the memory of this node. */
  readonly hit: boolean;
  /** Of the line of this node after the read. */
  readonly state: LineState;
}

export interface CacheStatistics {
  readonly hits: number;
  readonly misses: number;
  readonly lines: number;
  readonly lineBytes: number;
  readonly invalidations: number;
  readonly drops: number;
  /** On the leader: who may have lines, and keys of which. */
  readonly sharers: number;
  readonly sharedKeys: number;
  /** Writes that waited for lines to be dropped, and how long they did in all. */
  readonly writesDelayed: number;
  readonly delayMs: number;
}

/** Of a node that has no cache. */
export const noCacheStatistics: CacheStatistics = {
  hits: 0,
  misses: 0,
  lines: 0,
  lineBytes: 0,
  invalidations: 0,
  drops: 0,
  sharers: 0,
  sharedKeys: 0,
  writesDelayed: 0,
  delayMs: 0,
};
