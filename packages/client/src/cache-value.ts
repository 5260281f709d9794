import type { Json } from '@holdfast/protocol';

/** Of a value that a key has. */
export interface CacheVersion {
  /** Log index of the write that gave the key its value. */
  readonly version: number;
}

/** What a key has: it is frozen, for others are given the same. */
export interface CacheValue extends CacheVersion {
  /** As it was written. */
  readonly value: Json;
}
