/**
 * Things in the order of their numbers, so that the oldest is known, a page costs what it shows, and a snapshot has
 * them as they were: a list of leaves, each a sorted list of bounded length.
 *
 * BYID-1: leaves are in order, none is empty, and none is longer than `maxLeafLength`: adding and removing moves
 *     the members of one leaf, and now and then the list of the leaves.
 * BYID-2: what was captured is as of the moment of the capture: a leaf that was captured is not changed, a copy of
 *     it takes its place. Capturing copies the list of the leaves alone.
 */
interface Leaf<T> {
  /** The number of captures when it was made: an older one may be captured. */
  readonly capture: number;
  readonly members: T[];
}

const maxLeafLength = 512;

/** Of those who read only. */
export interface ReadableByNumber<T> {
  readonly size: number;
  first(): T | undefined;
  last(): T | undefined;
  get(number: number): T | undefined;
  after(number: number): Iterable<T>;
  values(): Iterable<T>;
  capture(): CapturedByNumber<T>;
}

/** Members as of one moment (BYID-2), to be read at any time and as often as wanted. */
export class CapturedByNumber<T> implements Iterable<T> {
  #leaves: readonly Leaf<T>[];

  constructor(leaves: readonly Leaf<T>[]) {
    this.#leaves = leaves;
  }

  [Symbol.iterator](): Iterator<T, void, undefined> {
    return membersOf(this.#leaves);
  }

  /** They are not read any more. */
  release(): void {
    this.#leaves = [];
  }
}

export class OrderedByNumber<T> implements ReadableByNumber<T> {
  readonly #numberOf: (member: T) => number;
  #leaves: Leaf<T>[] = [];
  #captures = 0;
  #size = 0;

  /** @param numberOf It never changes in a member that is here, and no two have the same. */
  constructor(numberOf: (member: T) => number) {
    this.#numberOf = numberOf;
  }

  get size(): number {
    return this.#size;
  }

  first(): T | undefined {
    return this.#leaves[0]?.members[0];
  }

  last(): T | undefined {
    return this.#leaves.at(-1)?.members.at(-1);
  }

  get(number: number): T | undefined {
    const leaf = this.#leaves[this.#leafOf(number)];
    if (leaf === undefined) return undefined;
    const member = leaf.members[this.#placeOf(leaf.members, number)];
    return member !== undefined && this.#numberOf(member) === number ? member : undefined;
  }

  /** Its number is not there yet. */
  add(member: T): void {
    this.#size += 1;
    const number = this.#numberOf(member);
    const at = this.#leafOf(number);
    const leaf = this.#writable(at);
    if (leaf === undefined) {
      this.#leaves.push({ capture: this.#captures, members: [member] });
      return;
    }
    const place = this.#placeOf(leaf.members, number);
    if (leaf.members.length < maxLeafLength) {
      // As numbers mostly rise, and without a list of what it takes out.
      if (place === leaf.members.length) leaf.members.push(member);
      else leaf.members.splice(place, 0, member);
      return;
    }
    // Numbers mostly rise: full leaves are left behind.
    const isLast = at === this.#leaves.length - 1 && place === leaf.members.length;
    const rest = isLast ? [] : leaf.members.splice(maxLeafLength / 2);
    const next = { capture: this.#captures, members: rest };
    this.#leaves.splice(at + 1, 0, next); // BYID-1
    const target = isLast || place > leaf.members.length ? rest : leaf.members;
    target.splice(this.#placeOf(target, number), 0, member);
  }

  /** Of one that is not there, nothing. */
  remove(number: number): void {
    const at = this.#leafOf(number);
    const found = this.#leaves[at];
    if (found === undefined) return;
    const place = this.#placeOf(found.members, number);
    const member = found.members[place];
    if (member === undefined || this.#numberOf(member) !== number) return;
    this.#size -= 1;
    const leaf = this.#writable(at);
    if (place === found.members.length - 1) leaf?.members.pop();
    else leaf?.members.splice(place, 1);
    if (leaf?.members.length !== 0) return;
    // BYID-1
    if (at === this.#leaves.length - 1) this.#leaves.pop();
    else this.#leaves.splice(at, 1);
  }

  /** Those whose numbers are above, in order. Nothing may be added or removed meanwhile. */
  *after(number: number): Generator<T, void, undefined> {
    let at = this.#leafOf(number);
    let leaf = this.#leaves[at];
    let place = leaf === undefined ? 0 : this.#placeOf(leaf.members, number + 1);
    for (; leaf !== undefined; leaf = this.#leaves[(at += 1)], place = 0)
      for (; place < leaf.members.length; place++) {
        const member = leaf.members[place];
        if (member !== undefined) yield member;
      }
  }

  /** BYID-2. */
  capture(): CapturedByNumber<T> {
    this.#captures += 1;
    return new CapturedByNumber<T>(this.#leaves.slice());
  }

  /** In order, as they stand. */
  values(): Iterable<T> {
    return membersOf(this.#leaves);
  }

  #writable(at: number): Leaf<T> | undefined {
    const leaf = this.#leaves[at];
    if (leaf === undefined || leaf.capture === this.#captures) return leaf;
    const copy = { capture: this.#captures, members: leaf.members.slice() };
    this.#leaves[at] = copy; // BYID-2
    return copy;
  }

  /** The last leaf that begins with this number or before it; the first one where none does. */
  #leafOf(number: number): number {
    let low = 0;
    let high = this.#leaves.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const begin = this.#leaves[middle]?.members[0];
      if (begin !== undefined && this.#numberOf(begin) <= number) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Where a number stands in a sorted list, or would stand. */
  #placeOf(sorted: readonly T[], number: number): number {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = sorted[middle];
      if (other !== undefined && this.#numberOf(other) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function* membersOf<T>(leaves: readonly Leaf<T>[]): Generator<T, void, undefined> {
  for (const { members } of leaves) yield* members;
}
