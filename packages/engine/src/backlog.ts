/**
 * What waits in a queue: taken from the front in bounded portions, and put back there when its time has not
 * come. To take a portion costs no more than the portion, however long the queue is.
 */
export class Backlog<T extends { readonly byteLength: number }> {
  /** Those before `#head` were taken. */
  #items: (T | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  get count(): number {
    return this.#items.length - this.#head;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#bytes += item.byteLength;
  }

  /** At most so many, of at most so many bytes and so much work, but at least one if there is one. */
  take(
    maxCount: number,
    maxBytes: number,
    maxWork: number = Infinity,
    workOf: (item: T) => number = () => 0,
  ): T[] {
    const taken: T[] = [];
    let bytes = 0;
    let work = 0;
    for (let at = this.#head; at < this.#items.length && taken.length < maxCount; at++) {
      const item = this.#items[at];
      if (item === undefined || (taken.length > 0 && bytes + item.byteLength > maxBytes)) break;
      work += workOf(item);
      if (taken.length > 0 && work > maxWork) break;
      bytes += item.byteLength;
      taken.push(item);
      this.#items[at] = undefined;
    }
    this.#head += taken.length;
    this.#bytes -= bytes;
    // Half of the array is empty: the cost of the copy is shared by as many as were taken.
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  /** In front of all others, in their order. */
  putBack(items: readonly T[]): void {
    for (const item of items) this.#bytes += item.byteLength;
    if (this.#head < items.length) {
      this.#items = items.concat(this.#items.slice(this.#head) as T[]);
      this.#head = 0;
      return;
    }
    this.#head -= items.length;
    let at = this.#head;
    for (const item of items) this.#items[at++] = item;
  }

  takeAll(): T[] {
    return this.take(Infinity, Infinity);
  }
}
