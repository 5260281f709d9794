/**
 * Finds values by their keys, in no order, and grows without a long pause: many small Maps, and a directory that tells by
 * the hash of a key in which it is (extendible hashing). A Map of a million entries that doubles moves them all at once,
 * for 50 to 300 ms.
 *
 * SPLIT-1: no Map here has more than `maxLeafSize` entries. One that would is divided in two by the next bit of the
 *     hashes: no operation moves more entries than one such Map has. The directory has one reference for some hundred
 *     entries; it is copied when it doubles, up to `2 ** maxDepth` of them. Only keys whose hashes agree in so many bits stay
 *     together, however many they are.
 * SPLIT-2: the directory doubles only where there are `entriesForReference` entries for each reference. Somebody may choose
 *     keys whose hashes agree: those of one Map would make a directory of the full length, and tables may have an index each.
 * SPLIT-3: a Map in which as much was deleted as it has entries, and `renewAfter` at least, is made anew: the old tables
 *     of a Map point to those that took their place (V8), so that all that came and went in it would stay until a full
 *     collection.
 */
import { mixed } from './hash.ts';

const maxLeafSize = 512;
const maxDepth = 16;
/** Where hashes differ, a Map is full when there are some hundred. */
const entriesForReference = 16;
const renewAfter = 256;

class LeafMap<Key, Value> {
  /** So many bits of their hashes are equal in all its keys. */
  readonly depth: number;
  map: Map<Key, Value> = new Map<Key, Value>();
  deletions = 0;

  constructor(depth: number) {
    this.depth = depth;
  }
}

export class SplitMap<Key, Value extends object | number> {
  readonly #hashOf: (key: Key) => number;
  /** By the lower bits of a hash: a power of 2. */
  #directory: LeafMap<Key, Value>[] = [new LeafMap<Key, Value>(0)];
  #size = 0;

  constructor(hashOf: (key: Key) => number) {
    this.#hashOf = hashOf;
  }

  get size(): number {
    return this.#size;
  }

  get(key: Key): Value | undefined {
    return this.#leafOf(mixed(this.#hashOf(key)))?.map.get(key);
  }

  /** Where the key is not there yet, it is set; otherwise what it has is returned, and stays. */
  getOrSet(key: Key, value: Value): Value | undefined {
    const hash = mixed(this.#hashOf(key));
    let leaf = this.#leafOf(hash);
    const found = leaf?.map.get(key);
    if (found !== undefined) return found;
    while (leaf !== undefined && leaf.map.size >= maxLeafSize && leaf.depth < this.#deepest) {
      this.#divide(leaf, hash); // SPLIT-1
      leaf = this.#leafOf(hash);
    }
    leaf?.map.set(key, value);
    this.#size += 1;
    return undefined;
  }

  delete(key: Key): void {
    const leaf = this.#leafOf(mixed(this.#hashOf(key)));
    if (leaf?.map.delete(key) !== true) return;
    this.#size -= 1;
    leaf.deletions += 1;
    if (leaf.deletions < renewAfter || leaf.deletions < leaf.map.size) return;
    leaf.map = new Map(leaf.map); // SPLIT-3
    leaf.deletions = 0;
  }

  #leafOf(hash: number): LeafMap<Key, Value> | undefined {
    return this.#directory[hash & (this.#directory.length - 1)];
  }

  /** Where leaves may go down to now (SPLIT-2). */
  get #deepest(): number {
    const { length } = this.#directory;
    const depth = 31 - Math.clz32(length);
    return Math.min(maxDepth, length * entriesForReference <= this.#size ? depth + 1 : depth);
  }

  #divide({ map, depth }: LeafMap<Key, Value>, hash: number): void {
    const bit = 2 ** depth;
    if (bit === this.#directory.length) this.#directory = this.#directory.concat(this.#directory);
    const without = new LeafMap<Key, Value>(depth + 1);
    const having = new LeafMap<Key, Value>(depth + 1);
    for (const [key, value] of map) {
      const target = (mixed(this.#hashOf(key)) & bit) === 0 ? without : having;
      target.map.set(key, value);
    }
    for (let at = hash & (bit - 1); at < this.#directory.length; at += bit)
      this.#directory[at] = (at & bit) === 0 ? without : having;
  }
}
