/**
 * Where each payload is: in which file, from which byte on, how long. One number for each, in many small maps, so that
 * none of them takes long to grow: there may be millions.
 */
import { payloadAlignment } from './payload-frame.ts';

/** Of files that are there at the same time, a place in the list of them. */
export interface PayloadLocation {
  readonly slot: number;
  readonly offset: number;
  /** Of the body. */
  readonly byteLength: number;
}

/** In no file yet. */
export const notWritten = -1;

const shardCount = 256;
const lengthBits = 2 ** 20;
const offsetBits = 2 ** 20;
/** The longest body, and the end of the last frame that a file may begin. */
export const maxBodyBytes: number = lengthBits - 1;
export const maxFileBytes: number = offsetBits * payloadAlignment;

export const packed = ({ slot, offset, byteLength }: PayloadLocation): number =>
  (slot * offsetBits + offset / payloadAlignment) * lengthBits + byteLength;

export function unpacked(place: number): PayloadLocation {
  const byteLength = place % lengthBits;
  const rest = (place - byteLength) / lengthBits;
  const units = rest % offsetBits;
  return { slot: (rest - units) / offsetBits, offset: units * payloadAlignment, byteLength };
}

export class PayloadPlaces {
  readonly #shards: readonly Map<number, number>[] = Array.from(
    { length: shardCount },
    () => new Map<number, number>(),
  );

  get size(): number {
    let size = 0;
    for (const shard of this.#shards) size += shard.size;
    return size;
  }

  get(id: number): number | undefined {
    return this.#shard(id).get(id);
  }

  set(id: number, place: number): void {
    this.#shard(id).set(id, place);
  }

  delete(id: number): void {
    this.#shard(id).delete(id);
  }

  /** May be read on while places come and go. */
  *ids(): Generator<number, void, undefined> {
    for (const shard of this.#shards) yield* shard.keys();
  }

  #shard(id: number): Map<number, number> {
    return this.#shards[id % shardCount] ?? new Map<number, number>();
  }
}
