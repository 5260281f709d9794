/**
 * A doubly linked list through its members: order of entering, removal in constant time, and no
 * memory besides the members themselves. A member is in at most one chain.
 */
export interface Link<T> {
  previous: T | undefined;
  next: T | undefined;
}

/** Of those who read only. */
export interface ReadableChain<T> extends Iterable<T> {
  readonly first: T | undefined;
  readonly last: T | undefined;
  readonly length: number;
}

export class Chain<T extends Link<T>> implements ReadableChain<T> {
  first: T | undefined = undefined;
  last: T | undefined = undefined;
  length = 0;

  append(member: T): void {
    member.previous = this.last;
    member.next = undefined;
    if (this.last === undefined) this.first = member;
    else this.last.next = member;
    this.last = member;
    this.length += 1;
  }

  /** Puts a member right behind `before`, or first when `before` is undefined. */
  insertAfter(before: T | undefined, member: T): void {
    const after = before === undefined ? this.first : before.next;
    member.previous = before;
    member.next = after;
    if (before === undefined) this.first = member;
    else before.next = member;
    if (after === undefined) this.last = member;
    else after.previous = member;
    this.length += 1;
  }

  remove(member: T): void {
    if (member.previous === undefined) this.first = member.next;
    else member.previous.next = member.next;
    if (member.next === undefined) this.last = member.previous;
    else member.next.previous = member.previous;
    member.previous = undefined;
    member.next = undefined;
    this.length -= 1;
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let member = this.first; member !== undefined; member = member.next) yield member;
  }
}
