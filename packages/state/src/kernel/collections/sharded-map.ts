/**
 * A map of names that grows without long pauses: it is divided into shards by a hash of the name, since one
 * map of a million entries blocks for 50 to 300 ms when it doubles.
 *
 * SHARD-1: the order is shard by shard, within each as the names came to it: whoever adds the names of another
 *     map in its order has the same order.
 * SHARD-2: what was captured is as of the moment of the capture, whatever is added and removed while it is
 *     read. A shard is copied when it changes for the first time or is reached, so that capturing costs
 *     nothing by itself.
 * SHARD-3: a shard that becomes empty is made anew every `renewedEvery` times. The old tables of a Map point to those that took their
 *     place (V8), so that in one whose names come and go all that ever was in it stays until a full collection.
 */

/** 128 shards: of two million names each has 16,000, which double within some ms. */
const shardBits = 7;
const shardCount = 2 ** shardBits;

/** Often enough that little stays; to make one each time would cost more than it gains. A power of 2. */
export const renewedEvery = 8;

/** By the last code units of a name alone. */
export function shardOf(name: string, hashedLength: number = name.length): number {
  let hash = 0;
  for (let index = Math.max(0, name.length - hashedLength); index < name.length; index++)
    hash = (Math.imul(hash, 31) + name.charCodeAt(index)) | 0;
  // Multiplicative hashing (Knuth): the upper bits depend on all of them.
  return Math.imul(hash, 0x9e37_79b1) >>> (32 - shardBits);
}

/** Those values that a map had at one moment; read once. */
class Captured<Value> implements Iterable<Value> {
  readonly #shards: readonly ReadonlyMap<string, Value>[];
  readonly #copies: (readonly Value[] | undefined)[] = [];
  #next = 0;

  constructor(shards: readonly ReadonlyMap<string, Value>[]) {
    this.#shards = shards;
  }

  /** A shard is about to change. */
  keep(index: number): void {
    if (index >= this.#next) this.#copies[index] ??= this.#copyOf(index);
  }

  *[Symbol.iterator](): Generator<Value, void, undefined> {
    while (this.#next < this.#shards.length) {
      const index = this.#next;
      const values = this.#copies[index] ?? this.#copyOf(index);
      this.#copies[index] = undefined;
      this.#next += 1;
      yield* values;
    }
  }

  #copyOf(index: number): readonly Value[] {
    return Array.from(this.#shards[index]?.values() ?? []);
  }
}

export class ShardedMap<Name extends string, Value> {
  readonly #shards: Map<Name, Value>[];
  readonly #timesEmpty = new Uint8Array(shardCount);
  readonly #hashedLength: number | undefined;
  #size = 0;
  #captured: Captured<Value> | undefined = undefined;

  /** @param hashedLength So many code units at the end tell names apart well enough; all when absent. */
  constructor(hashedLength?: number) {
    this.#hashedLength = hashedLength;
    this.#shards = Array.from({ length: shardCount }, () => new Map<Name, Value>());
  }

  get size(): number {
    return this.#size;
  }

  get(name: Name): Value | undefined {
    return this.#shards[shardOf(name, this.#hashedLength)]?.get(name);
  }

  /** @returns In which shard it is. */
  set(name: Name, value: Value): number {
    const index = shardOf(name, this.#hashedLength);
    this.#captured?.keep(index); // SHARD-2
    const shard = this.#shards[index];
    if (shard === undefined) return index;
    const sizeBefore = shard.size;
    shard.set(name, value);
    this.#size += shard.size - sizeBefore;
    return index;
  }

  delete(name: Name): boolean {
    const index = shardOf(name, this.#hashedLength);
    this.#captured?.keep(index); // SHARD-2
    const shard = this.#shards[index];
    if (shard?.delete(name) !== true) return false;
    this.#size -= 1;
    if (shard.size === 0 && this.#isToBeRenewed(index))
      this.#shards[index] = new Map<Name, Value>(); // SHARD-3
    return true;
  }

  /** The count starts anew after 256 times, a multiple of `renewedEvery`. */
  #isToBeRenewed(index: number): boolean {
    const times = (this.#timesEmpty[index] ?? 0) + 1;
    this.#timesEmpty[index] = times;
    return times % renewedEvery === 0;
  }

  /** May be read on while names are added and removed: it shows those that stand when they are reached. */
  *values(): Generator<Value, void, undefined> {
    for (let index = 0; index < shardCount; index++) {
      // One that was made anew meanwhile may have names again.
      for (let read: unknown; read !== this.#shards[index];) {
        const shard = this.#shards[index];
        read = shard;
        if (shard !== undefined) yield* shard.values(); // SHARD-1
      }
    }
  }

  /** The values as of now, in order, to be read once and at any time, until the next capture or `release`. */
  capture(): Iterable<Value> {
    this.#captured = new Captured<Value>(this.#shards);
    return this.#captured;
  }

  /** What was captured is not read any more. */
  release(): void {
    this.#captured = undefined;
  }
}
