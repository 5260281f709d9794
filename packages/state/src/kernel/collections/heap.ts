/**
 * A binary heap whose members know their place, so that one that leaves early, or whose rank changed, is found at
 * once. The order is total: what the heap looks like inside decides nothing, and one that was restored is laid out
 * differently from one that grew. It grows without a long pause (PAGES-1).
 */
import { invariant } from '../invariant.ts';
import { PagedList } from './paged-list.ts';

export interface HeapMember {
  /** Place in the heap, -1 outside. */
  heapIndex: number;
}

export class Heap<T extends HeapMember> {
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #members = new PagedList<T>();

  /** @param isBefore A total order. */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#members.length;
  }

  first(): T | undefined {
    return this.#members.get(0);
  }

  add(member: T): void {
    invariant(member.heapIndex === -1, 'A member is in the heap once.', member.heapIndex);
    this.#members.push(member);
    this.#rise(member, this.#members.length - 1);
  }

  has(member: T): boolean {
    return member.heapIndex !== -1 && this.#members.get(member.heapIndex) === member;
  }

  /** Of one that is in it. */
  remove(member: T): void {
    const index = member.heapIndex;
    invariant(this.has(member), 'A member knows its place in the heap.', index);
    member.heapIndex = -1;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    this.#sink(last, index);
    if (last.heapIndex === index) this.#rise(last, index);
  }

  #rise(member: T, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#members.get(parentIndex);
      if (parent === undefined || !this.#isBefore(member, parent)) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(member, index);
  }

  #sink(member: T, from: number): void {
    let index = from;
    for (;;) {
      let childIndex = index * 2 + 1;
      let child = this.#members.get(childIndex);
      if (child === undefined) break;
      const other = this.#members.get(childIndex + 1);
      if (other !== undefined && this.#isBefore(other, child)) {
        child = other;
        childIndex += 1;
      }
      if (!this.#isBefore(child, member)) break;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(member, index);
  }

  #place(member: T, index: number): void {
    this.#members.set(index, member);
    member.heapIndex = index;
  }
}
