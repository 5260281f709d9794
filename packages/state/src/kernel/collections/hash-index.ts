/**
 * Finds by a key which of many segments has it, and grows without a long pause: many small tables, and a directory that tells
 * by the hash of a key in which it is (extendible hashing). A Map of a million entries that doubles moves them all at once, for
 * 50 to 300 ms. The tables have hashes and numbers of segments alone, outside of the JavaScript heap: however many keys there are,
 * the garbage collector has nothing of it to walk through.
 *
 * INDEX-1: no table here has more than `maxLeafSize` entries, where hashes differ. One that would is divided in two by the next bit of the
 *     hashes: no operation moves more entries than one such table has. The directory has one reference for some hundred
 *     entries; it is copied when it doubles, up to `2 ** maxDepth` of them. Only keys whose hashes agree in so many bits stay
 *     together, however many they are.
 * INDEX-3: the directory doubles only where there are `entriesForReference` entries for each reference; else a table becomes larger. Somebody may
 *     choose keys whose hashes agree: those of one table would make a directory of the full length.
 * INDEX-2: an entry stands for all keys of one hash in one segment, and counts them: keys that were chosen so that their hashes are
 *     equal cost no more than to ask each segment that has some of them.
 */
import { mixed } from './hash.ts';

/** Three quarters of a table that is not at its full depth: the fuller it is, the longer it takes to find a free place. */
export const maxLeafSize = 384;
const placesInALeaf = 512;
/** As many leaves as the first entries, one segment of a map, half fill. */
const firstDepth = 3;
const maxDepth = 16;
/** Where hashes differ, a table is full when there are some hundred. */
const entriesForReference = 16;

/** What has keys, and the number by which the index knows it. */
interface Keyed<Key> {
  readonly map: ReadonlyMap<Key, unknown>;
  number: number;
}

/** The number of a segment is above the count of its keys that have one hash. */
const numberStep = 4096;

/** Open addressing: at each place a hash, then the number of a segment and how many keys; 0 where the place is free. */
class Leaf {
  /** So many bits of their hashes are equal in all its keys. */
  readonly depth: number;
  readonly #mask: number;
  readonly #shift: number;
  readonly #words: Uint32Array;
  #size = 0;

  constructor(depth: number, places: number) {
    this.depth = depth;
    this.#mask = places - 1;
    this.#shift = Math.clz32(this.#mask);
    this.#words = new Uint32Array(2 * places);
  }

  get places(): number {
    return this.#mask + 1;
  }

  get isFull(): boolean {
    return this.#size * placesInALeaf >= maxLeafSize * this.places;
  }

  hashAt(place: number): number {
    return this.#words[2 * place] ?? 0;
  }

  /** 0 where the place is free. */
  entryAt(place: number): number {
    return this.#words[2 * place + 1] ?? 0;
  }

  /** Where to look first: by those bits of a hash that the directory does not use. */
  firstPlace(hash: number): number {
    return hash >>> this.#shift;
  }

  nextPlace(place: number): number {
    return (place + 1) & this.#mask;
  }

  /** Where the entry of a hash and a segment is, or would be. */
  placeOf(hash: number, number: number): number {
    let place = this.firstPlace(hash);
    for (let entry = this.entryAt(place); entry !== 0; entry = this.entryAt(place)) {
      if (this.hashAt(place) === hash && Math.floor(entry / numberStep) === number) break;
      place = this.nextPlace(place);
    }
    return place;
  }

  put(place: number, hash: number, entry: number): void {
    if (this.entryAt(place) === 0) this.#size += 1;
    this.#words[2 * place] = hash;
    this.#words[2 * place + 1] = entry;
  }

  /** Those behind that would not be found across a free place take it, and so on. */
  free(freed: number): void {
    let hole = freed;
    let place = this.nextPlace(hole);
    for (let entry = this.entryAt(place); entry !== 0; entry = this.entryAt(place)) {
      const hash = this.hashAt(place);
      const distance = (place - this.firstPlace(hash)) & this.#mask;
      if (distance >= ((place - hole) & this.#mask)) {
        this.put(hole, hash, entry);
        hole = place;
      }
      place = this.nextPlace(place);
    }
    this.#words[2 * hole + 1] = 0;
    this.#size -= 1;
  }

  /** All its entries go into others. */
  moveTo(targetOf: (hash: number) => Leaf): void {
    for (let place = 0; place < this.places; place++) {
      const entry = this.entryAt(place);
      if (entry === 0) continue;
      const hash = this.hashAt(place);
      const target = targetOf(hash);
      target.put(target.placeOf(hash, Math.floor(entry / numberStep)), hash, entry);
    }
  }
}

export class HashIndex<Key, Segment extends Keyed<Key>> {
  readonly #hashOf: (key: Key) => number;
  /** By the lower bits of a hash: a power of 2. */
  #directory: Leaf[] = Array.from(
    { length: 2 ** firstDepth },
    () => new Leaf(firstDepth, placesInALeaf),
  );
  /** By their numbers. */
  readonly #segments: (Segment | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  #entries = 0;

