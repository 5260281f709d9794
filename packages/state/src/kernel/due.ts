/**
 * What becomes due by the passing of cluster time alone, earliest first.
 *
 * Two things of the same time are ordered by rank and then by the order in which they came to be:
 * a total order, so that every node acts on them in the same order, whatever its heap looks like
 * inside.
 *
 * Members know their place in the heap: a wait that ends early leaves at once instead of staying
 * until its time, and the heap is never larger than what is really waiting.
 */
import { Heap } from './collections/heap.ts';
import type { HeapMember } from './collections/heap.ts';

export interface DueItem extends HeapMember {
  /** Cluster time in ms. */
  readonly dueMs: number;
  /** At the same time, lower ranks first. */
  readonly rank: number;
  /** Unique among all items. */
  readonly sequence: number;
}

export class DueHeap<T extends DueItem> extends Heap<T> {
  constructor() {
    super(isDueBefore);
  }
}

function isDueBefore(a: DueItem, b: DueItem): boolean {
  if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs;
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.sequence < b.sequence;
}
