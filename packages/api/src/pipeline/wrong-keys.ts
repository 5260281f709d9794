/**
 * How many wrong API keys an address may show this node in a second.
 *
 * WRONG-KEY-1: of each id of a key so many that do not hold are told to be wrong, and five times as many under all ids together.
 *     What comes beyond is refused as too many, which nobody has to write down, as long as there are too many.
 * WRONG-KEY-2: a key that holds is never refused for wrong ones: many users have one address behind a proxy, and one of them who
 *     shows an old key again and again must not cost the others their locks. To compare it takes one hash of a short text, less
 *     than the request that brought it; 256 random bits are guessed by nobody, however often they try.
 * WRONG-KEY-3: what is kept is bounded, and the same for ids that there are and that there are not.
 */
import { anonymous, callerOf } from '../callers.ts';
import type { RequestError } from '../request-error.ts';
import { Buckets } from './rates.ts';

const allIds = 5;
const limitName = 'max_wrong_keys_per_second_per_address';

export class WrongKeys {
  readonly #ofId: Buckets;
  readonly #ofAddress: Buckets;
  readonly #now: () => number;

  /** @param now In ms; never runs backwards. */
  constructor(perSecond: number, now: () => number) {
    this.#ofId = new Buckets(limitName, perSecond, 'wrong API keys under one id');
    this.#ofAddress = new Buckets(limitName, perSecond * allIds, 'wrong API keys');
    this.#now = now;
  }

  /** A key did not hold (WRONG-KEY-1). @returns Why it is not even told to be wrong. */
  wrong(keyId: string, address: string | undefined): RequestError | undefined {
    const from = callerOf(anonymous, address);
    const one = `${from} with ${keyId}`;
    const nowMs = this.#now();
    const refusal = this.#ofId.refusal(one, nowMs, 1) ?? this.#ofAddress.refusal(from, nowMs, 1);
    if (refusal !== undefined) return refusal;
    this.#ofId.spend(one, 1, nowMs);
    this.#ofAddress.spend(from, 1, nowMs);
    return undefined;
  }

  get size(): number {
    return Math.max(this.#ofId.size, this.#ofAddress.size);
  }
}
