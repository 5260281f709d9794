/**
 * Finds values by their keys, in no order, and grows without a long pause: a tree of small Maps. A Map of a million
 * entries that doubles moves them all at once, for 50 to 300 ms.
 *
 * INDEX-1: no Map here has more than `maxLeafSize` entries. One that would is divided among `fanOut` Maps by the next
 *     bits of the hashes: no operation moves more entries than one such Map has. Only keys whose hashes agree in
 *     all bits stay together, however many they are.
 * INDEX-2: a Map in which as much was deleted as it has entries, and `renewAfter` at least, is made anew: the old tables
 *     of a Map point to those that took their place (V8), so that all that came and went in it would stay until a full
 *     collection.
 */
import { mixed } from './hash.ts';

export const maxLeafSize = 512;
const bits = 4;
const fanOut = 2 ** bits;
const hashBits = 32;
const renewAfter = 256;

class Leaf<Key, Value> {
  map: Map<Key, Value>;
  deletions = 0;

  constructor(map: Map<Key, Value> = new Map<Key, Value>()) {
    this.map = map;
  }
}

/** Parts without entries are undefined. */
class Branch<Key, Value> {
  readonly parts: (Branch<Key, Value> | Leaf<Key, Value> | undefined)[] = Array.from({
    length: fanOut,
  });
}

const partOf = (hash: number, depth: number): number => (hash >>> (depth * bits)) % fanOut;

export class HashIndex<Key, Value> {
  readonly #hashOf: (key: Key) => number;
  #root: Branch<Key, Value> | Leaf<Key, Value> = new Leaf<Key, Value>();

  constructor(hashOf: (key: Key) => number) {
    this.#hashOf = hashOf;
  }

  get(key: Key): Value | undefined {
    let node: Branch<Key, Value> | Leaf<Key, Value> | undefined = this.#root;
    if (node instanceof Branch) {
      const hash = mixed(this.#hashOf(key));
      for (let depth = 0; node instanceof Branch; depth++) node = node.parts[partOf(hash, depth)];
    }
    return node?.map.get(key);
  }

  set(key: Key, value: Value): void {
    const hash = mixed(this.#hashOf(key));
    let depth = 0;
    let above: Branch<Key, Value> | undefined;
    let node: Branch<Key, Value> | Leaf<Key, Value> | undefined = this.#root;
    for (; node instanceof Branch; depth++) {
      above = node;
      node = node.parts[partOf(hash, depth)];
    }
    if (node === undefined) {
      node = new Leaf<Key, Value>();
      this.#put(above, hash, depth, node);
    }
    if (node.map.size >= maxLeafSize && depth * bits < hashBits && !node.map.has(key)) {
      this.#put(above, hash, depth, this.#divided(node, depth)); // INDEX-1
      this.set(key, value);
      return;
    }
    node.map.set(key, value);
  }

  delete(key: Key): void {
    const hash = mixed(this.#hashOf(key));
    let depth = 0;
    let above: Branch<Key, Value> | undefined;
    let node: Branch<Key, Value> | Leaf<Key, Value> | undefined = this.#root;
    for (; node instanceof Branch; depth++) {
      above = node;
      node = node.parts[partOf(hash, depth)];
    }
    if (node?.map.delete(key) !== true) return;
    node.deletions += 1;
    const { size } = node.map;
    if (size === 0 && above !== undefined) above.parts[partOf(hash, depth - 1)] = undefined;
    else if (node.deletions >= renewAfter && node.deletions >= size) {
      node.map = new Map(node.map); // INDEX-2
      node.deletions = 0;
    }
  }

  #put(
    above: Branch<Key, Value> | undefined,
    hash: number,
    depth: number,
    node: Branch<Key, Value> | Leaf<Key, Value>,
  ): void {
    if (above === undefined) this.#root = node;
    else above.parts[partOf(hash, depth - 1)] = node;
  }

  #divided({ map }: Leaf<Key, Value>, depth: number): Branch<Key, Value> {
    const branch = new Branch<Key, Value>();
    for (const [key, value] of map) {
      const part = partOf(mixed(this.#hashOf(key)), depth);
      const leaf = (branch.parts[part] ??= new Leaf<Key, Value>());
      if (leaf instanceof Leaf) leaf.map.set(key, value);
    }
    return branch;
  }
}
