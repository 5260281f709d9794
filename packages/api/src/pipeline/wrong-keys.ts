/**
 * How many wrong API keys an address may show this node in a second.
 *
 * WRONG-KEY-1: of each id of a key so many are looked at that do not hold, and five times as many under all ids together. What comes
 *     beyond is refused before it is compared, right or wrong, as long as there are too many: nobody guesses fast, or keeps a node
 *     busy with it.
 * WRONG-KEY-2: a key that has proven itself from an address is not refused for wrong ones under other ids: many users have one
 *     address behind a proxy.
 * WRONG-KEY-3: what is kept is bounded, and the same for ids that there are and that there are not.
 */
import { anonymous, callerOf } from '../callers.ts';
import type { RequestError } from '../request-error.ts';
import { Buckets } from './rates.ts';
import { Recent } from './recent.ts';

const allIds = 5;
const mostProven = 10_000;
const limitName = 'max_wrong_keys_per_second_per_address';

export class WrongKeys {
  readonly #ofId: Buckets;
  readonly #ofAddress: Buckets;
  readonly #proven = new Recent<true>(mostProven);
  readonly #now: () => number;

  /** @param now In ms; never runs backwards. */
  constructor(perSecond: number, now: () => number) {
    this.#ofId = new Buckets(limitName, perSecond, 'wrong API keys under one id');
    this.#ofAddress = new Buckets(limitName, perSecond * allIds, 'wrong API keys');
    this.#now = now;
  }

  /** WRONG-KEY-1, WRONG-KEY-2. @returns Why this key is not looked at. */
  refusal(keyId: string, address: string | undefined): RequestError | undefined {
    const from = callerOf(anonymous, address);
    const one = `${from} with ${keyId}`;
    const nowMs = this.#now();
    return (
      this.#ofId.refusal(one, nowMs, 1) ??
      (this.#proven.get(one) === true ? undefined : this.#ofAddress.refusal(from, nowMs, 1))
    );
  }

  wrong(keyId: string, address: string | undefined): void {
    const from = callerOf(anonymous, address);
    const nowMs = this.#now();
    this.#ofId.spend(`${from} with ${keyId}`, 1, nowMs);
    this.#ofAddress.spend(from, 1, nowMs);
  }

  proven(keyId: string, address: string | undefined): void {
    const one = `${callerOf(anonymous, address)} with ${keyId}`;
    if (this.#proven.get(one) === undefined) this.#proven.set(one, true);
  }

  get size(): number {
    return Math.max(this.#ofId.size, this.#ofAddress.size, this.#proven.size);
  }
}
