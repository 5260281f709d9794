/**
 * The holds of one session in the order of their first tokens, or its waits in the order of their sequence
 * numbers, so that a page of them costs what is on the page. It is made when a page is first asked for: few
 * sessions ever are.
 *
 * HO1: a member has its place from its beginning to its end, and new ones come behind all others: a reader
 *      that goes on after the last number it has seen misses nothing that stands throughout.
 */
const fewestGaps = 64;

export class RisingOrder<Member> {
  readonly #numberOf: (member: Member) => number;
  #numbers: number[];
  /** Undefined where a member has ended. */
  #members: (Member | undefined)[];
  #gaps = 0;

  constructor(numberOf: (member: Member) => number, kinds: readonly Iterable<Member>[]) {
    this.#numberOf = numberOf;
    const members: Member[] = [];
    let isOrdered = true;
    let last = 0;
    for (const kind of kinds) {
      for (const member of kind) {
        const number = numberOf(member);
        members.push(member);
        if (number < last) isOrdered = false;
        last = number;
      }
    }
    // The locks of a session are in order already, unless one was raised.
    if (!isOrdered) members.sort((a, b) => numberOf(a) - numberOf(b));
    this.#members = members;
    this.#numbers = members.map(numberOf);
  }

  /** Its number is above all that are here. */
  add(member: Member): void {
    this.#numbers.push(this.#numberOf(member));
    this.#members.push(member);
  }

  remove(member: Member): void {
    const index = this.#indexAfter(this.#numberOf(member) - 1);
    if (this.#members[index] !== member) return;
    this.#members[index] = undefined;
    this.#gaps += 1;
    if (this.#gaps >= fewestGaps && this.#gaps * 2 > this.#members.length) this.#close();
  }

  /** Those whose numbers are above `number`. */
  *after(number: number): Generator<Member, void, undefined> {
    for (let index = this.#indexAfter(number); index < this.#members.length; index++) {
      const member = this.#members[index];
      if (member !== undefined) yield member;
    }
  }

  #indexAfter(number: number): number {
    let low = 0;
    let high = this.#numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#numbers[middle] ?? 0) <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #close(): void {
    const members: Member[] = [];
    for (const member of this.#members) if (member !== undefined) members.push(member);
    this.#members = members;
    this.#numbers = members.map(this.#numberOf);
    this.#gaps = 0;
  }
}
