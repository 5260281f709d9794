/**
 * A list of what is under way, in the order in which it began. Each entry carries its own neighbours, so that
 * beginning and ending cost no memory of their own: a Set whose entries come and go makes a new table every few
 * of them.
 */
export interface Linked<T> {
  before: T | undefined;
  after: T | undefined;
}

export class Links<T extends Linked<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#first;
  }

  /** @param entry In no list. */
  add(entry: T): void {
    entry.before = this.#last;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.after = entry;
    this.#last = entry;
    this.#size += 1;
  }

  /** @param entry In this list. */
  remove(entry: T): void {
    const { before, after } = entry;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    entry.before = undefined;
    entry.after = undefined;
    this.#size -= 1;
  }
}
