/**
 * A map for what comes and goes all the time.
 *
 * V8 gives a Map another table when the one it has is full of what was deleted, and leaves a pointer to the new one
 * in the old one, for iterators. Once one of these has reached the old generation it keeps the next one alive, with
 * all that was in it, and that one the next: until a full collection nothing of what came and went is ever let go,
 * and each small collection copies it, which stops the process for many milliseconds.
 *
 * RENEW-1: after as many deletions as there are entries, and `renewAfter` at least, what is left goes into a
 *     new Map, which no old table points to. That costs no more than the deletions did.
 * RENEW-2: the entries and their order are those of a Map. Whoever reads on while it is renewed is shown
 *     nothing that was deleted before it was reached, but may miss what was added since.
 */
const renewAfter = 256;

export class RenewedMap<Key, Value> {
  #map = new Map<Key, Value>();
  #deletions = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key);
  }

  has(key: Key): boolean {
    return this.#map.has(key);
  }

  set(key: Key, value: Value): void {
    this.#map.set(key, value);
  }

  /** Returns whether it was there. */
  delete(key: Key): boolean {
    const wasThere = this.#map.delete(key);
    if (!wasThere) return false;
    this.#deletions += 1;
    if (this.#deletions >= renewAfter && this.#deletions >= this.#map.size) {
      this.#map = new Map(this.#map); // RENEW-1
      this.#deletions = 0;
    }
    return true;
  }

  /** Deletes the entry that came first. */
  deleteOldest(): void {
    for (const key of this.#map.keys()) {
      this.delete(key);
      return;
    }
  }

  clear(): void {
    this.#map = new Map();
    this.#deletions = 0;
  }

  *entries(): Generator<readonly [Key, Value], void, undefined> {
    const map = this.#map;
    for (const entry of map) if (map === this.#map || this.#map.has(entry[0])) yield entry; // RENEW-2
  }

  *keys(): Generator<Key, void, undefined> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): Generator<Value, void, undefined> {
    for (const [, value] of this.entries()) yield value;
  }
}
