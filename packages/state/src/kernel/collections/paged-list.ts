/**
 * A list that grows and shrinks at its end without a long pause.
 *
 * PAGES-1: members stand in pages of bounded length and are never moved; an array of a million members that grows is
 *     copied as a whole.
 */
const pageBits = 9;
const pageLength = 2 ** pageBits;

export class PagedList<T> {
  /** The only page of most lists. */
  #head: T[] | undefined = undefined;
  /** The further ones. */
  #rest: T[][] | undefined = undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get(index: number): T | undefined {
    return this.#page(index >>> pageBits)?.[index % pageLength];
  }

  /** Of an index that is there. */
  set(index: number, member: T): void {
    const page = this.#page(index >>> pageBits);
    if (page !== undefined) page[index % pageLength] = member;
  }

  push(member: T): void {
    const page = this.#page(this.#length >>> pageBits);
    if (page !== undefined) page.push(member);
    else if (this.#head === undefined) this.#head = [member];
    else (this.#rest ??= []).push([member]); // PAGES-1
    this.#length += 1;
  }

  pop(): T | undefined {
    if (this.#length === 0) return undefined;
    this.#length -= 1;
    const page = this.#page(this.#length >>> pageBits);
    const member = page?.pop();
    if (page?.length === 0) {
      if (page === this.#head) this.#head = undefined;
      else this.#rest?.pop();
    }
    return member;
  }

  clear(): void {
    this.#head = undefined;
    this.#rest = undefined;
    this.#length = 0;
  }

  #page(number: number): T[] | undefined {
    return number === 0 ? this.#head : this.#rest?.[number - 1];
  }
}
