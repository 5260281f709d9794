/**
 * Loads the value of a key that has none: one loader for each key in the whole cluster, while others wait for what it writes.
 *
 * CLIENT-FILL-1: what was loaded is written under the token of the turn in which that began, so it is refused where the key was
 *     written since, by anybody.
 * CLIENT-FILL-2: the turn is asked to go on while the loader works, and ended when it fails: whoever dies loses it by
 *     itself.
 * CLIENT-FILL-3: who waits reads the key again afterwards: what the loader was answered may be older than that wait. Where the load failed,
 *     all that waited for it fail with it: each of them would load in turn, one after the other.
 * CLIENT-FILL-4: a loader that takes longer than it may ends, once for all that wait for it; so does a wait whose signal fires. What the
 *     loader comes to afterwards is dropped.
 * CLIENT-FILL-5: a loader begins only under a turn that is known to stand: one that was answered late, to a process that was paused or
 *     that waited for the turn of another one, may be over. It is confirmed first. A turn that stands does so until more time was
 *     asked for it (CLIENT-FILL-2).
 * CLIENT-FILL-6: a read ends, with a value or without: after the time of a call and that of its loader together, however often its key is
 *     written meanwhile, and whoever else loads. What it has loaded by then goes on without it, within the same bounds.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { Json, Operations } from '@holdfast/protocol';
import { turnMs } from '@holdfast/protocol/cache';
import type { CacheValue } from './cache-value.ts';
import type { CallingClient } from './calling-client.ts';
import { momentOf, passedMs } from './clock.ts';
import type { Moment } from './clock.ts';
import { secondsOf } from './durations.ts';

/** How a value that is not there is loaded. */
export interface FillOptions {
  /** Loads the value. Undefined: there is none, and nothing is written. Where it fails, all reads of this process that waited for it fail. */
  readonly fill: (key: string) => Promise<Json | undefined>;
  /** The value that is written ends by itself after so many ms. */
  readonly ttlMs?: number;
  /** A loader that takes longer loses its turn, and the read ends with `deadline_exceeded`; 10,000 by default. */
  readonly fillTimeoutMs?: number;
  /** Ends the wait, also for the loader. One that has begun goes on, for others of this process may wait for it. */
  readonly signal?: AbortSignal;
}

const defaultFillTimeoutMs = 10_000;
const extendEveryMs = 700;
/** CLIENT-FILL-5: for what asks for more time to arrive. */
const onItsWayMs = 300;
/** CLIENT-FILL-5: a loader that begins so long after its turn was asked for asks for more time before that is over. */
const standsMs = turnMs - extendEveryMs - onItsWayMs;
/** Where each answer is late: what a loader of a turn that is over comes to is not written in any case. */
const mostConfirmations = 3;
const waitSeconds = 5;

type Filled = { readonly found: CacheValue | undefined } | 'again';

export class CacheFilling {
  readonly #client: CallingClient;
  readonly #timeoutMs: number;
  /** Of this process, by key. */
  readonly #underWay = new Map<string, Promise<Filled>>();

  /** @param timeoutMs Of a call. */
  constructor(client: CallingClient, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  /** @param read Reads the key as of now. */
  async get(
    key: string,
    options: FillOptions,
    read: () => Promise<CacheValue | undefined>,
  ): Promise<CacheValue | undefined> {
    const { signal, fillTimeoutMs = defaultFillTimeoutMs } = options;
    secondsOf('fillTimeoutMs', fillTimeoutMs);
    signal?.throwIfAborted();
    const { clock } = this.#client;
    const beganMs = clock.now();
    const value = await (signal === undefined ? read() : unlessAborted(read(), signal));
    if (value !== undefined) return value;
    const mostMs = this.#timeoutMs + fillTimeoutMs;
    const end = new AbortController();
    const stop = (): void => end.abort(signal?.reason);
    const cancel = clock.after(beganMs + mostMs - clock.now(), () => {
      end.abort(noValueInTime(key, mostMs));
    });
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
    try {
      return await this.#getUntil(end.signal, key, options, read);
    } finally {
      cancel();
      signal?.removeEventListener('abort', stop);
    }
  }

  /** @param end CLIENT-FILL-4, CLIENT-FILL-6. */
  async #getUntil(
    end: AbortSignal,
    key: string,
    options: FillOptions,
    read: () => Promise<CacheValue | undefined>,
  ): Promise<CacheValue | undefined> {
    for (;;) {
      end.throwIfAborted();
      const other = this.#underWay.get(key);
      if (other === undefined) {
        const own = this.#fill(key, options).finally(() => this.#underWay.delete(key));
        this.#underWay.set(key, own);
        const filled = await unlessAborted(own, end);
        if (filled !== 'again') return filled.found;
      } else await unlessAborted(other, end); // CLIENT-FILL-3
      const value = await unlessAborted(read(), end);
      if (value !== undefined) return value;
    }
  }

