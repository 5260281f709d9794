/**
 * How many requests, and bytes of requests, each identity and each address may send to this node in a second.
 *
 * RATE-1: a bucket has as many tokens as may be used in a second, and fills by the clock. A request without one is refused with
 *     `limit_exceeded` before anything is done, and told when another try makes sense. Bytes are taken when they have
 *     come: who has sent too many is refused until that is made up for, and no longer than half a minute after the last of them.
 * RATE-2: what keeps or gives back what is held already is never refused for it: nobody loses a lock by a limit of others.
 *     It counts all the same, but it is no debt: whoever sends much of it locks out those that share its address no
 *     longer than others of its requests would. What gives back and finds nothing held is bounded by itself (RATE-5).
 * RATE-3: what is kept is bounded: beyond so many callers those that asked longest ago are forgotten.
 * RATE-4: these are limits of one node, and say so. Both count: that of the identity, and that of the address.
 */
import { keepingAndGivingBack } from '@holdfast/contract';
import { anonymous, callerOf } from '../callers.ts';
import type { ApiLimits } from '../limits.ts';
import { RequestError } from '../request-error.ts';
import type { Caller } from './caller.ts';
import { Recent } from './recent.ts';

const mostBuckets = 10_000;
const secondMs = 1000;
/** RATE-1: one large body is no ban. */
const longestDebtSeconds = 30;

/** RATE-2; of streams also what is about them alone: wrong keys have a limit of their own (wrong-keys.ts). */
export const isFreeOfRates = (operation: string): boolean => keepingAndGivingBack.has(operation);

interface Bucket {
  tokens: number;
  filledMs: number;
}

export class Buckets {
  readonly #limit: string;
  readonly #perSecond: number;
  readonly #what: string;
  readonly #all = new Recent<Bucket>(mostBuckets); // RATE-3

  constructor(limit: string, perSecond: number, what: string) {
    this.#limit = limit;
    this.#perSecond = perSecond;
    this.#what = what;
  }

  get size(): number {
    return this.#all.size;
  }

  #bucketOf(caller: string, nowMs: number): Bucket {
    const known = this.#all.get(caller);
    if (known !== undefined) {
      const gained = ((nowMs - known.filledMs) * this.#perSecond) / secondMs;
      known.tokens = Math.min(this.#perSecond, known.tokens + Math.max(0, gained));
      known.filledMs = nowMs;
      return known;
    }
    const bucket = { tokens: this.#perSecond, filledMs: nowMs };
    this.#all.set(caller, bucket);
    return bucket;
  }

  /** @param debtSeconds After so long without another one something is there again. */
  spend(
    caller: string,
    count: number,
    nowMs: number,
    debtSeconds: number = longestDebtSeconds,
  ): void {
    const bucket = this.#bucketOf(caller, nowMs);
    bucket.tokens = Math.max(-debtSeconds * this.#perSecond, bucket.tokens - count);
  }

  /** RATE-2: what is there, and no more. */
  spendThere(caller: string, nowMs: number): void {
    const bucket = this.#bucketOf(caller, nowMs);
    bucket.tokens = Math.max(0, bucket.tokens - 1);
  }

  /** RATE-1. @param least So many have to be there. */
  refusal(caller: string, nowMs: number, least: number): RequestError | undefined {
    const { tokens } = this.#bucketOf(caller, nowMs);
    if (tokens >= least) return undefined;
    const seconds = Math.max(1, Math.ceil((least - tokens) / this.#perSecond));
    return new RequestError(
      'limit_exceeded',
      `The limit ${this.#limit} of ${String(this.#perSecond)} is reached: ${caller} has sent that many ${this.#what} to this node within a second. ` +
        `The request was not executed. Try again in ${String(seconds)} s, or ask another node.`,
      {
        limit: this.#limit,
        value: this.#perSecond,
        scope: 'node',
        retry_after_seconds: seconds,
      },
    );
  }
}

type RateLimits = Pick<
  ApiLimits,
  | 'maxRequestsPerSecondPerIdentity'
  | 'maxRequestsPerSecondPerAddress'
  | 'maxRequestBytesPerSecondPerIdentity'
  | 'maxRequestBytesPerSecondPerAddress'
>;

interface Pair {
  readonly requests: Buckets | undefined;
  readonly bytes: Buckets | undefined;
}

const bucketsOf = (limit: string, perSecond: number, what: string): Buckets | undefined =>
  perSecond === 0 ? undefined : new Buckets(limit, perSecond, what);

export class Rates {
  readonly #ofIdentity: Pair;
  readonly #ofAddress: Pair;
  readonly #now: () => number;

  /** @param now In ms; never runs backwards. */
  constructor(limits: RateLimits, now: () => number) {
    const of = (whose: 'identity' | 'address', requests: number, bytes: number): Pair => ({
      requests: bucketsOf(`max_requests_per_second_per_${whose}`, requests, 'requests'),
      bytes: bucketsOf(`max_request_bytes_per_second_per_${whose}`, bytes, 'bytes'),
    });
    this.#ofIdentity = of(
      'identity',
      limits.maxRequestsPerSecondPerIdentity,
      limits.maxRequestBytesPerSecondPerIdentity,
    );
    this.#ofAddress = of(
      'address',
      limits.maxRequestsPerSecondPerAddress,
      limits.maxRequestBytesPerSecondPerAddress,
    );
    this.#now = now;
  }

  /** Undefined where nothing is limited: nothing is counted then. */
  static of(limits: RateLimits, now: () => number): Rates | undefined {
    const isLimited = [
      limits.maxRequestsPerSecondPerIdentity,
      limits.maxRequestsPerSecondPerAddress,
      limits.maxRequestBytesPerSecondPerIdentity,
      limits.maxRequestBytesPerSecondPerAddress,
    ].some((limit) => limit > 0);
    return isLimited ? new Rates(limits, now) : undefined;
  }

  get size(): number {
    const all = [this.#ofIdentity, this.#ofAddress].flatMap(({ requests, bytes }) => [
      requests?.size ?? 0,
      bytes?.size ?? 0,
    ]);
    return all.reduce((most, size) => Math.max(most, size), 0);
  }

  /** RATE-1, RATE-2, RATE-4. @returns Why it is not executed. */
  take(caller: Caller, operation: string): RequestError | undefined {
    const nowMs = this.#now();
    let refused: RequestError | undefined;
    const isFree = isFreeOfRates(operation);
    for (const [{ requests, bytes }, whose] of this.#buckets(caller)) {
      refused ??= isFree ? undefined : requests?.refusal(whose, nowMs, 1);
      refused ??= isFree ? undefined : bytes?.refusal(whose, nowMs, 0);
    }
    if (refused === undefined)
      for (const [{ requests }, whose] of this.#buckets(caller)) {
        if (isFree) requests?.spendThere(whose, nowMs);
        else requests?.spend(whose, 1, nowMs);
      }
    return refused;
  }

  /** Of requests that have come. */
  spend(caller: Caller, byteLength: number): void {
    const nowMs = this.#now();
    for (const [{ bytes }, whose] of this.#buckets(caller)) bytes?.spend(whose, byteLength, nowMs);
  }

  #buckets({ identity, address }: Caller): readonly (readonly [Pair, string])[] {
    const ofAddress = [this.#ofAddress, callerOf(anonymous, address)] as const;
    return identity === anonymous
      ? [ofAddress]
      : [[this.#ofIdentity, callerOf(identity, address)], ofAddress];
  }
}
