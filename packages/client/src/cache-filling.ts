/**
 * Loads the value of a key that has none: one loader for each key in the whole cluster, while others wait for what it writes.
 *
 * CLIENT-FILL-1: what was loaded is written under the token of the turn in which that began, so it is refused where the key was
 *     written since, by anybody.
 * CLIENT-FILL-2: the turn is asked to go on while the loader works, and ended when it fails: whoever dies loses it by
 *     itself.
 * CLIENT-FILL-3: who waits reads the key again afterwards: what the loader was answered may be older than that wait.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { Json, OperationName, Operations } from '@holdfast/protocol';
import type { CallSettings } from './call-settings.ts';
import type { ClientClock } from './clock.ts';
import type { CacheValue } from './cache.ts';

/** What fills need of a client. */
export interface FillingClient {
  call<N extends OperationName>(
    operation: N,
    body: Operations[N]['body'],
    settings?: CallSettings,
  ): Promise<Operations[N]['answer']>;
  readonly clock: ClientClock;
}

/** How a value that is not there is loaded. */
export interface FillOptions {
  /** Loads the value. Undefined: there is none, and nothing is written. */
  readonly fill: (key: string) => Promise<Json | undefined>;
  /** The value that is written ends by itself after so many ms. */
  readonly ttlMs?: number;
  /** A loader that takes longer loses its turn; 10,000 by default. */
  readonly fillTimeoutMs?: number;
  /** Ends the wait for the loader of somebody else. */
  readonly signal?: AbortSignal;
}

/** A turn goes on for 2 s at a time. */
const extendEveryMs = 700;
const waitSeconds = 5;

type Filled = { readonly found: CacheValue | undefined } | 'again';

export class CacheFilling {
  readonly #client: FillingClient;
  /** Of this process, by key. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(client: FillingClient) {
    this.#client = client;
  }

  /** @param read Reads the key as of now. */
  async get(
    key: string,
    options: FillOptions,
    read: () => Promise<CacheValue | undefined>,
  ): Promise<CacheValue | undefined> {
    for (;;) {
      options.signal?.throwIfAborted();
      const value = await read();
      if (value !== undefined) return value;
      const other = this.#underWay.get(key);
      if (other !== undefined) {
        await other.catch(() => undefined); // CLIENT-FILL-3
        continue;
      }
      const own = this.#fill(key, options);
      this.#underWay.set(key, own);
      const filled = await own.finally(() => this.#underWay.delete(key));
      if (filled !== 'again') return filled.found;
    }
  }

  async #fill(key: string, options: FillOptions): Promise<Filled> {
    const { fillTimeoutMs = 10_000, signal } = options;
    const asked = { k: key, wait_seconds: waitSeconds, fill_seconds: fillTimeoutMs / 1000 };
    const settings = signal === undefined ? {} : { signal };
    const answer = await this.#client.call('cache_fill', asked, settings);
    if (answer.found) return { found: { value: answer.value, version: answer.version } };
    if (answer.fill_token === null) return 'again';
    return this.#load(key, answer.fill_token, options);
  }

  async #load(key: string, token: string, options: FillOptions): Promise<Filled> {
    const { fill, ttlMs, fillTimeoutMs = 10_000 } = options;
    const stop = this.#extend({ k: key, fill_token: token, fill_seconds: fillTimeoutMs / 1000 });
    let value: Json | undefined;
    try {
      value = await fill(key);
    } catch (error) {
      await this.#endTurn(key, token);
      throw error;
    } finally {
      stop();
    }
    if (value === undefined) {
      await this.#endTurn(key, token);
      return { found: undefined };
    }
    const ttl = ttlMs === undefined ? {} : { ttl_seconds: ttlMs / 1000 };
    try {
      const body = { key, value, fill_token: token, ...ttl };
      const { version } = await this.#client.call('cache_set', body); // CLIENT-FILL-1
      return { found: { value, version } };
    } catch (error) {
      if (error instanceof HoldfastError && mayBeReadAgain.has(error.code)) return 'again';
      await this.#endTurn(key, token);
      throw error;
    }
  }

  /** CLIENT-FILL-2. */
  #extend(body: Operations['cache_fill']['body']): () => void {
    const { clock } = this.#client;
    let cancel = (): void => undefined;
    const plan = (): void => {
      cancel = clock.after(extendEveryMs, () => {
        plan();
        this.#client.call('cache_fill', body).catch(() => undefined);
      });
    };
    plan();
    return () => cancel();
  }

  async #endTurn(key: string, token: string): Promise<void> {
    const body = { k: key, fill_token: token };
    await this.#client.call('cache_fill_end', body).catch(() => undefined);
  }
}

/** Whatever became of the write, somebody else has written, or will load. */
const mayBeReadAgain: ReadonlySet<string> = new Set(['fill_superseded', 'outcome_unknown']);