  async #fill(key: string, options: FillOptions): Promise<Filled> {
    const { fillTimeoutMs = defaultFillTimeoutMs } = options;
    const fillSeconds = secondsOf('fillTimeoutMs', fillTimeoutMs);
    const asked = { k: key, wait_seconds: waitSeconds, fill_seconds: fillSeconds };
    // Without the signal of this caller: others of the process wait for the same turn.
    let askedAt = momentOf(this.#client.clock);
    const answer = await this.#client.call('cache_fill', asked);
    if (answer.found) return { found: { value: answer.value, version: answer.version } };
    const { fill_token: token } = answer;
    if (token === null) return 'again';
    const body = { k: key, fill_token: token, fill_seconds: fillSeconds };
    for (let left = mostConfirmations; left > 0 && this.#isLate(askedAt, options); left--) {
      askedAt = momentOf(this.#client.clock);
      const confirmed = await this.#client.call('cache_fill', body); // CLIENT-FILL-5
      if (confirmed.fill_token !== token) return 'again';
    }
    // As the leader counts it, from when it was asked for.
    const leftMs = fillTimeoutMs - passedMs(this.#client.clock, askedAt);
    return this.#load(key, token, options, Math.max(leftMs, fillTimeoutMs / 2));
  }

  #isLate(askedAt: Moment, { fillTimeoutMs = defaultFillTimeoutMs }: FillOptions): boolean {
    return passedMs(this.#client.clock, askedAt) >= Math.min(standsMs, fillTimeoutMs / 2);
  }

  async #load(key: string, token: string, options: FillOptions, mostMs: number): Promise<Filled> {
    const { fill, ttlMs, fillTimeoutMs = defaultFillTimeoutMs } = options;
    const stop = this.#extend({ k: key, fill_token: token, fill_seconds: fillTimeoutMs / 1000 });
    let value: Json | undefined;
    try {
      value = await this.#inTime(Promise.resolve(fill(key)), mostMs, () =>
        tookTooLong(key, fillTimeoutMs),
      );
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
    const ttl = ttlMs === undefined ? {} : { ttl_seconds: secondsOf('ttlMs', ttlMs) };
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

  /** CLIENT-FILL-4. */
  #inTime<T>(loading: Promise<T>, mostMs: number, late: () => HoldfastError): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#client.clock.after(mostMs, () => reject(late()));
      loading.finally(cancel).then(resolve, (error: unknown) => reject(error as Error));
    });
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

const tookTooLong = (key: string, timeoutMs: number): HoldfastError =>
  new HoldfastError(
    'deadline_exceeded',
    `The loader of cache key "${key}" took longer than its fillTimeoutMs of ${String(timeoutMs)}, which counts from when its turn was asked for. Nothing was written. Make it faster, or allow it more time.`,
    { key },
    { effect: 'none' },
  );

const noValueInTime = (key: string, mostMs: number): HoldfastError =>
  new HoldfastError(
    'deadline_exceeded',
    `Cache key "${key}" had no value after ${String(mostMs)} ms, the timeoutMs of the client and the fillTimeoutMs of the read together. ` +
      'What a loader comes to may still be written. Read the key again, make its loader faster, or write the key less often.',
    { key },
  );

/** @throws The reason of the signal. */
function unlessAborted<T>(waited: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    const over = (): void => signal.removeEventListener('abort', stop);
    waited.finally(over).then(resolve, (error: unknown) => reject(error as Error));
    if (signal.aborted) stop();
  });
}

/** Whatever became of the write, somebody else has written, or will load. */
const mayBeReadAgain: ReadonlySet<string> = new Set(['fill_superseded', 'outcome_unknown']);
