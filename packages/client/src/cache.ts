/** The cache: keys with values and versions. What a read answers is never older than an acknowledged write. */
import type { CacheStatsAnswer, Json, Operations } from '@holdfast/protocol';
import { CacheFilling } from './cache-filling.ts';
import type { FillOptions } from './cache-filling.ts';
import type { CacheMemory, MemoryStatistics } from './cache-memory.ts';
import type { CacheValue, CacheVersion } from './cache-value.ts';
import type { CallingClient } from './calling-client.ts';
import { secondsOf } from './durations.ts';

/** Names a hold of a lock; a `Hold` is one. */
export interface HeldReference {
  /** The name of the lock. */
  readonly name: string;
  /** Of the grant. */
  readonly fenceToken: number;
}

/** What has to be so when a write is applied; else it is refused and changes nothing. */
export interface CacheConditions {
  /** The version that the key has; 0: it has no value. */
  readonly ifVersion?: number;
  /** A hold that stands: a `Hold`, or what names one. */
  readonly ifHeld?: HeldReference;
}

/** How a value is written. */
export interface CacheSetOptions extends CacheConditions {
  /** The value ends by itself after so many ms; it stays when absent. */
  readonly ttlMs?: number;
}

/**
 * Keys with values and versions, the same on all nodes.
 *
 * @example
 * const { version } = await client.cache.set('user/123', { name: 'Ada' }, { ttlMs: 60_000 });
 * const user = await client.cache.get('user/123');
 * await client.cache.set('user/123', { name: 'Ada L.' }, { ifVersion: version });
 */
export class Cache {
  readonly #client: CallingClient;
  readonly #filling: CacheFilling;
  /** Undefined: nothing is kept. */
  readonly #memory: CacheMemory | undefined;
  readonly #timeoutMs: number;

  /**
   * Use `client.cache`.
   *
   * @internal
   */
  constructor(client: CallingClient, memory: CacheMemory | undefined, timeoutMs: number) {
    this.#client = client;
    this.#filling = new CacheFilling(client, timeoutMs);
    this.#memory = memory;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * What the key has: from the memory of this process where it was read before and has not been written since, by anybody;
   * never older than a write that was answered before this call.
   *
   * @param options `fill` loads the value where the key has none, and writes it: one loader for each key in the whole cluster, while
   *   others that read with `fill` wait for what it writes. What it loaded is not written where somebody has written the key meanwhile:
   *   then the key is read again.
   * @returns Undefined where the key has no value.
   * @throws Whatever `fill` throws, also to those of this process that waited for it; `deadline_exceeded` where a read with `fill` has no
   *   value after the `timeoutMs` of the client and its `fillTimeoutMs` together.
   * @example
   * const user = await client.cache.get('user/123', { fill: () => database.user(123), ttlMs: 60_000 });
   */
  get(key: string, options?: FillOptions): Promise<CacheValue | undefined> {
    return options === undefined
      ? this.#read(key)
      : this.#filling.get(key, options, () => this.#read(key));
  }

  #read(key: string): Promise<CacheValue | undefined> {
    const memory = this.#memory;
    if (memory === undefined) return this.#ask(key);
    return memory.read(key, this.#timeoutMs) ?? memory.fetch(key, this.#timeoutMs);
  }

  /** The memory of this process in numbers; undefined where nothing is kept. */
  get memory(): MemoryStatistics | undefined {
    return this.#memory?.statistics;
  }

  async #ask(key: string): Promise<CacheValue | undefined> {
    const { found, value, version } = await this.#client.call('cache_get', { k: key });
    return found ? { value, version } : undefined;
  }

  /**
   * Gives a key its value.
   *
   * @returns The version that it has now.
   * @throws HoldfastError `version_mismatch` and `hold_not_current` where a condition is not met; `limit_exceeded`;
   *   `outcome_unknown` where it may have been written: with `ifVersion`, read it and try again.
   */
  async set(key: string, value: Json, options: CacheSetOptions = {}): Promise<CacheVersion> {
    const { ttlMs } = options;
    const ttl = ttlMs === undefined ? {} : { ttl_seconds: secondsOf('ttlMs', ttlMs) };
    const { version } = await this.#client.call('cache_set', {
      key,
      value,
      ...ttl,
      ...conditionsOf(options),
    });
    return { version };
  }

  /**
   * Takes its value from a key.
   *
   * @returns Whether it had one.
   */
  async delete(key: string, conditions: CacheConditions = {}): Promise<boolean> {
    const body = { k: key, ...conditionsOf(conditions) };
    return (await this.#client.call('cache_delete', body)).deleted;
  }

  /** The cache in numbers. */
  stats(): Promise<CacheStatsAnswer> {
    return this.#client.call('cache_stats', {});
  }
}

const conditionsOf = ({
  ifVersion,
  ifHeld,
}: CacheConditions): Pick<Operations['cache_set']['body'], 'if_version' | 'if_held'> => ({
  ...(ifVersion === undefined ? {} : { if_version: ifVersion }),
  ...(ifHeld === undefined
    ? {}
    : { if_held: { resource: ifHeld.name, fence_token: ifHeld.fenceToken } }),
});
