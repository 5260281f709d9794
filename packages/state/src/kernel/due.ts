/**
 * What becomes due by the passing of cluster time alone, earliest first.
 *
 * Two things of the same time are ordered by rank and then by the order in which they came to be:
 * a total order, so that every node acts on them in the same order, whatever its heap looks like
 * inside (one that was restored is laid out differently from one that grew).
 *
 * Members know their place in the heap: a wait that ends early leaves at once instead of staying
 * until its time, and the heap is never larger than what is really waiting.
 */
import { invariant } from './invariant.ts';

export interface DueItem {
  /** Cluster time in ms. */
  readonly dueMs: number;
  /** At the same time, lower ranks first. */
  readonly rank: number;
  /** Unique among all items. */
  readonly sequence: number;
  /** Place in the heap, -1 outside. */
  heapIndex: number;
}

export class DueHeap<T extends DueItem> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    invariant(item.heapIndex === -1, 'A due item is in the heap once.', item.sequence);
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  remove(item: T): void {
    const index = item.heapIndex;
    invariant(this.#items[index] === item, 'A due item knows its place.', index, item.sequence);
    item.heapIndex = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#sink(last, index);
    if (last.heapIndex === index) this.#rise(last, index);
  }

  #rise(item: T, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex];
      if (parent === undefined || !isBefore(item, parent)) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(item, index);
  }

  #sink(item: T, from: number): void {
    let index = from;
    for (;;) {
      let childIndex = index * 2 + 1;
      let child = this.#items[childIndex];
      if (child === undefined) break;
      const other = this.#items[childIndex + 1];
      if (other !== undefined && isBefore(other, child)) {
        child = other;
        childIndex += 1;
      }
      if (!isBefore(child, item)) break;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(item, index);
  }

  #place(item: T, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}

function isBefore(a: DueItem, b: DueItem): boolean {
  if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs;
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.sequence < b.sequence;
}
