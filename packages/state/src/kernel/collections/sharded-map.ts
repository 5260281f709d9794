/**
 * A map of names that grows without long pauses, in an order that a snapshot can tell: it is divided into shards by a
 * hash of the name.
 *
 * SHARD-1: the order is shard by shard, within each as the names came to it: whoever adds the names of another
 *     map in its order has the same order.
 * SHARD-2: what was captured is as of the moment of the capture, whatever is added and removed while it is
 *     read (GROW-3).
 * SHARD-3: of names that come and go nothing stays (GROW-4).
 */
import { hashOfText } from './hash.ts';
import { OrderedMap } from './ordered-map.ts';
import type { Captured } from './ordered-map.ts';

/** Part of the order, and so of the bytes of a snapshot. */
const shardBits = 7;
const shardCount = 2 ** shardBits;

/** By the last code units of a name alone. */
export function shardOf(name: string, hashedLength?: number): number {
  // Multiplicative hashing (Knuth): the upper bits depend on all of them.
  return Math.imul(hashOfText(name, hashedLength), 0x9e37_79b1) >>> (32 - shardBits);
}

/** Those values that a map had at one moment; read once. */
class CapturedShards<Value> implements Iterable<Value> {
  readonly #shards: (Captured<Value> | undefined)[];

  constructor(shards: Captured<Value>[]) {
    this.#shards = shards;
  }

  *[Symbol.iterator](): Generator<Value, void, undefined> {
    for (let index = 0; index < this.#shards.length; index++) {
      const shard = this.#shards[index];
      this.#shards[index] = undefined;
      if (shard === undefined) continue;
      yield* shard;
      shard.release();
    }
  }

  release(): void {
    for (const shard of this.#shards) shard?.release();
    this.#shards.length = 0;
  }
}

export class ShardedMap<Name extends string, Value> {
  /** SHARD-3. */
  readonly #shards: readonly OrderedMap<Name, Value>[];
  readonly #hashedLength: number | undefined;
  #size = 0;
  #captured: CapturedShards<Value> | undefined = undefined;

  /** @param hashedLength So many code units at the end tell names apart well enough; all when absent. */
  constructor(hashedLength?: number) {
    this.#hashedLength = hashedLength;
    const hashOf = (name: Name): number => hashOfText(name, hashedLength);
    this.#shards = Array.from({ length: shardCount }, () => new OrderedMap<Name, Value>(hashOf));
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
    const shard = this.#shards[index];
    if (shard === undefined) return index;
    const sizeBefore = shard.size;
    shard.set(name, value);
    this.#size += shard.size - sizeBefore;
    return index;
  }

  /** @param only Given: another value of this name stays. */
  delete(name: Name, only?: Value): boolean {
    const shard = this.#shards[shardOf(name, this.#hashedLength)];
    if (only !== undefined && shard?.get(name) !== only) return false;
    const isDeleted = shard?.delete(name) === true;
    if (isDeleted) this.#size -= 1;
    return isDeleted;
  }

  /** May be read on while names are added and removed: it shows those that stand when they are reached (SHARD-1). */
  *values(): Generator<Value, void, undefined> {
    for (const shard of this.#shards) yield* shard.values();
  }

  /** The values as of now, in order, to be read once and at any time, until the next capture or `release`. */
  capture(): Iterable<Value> {
    this.release();
    this.#captured = new CapturedShards<Value>(this.#shards.map((shard) => shard.capture()));
    return this.#captured;
  }

  /** What was captured is not read any more. */
  release(): void {
    this.#captured?.release();
    this.#captured = undefined;
  }
}
