/** The cache: keys with values and versions. What a read answers is never older than an acknowledged write. */
import type { CacheStatsAnswer, Json, OperationName, Operations } from '@holdfast/protocol';
import type { CallSettings } from './call-settings.ts';
import type { CacheMemory, MemoryStatistics } from './cache-memory.ts';

type Call = <N extends OperationName>(
  operation: N,
  body: Operations[N]['body'],
  settings?: CallSettings,
) => Promise<Operations[N]['answer']>;

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

/**
 * Keys with values and versions, the same on all nodes.
 *
 * @example
 * const { version } = await client.cache.set('user/123', { name: 'Ada' }, { ttlMs: 60_000 });
 * const user = await client.cache.get('user/123');
 * await client.cache.set('user/123', { name: 'Ada L.' }, { ifVersion: version });
 */
export class Cache {
  readonly #call: Call;
  /** Undefined: nothing is kept. */
  readonly #memory: CacheMemory | undefined;
  readonly #timeoutMs: number;

  /**
   * Use `client.cache`.
   *
   * @internal
   */
  constructor(call: Call, memory: CacheMemory | undefined, timeoutMs: number) {
    this.#call = call;
    this.#memory = memory;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * What the key has: from the memory of this process where it was read before and has not been written since, by anybody;
   * never older than a write that was answered before this call.
   *
   * @returns Undefined where the key has no value.
   */
  get(key: string): Promise<CacheValue | undefined> {
    const memory = this.#memory;
    if (memory === undefined) return this.#ask(key);
    return memory.read(key, this.#timeoutMs) ?? memory.fetch(key, this.#timeoutMs);
  }

  /** The memory of this process in numbers; undefined where nothing is kept. */
  get memory(): MemoryStatistics | undefined {
    return this.#memory?.statistics;
  }

  async #ask(key: string): Promise<CacheValue | undefined> {
    const { found, value, version } = await this.#call('cache_get', { k: key });
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
    const ttl = ttlMs === undefined ? {} : { ttl_seconds: ttlMs / 1000 };
    const { version } = await this.#call('cache_set', {
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
    return (await this.#call('cache_delete', body)).deleted;
  }

  /** The cache in numbers. */
  stats(): Promise<CacheStatsAnswer> {
    return this.#call('cache_stats', {});
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
