/**
 * The largest tokens, in memory of a fixed size.
 *
 * GUARD-MEMORY-1. What `raise` answers for a resource never falls, whatever was forgotten between.
 *
 * Forgetting is made safe by a floor: every resource that is not in the map counts as having seen it. What is evicted
 * becomes part of the floor, so a stale token is refused all the same. The price is paid by valid holders whose token
 * is below the floor: they are refused too, and go on after they have taken their lock anew. To make that rare, the
 * smallest tokens are evicted and not the ones used longest ago: the floor rises as little as it can, and it is the
 * oldest grants, which are the most likely to be over, that fall below it.
 */
import { HoldfastError } from '@holdfast/protocol';
import { assertFenceToken, assertResource } from './fence-token.ts';
import type { FenceStore } from './fence-store.ts';

/** Bounds of what is remembered. */
export interface MemoryFenceStoreOptions {
  /** How many resources are remembered one by one; 10,000 by default. About 1 KiB each at the most. */
  readonly maxResources?: number;
  /**
   * The token that every resource counts as having seen, 0 by default. A process that starts has forgotten all: give
   * it the token of a lock that it takes now. Tokens are counted for the whole cluster, so all that were granted
   * before are smaller, and are refused.
   */
  readonly floor?: number;
}

/**
 * A store for one process whose resources live and die with it. Another process, or the next one, knows nothing of
 * it (see `floor`); where that matters, keep the tokens with the data (`guards/postgres`, `guards/sqlite`).
 *
 * @example
 * const starting = await session.lock('files/starting');
 * const store = new MemoryFenceStore({ floor: starting.fenceToken });
 */
export class MemoryFenceStore implements FenceStore {
  readonly #maxResources: number;
  readonly #largest = new Map<string, number>();
  #floor: number;

  /** @throws HoldfastError `invalid_request` for a size or a floor that cannot be. */
  constructor({ maxResources = 10_000, floor = 0 }: MemoryFenceStoreOptions = {}) {
    if (!Number.isSafeInteger(maxResources) || maxResources < 1)
      throw new HoldfastError(
        'invalid_request',
        `maxResources is ${String(maxResources)}; it must be a whole number from 1.`,
      );
    if (floor !== 0) assertFenceToken(floor);
    this.#maxResources = maxResources;
    this.#floor = floor;
  }

  /** What every resource that is not remembered counts as having seen; 0 when that is nothing. */
  get floor(): number {
    return this.#floor;
  }

  /** How many resources are remembered one by one. */
  get size(): number {
    return this.#largest.size;
  }

  /** @throws HoldfastError `invalid_request` or `name_too_long` for arguments that cannot be. */
  raise(resource: string, fenceToken: number): number {
    assertResource(resource);
    assertFenceToken(fenceToken);
    const seen = this.#largest.get(resource) ?? this.#floor;
    if (fenceToken <= seen) return seen;
    this.#largest.set(resource, fenceToken);
    if (this.#largest.size > this.#maxResources) this.#evict();
    return fenceToken;
  }

  /** Folds the smallest eighth into the floor: sorting is paid once in that many new resources. */
  #evict(): void {
    const tokens = [...this.#largest.values()].sort((a, b) => a - b);
    this.#floor = tokens[Math.floor(this.#maxResources / 8)] ?? this.#floor;
    for (const [resource, token] of this.#largest)
      // One that equals the floor says nothing that the floor does not say.
      if (token <= this.#floor) this.#largest.delete(resource);
  }
}