  constructor(hashOf: (key: Key) => number) {
    this.#hashOf = hashOf;
  }

  /** Before any of its keys is added. */
  addSegment(segment: Segment): void {
    segment.number = this.#freeNumbers.pop() ?? this.#segments.length;
    this.#segments[segment.number] = segment;
  }

  /** After the last of its keys was deleted. */
  removeSegment(segment: Segment): void {
    this.#segments[segment.number] = undefined;
    this.#freeNumbers.push(segment.number);
  }

  /** The segment that has the key, of those keys that were added. */
  get(key: Key): Segment | undefined {
    const hash = mixed(this.#hashOf(key));
    const leaf = this.#leafOf(hash);
    if (leaf === undefined) return undefined;
    let place = leaf.firstPlace(hash);
    for (let entry = leaf.entryAt(place); entry !== 0; entry = leaf.entryAt(place)) {
      if (leaf.hashAt(place) === hash) {
        const segment = this.#segments[Math.floor(entry / numberStep)];
        if (segment?.map.has(key) === true) return segment; // INDEX-2
      }
      place = leaf.nextPlace(place);
    }
    return undefined;
  }

  /** A key that was not added yet, of a segment that was. */
  add(key: Key, { number }: Segment): void {
    const hash = mixed(this.#hashOf(key));
    let leaf = this.#leafOf(hash);
    if (leaf === undefined) return;
    let place = leaf.placeOf(hash, number);
    while (leaf.entryAt(place) === 0 && leaf.isFull) {
      leaf = leaf.depth < this.#deepest ? this.#divide(leaf, hash) : this.#enlarge(leaf, hash); // INDEX-1
      place = leaf.placeOf(hash, number);
    }
    const entry = leaf.entryAt(place);
    if (entry === 0) this.#entries += 1;
    leaf.put(place, hash, entry === 0 ? number * numberStep + 1 : entry + 1); // INDEX-2
  }

  /** A key that was added with this segment. */
  delete(key: Key, { number }: Segment): void {
    const hash = mixed(this.#hashOf(key));
    const leaf = this.#leafOf(hash);
    if (leaf === undefined) return;
    const place = leaf.placeOf(hash, number);
    const entry = leaf.entryAt(place);
    if (entry === 0) return;
    if (entry % numberStep > 1) {
      leaf.put(place, hash, entry - 1);
      return;
    }
    leaf.free(place);
    this.#entries -= 1;
  }

  #leafOf(hash: number): Leaf | undefined {
    return this.#directory[hash & (this.#directory.length - 1)];
  }

  /** Where leaves may go down to now (INDEX-3). */
  get #deepest(): number {
    const { length } = this.#directory;
    const depth = 31 - Math.clz32(length);
    return Math.min(maxDepth, length * entriesForReference <= this.#entries ? depth + 1 : depth);
  }

  /** @returns That of the two that has the hash. */
  #divide(leaf: Leaf, hash: number): Leaf {
    const bit = 2 ** leaf.depth;
    if (bit === this.#directory.length) this.#directory = this.#directory.concat(this.#directory);
    // All entries of one that was enlarged may go into the same.
    const without = new Leaf(leaf.depth + 1, leaf.places);
    const having = new Leaf(leaf.depth + 1, leaf.places);
    const targetOf = (one: number): Leaf => ((one & bit) === 0 ? without : having);
    leaf.moveTo(targetOf);
    this.#refer(leaf.depth, hash, targetOf);
    return targetOf(hash);
  }

  #enlarge(leaf: Leaf, hash: number): Leaf {
    const larger = new Leaf(leaf.depth, 2 * leaf.places);
    leaf.moveTo(() => larger);
    this.#refer(leaf.depth, hash, () => larger);
    return larger;
  }

  /** All references to the leaf of a hash become others. */
  #refer(depth: number, hash: number, targetOf: (at: number) => Leaf): void {
    const bit = 2 ** depth;
    for (let at = hash & (bit - 1); at < this.#directory.length; at += bit)
      this.#directory[at] = targetOf(at);
  }
}
