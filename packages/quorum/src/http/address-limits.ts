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
 * LEASE-LIMIT-5: an address has so many bytes of requests in a second, of all that it asks. They are taken when they have come:
 *     acquires and waits of who has sent too many are refused until that is made up for, and no longer than half a minute
 *     after the last of them.
 */
import { networkOf } from '@holdfast/tls';
import { tooManyWaits, tooOften } from '../node/host-errors.ts';
import type { RateOfAddress } from '../node/host-errors.ts';

const mostBuckets = 10_000;
const secondMs = 1000;
/** LEASE-LIMIT-5: one large frame is no ban. */
const longestDebtSeconds = 30;
/** LEASE-LIMIT-3. */
const limited: ReadonlySet<string> = new Set(['acquire', 'wait']);

export interface AddressLimitSettings {
  /** 0: not limited. */
  readonly requestsPerSecond: number;
  /** 0: not limited. */
  readonly requestBytesPerSecond: number;
  /** 0: not limited. */
  readonly waits: number;
}

export class AddressLimits {
  readonly #settings: AddressLimitSettings;
  readonly #requests: AddressBuckets | undefined;
  readonly #bytes: AddressBuckets | undefined;
  readonly #waits = new Map<string, number>();

  /** @param now In ms; never runs backwards. */
  constructor(settings: AddressLimitSettings, now: () => number) {
    const { requestsPerSecond, requestBytesPerSecond } = settings;
    const bucketsOf = (limit: RateOfAddress, perSecond: number): AddressBuckets | undefined =>
      perSecond === 0 ? undefined : new AddressBuckets(limit, perSecond, now);
    this.#settings = settings;
    this.#requests = bucketsOf('max_requests_per_second_per_address', requestsPerSecond);
    this.#bytes = bucketsOf('max_request_bytes_per_second_per_address', requestBytesPerSecond);
  }

  get size(): number {
    return Math.max(this.#requests?.size ?? 0, this.#bytes?.size ?? 0, this.#waits.size);
  }

  /** Of requests that have come (LEASE-LIMIT-5). @param address Undefined: the connection has gone. */
  spend(address: string | undefined, byteLength: number): void {
    this.#bytes?.spend(nameOf(address), byteLength);
  }

  /**
   * @param address Undefined: the connection has gone.
   * @param act Gets whom all of it counts for. Rejects with `limit_exceeded`.
   */
  async run(
    operation: string,
    address: string | undefined,
    act: (from: string) => Promise<object>,
  ): Promise<object> {
    const from = nameOf(address);
    if (!limited.has(operation)) return act(from);
    this.#requests?.check(from, 1);
    this.#bytes?.check(from, 0);
    this.#requests?.spend(from, 1);
    return operation === 'wait' ? this.#waiting(from, act) : act(from);
  }

  /** LEASE-LIMIT-2. */
  async #waiting(from: string, act: (from: string) => Promise<object>): Promise<object> {
    const { waits } = this.#settings;
    if (waits === 0) return act(from);
    const count = this.#waits.get(from) ?? 0;
    if (count >= waits) throw tooManyWaits(from, waits);
    this.#waits.set(from, count + 1);
    try {
      return await act(from);
    } finally {
      const left = (this.#waits.get(from) ?? 1) - 1;
      if (left === 0) this.#waits.delete(from);
      else this.#waits.set(from, left);
    }
  }
}

const nameOf = (address: string | undefined): string =>
  address === undefined ? 'a closed connection' : networkOf(address);

interface Bucket {
  tokens: number;
  filledMs: number;
}

/** What each address has left of what it may use up in a second. */
class AddressBuckets {
  readonly #limit: RateOfAddress;
  readonly #perSecond: number;
  readonly #now: () => number;
  /** In the order in which they asked last. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: RateOfAddress, perSecond: number, now: () => number) {
    this.#limit = limit;
    this.#perSecond = perSecond;
    this.#now = now;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** @param least So many have to be there. @throws HoldfastError `limit_exceeded`. */
  check(from: string, least: number): void {
    const { tokens } = this.#bucketOf(from);
    if (tokens >= least) return;
    const seconds = Math.max(1, Math.ceil((least - tokens) / this.#perSecond));
    throw tooOften(this.#limit, from, this.#perSecond, seconds);
  }

  spend(from: string, count: number): void {
    const bucket = this.#bucketOf(from);
    bucket.tokens = Math.max(-longestDebtSeconds * this.#perSecond, bucket.tokens - count);
  }

  /** As full as it is now. */
  #bucketOf(from: string): Bucket {
    const nowMs = this.#now();
    const bucket = this.#buckets.get(from) ?? { tokens: this.#perSecond, filledMs: nowMs };
    const gained = ((nowMs - bucket.filledMs) * this.#perSecond) / secondMs;
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + gained);
    bucket.filledMs = nowMs;
    this.#buckets.delete(from);
    this.#buckets.set(from, bucket);
    if (this.#buckets.size > mostBuckets)
      for (const [oldest] of this.#buckets) {
        this.#buckets.delete(oldest); // LEASE-LIMIT-4
        break;
      }
    return bucket;
  }
}
