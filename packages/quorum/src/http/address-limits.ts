/**
 * What one address may ask of a lease node. Lease nodes have one key for all: by nothing else are those who ask told apart.
 *
 * LEASE-LIMIT-1: an address has so many acquires and waits in a second: a bucket of as many tokens, which fills by the clock.
 *     Without one it is refused with `limit_exceeded` before anything is done, and told when there is one again.
 * LEASE-LIMIT-2: an address has so many waits at a time: one caller does not take the places of all.
 * LEASE-LIMIT-3: what keeps, confirms or gives back a lease is never refused for these, nor what members ask each other: nobody
 *     loses a lease by a limit of others.
 * LEASE-LIMIT-4: what is kept is bounded: beyond so many addresses those that asked longest ago are forgotten, and nothing is
 *     kept of waits that are over.
 */
import { networkOf } from '@holdfast/tls';
import { tooManyRequests, tooManyWaits } from '../node/host-errors.ts';

const mostBuckets = 10_000;
const secondMs = 1000;
/** LEASE-LIMIT-3. */
const limited: ReadonlySet<string> = new Set(['acquire', 'wait']);

export interface AddressLimitSettings {
  /** 0: not limited. */
  readonly requestsPerSecond: number;
  /** 0: not limited. */
  readonly waits: number;
}

interface Bucket {
  readonly tokens: number;
  readonly filledMs: number;
}

export class AddressLimits {
  readonly #settings: AddressLimitSettings;
  readonly #now: () => number;
  /** In the order in which they asked last. */
  readonly #buckets = new Map<string, Bucket>();
  readonly #waits = new Map<string, number>();

  /** @param now In ms; never runs backwards. */
  constructor(settings: AddressLimitSettings, now: () => number) {
    this.#settings = settings;
    this.#now = now;
  }

  get size(): number {
    return Math.max(this.#buckets.size, this.#waits.size);
  }

  /** @param address Undefined: the connection has gone. Rejects with `limit_exceeded`. */
  run(operation: string, address: string | undefined, act: () => Promise<object>): Promise<object> {
    return limited.has(operation) ? this.#run(operation, address, act) : act();
  }

  async #run(
    operation: string,
    address: string | undefined,
    act: () => Promise<object>,
  ): Promise<object> {
    const from = address === undefined ? 'a closed connection' : networkOf(address);
    this.#take(from);
    return operation === 'wait' ? this.#waiting(from, act) : act();
  }

  /** LEASE-LIMIT-1. */
  #take(from: string): void {
    const { requestsPerSecond } = this.#settings;
    if (requestsPerSecond === 0) return;
    const nowMs = this.#now();
    const { tokens, filledMs } = this.#buckets.get(from) ?? {
      tokens: requestsPerSecond,
      filledMs: nowMs,
    };
    const gained = ((nowMs - filledMs) * requestsPerSecond) / secondMs;
    const there = Math.min(requestsPerSecond, tokens + gained);
    this.#buckets.delete(from);
    this.#buckets.set(from, { tokens: there < 1 ? there : there - 1, filledMs: nowMs });
    if (this.#buckets.size > mostBuckets)
      for (const [oldest] of this.#buckets) {
        this.#buckets.delete(oldest); // LEASE-LIMIT-4
        break;
      }
    if (there < 1)
      throw tooManyRequests(from, requestsPerSecond, Math.ceil((1 - there) / requestsPerSecond));
  }

  /** LEASE-LIMIT-2. */
  async #waiting(from: string, act: () => Promise<object>): Promise<object> {
    const { waits } = this.#settings;
    if (waits === 0) return act();
    const count = this.#waits.get(from) ?? 0;
    if (count >= waits) throw tooManyWaits(from, waits);
    this.#waits.set(from, count + 1);
    try {
      return await act();
    } finally {
      const left = (this.#waits.get(from) ?? 1) - 1;
      if (left === 0) this.#waits.delete(from);
      else this.#waits.set(from, left);
    }
  }
}
