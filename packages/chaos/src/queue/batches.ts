/**
 * What one producer pushes by each request: messages of one of its keys or of both, whose partitions are others, so that what is
 * promised of a request (MSG-8 of the checker) is asked of several partitions. No other producer pushes these keys.
 */
import type { Randomness } from '../randomness.ts';

/** Messages that one request pushes. */
const pushedAtOnce = [1, 1, 1, 2, 3] as const;

export interface PushedTogether {
  readonly request: string;
  /** In the order in which they are pushed. */
  readonly messages: readonly { readonly key: string; readonly number: number }[];
}

export class Batches {
  readonly #producer: string;
  readonly #keys: readonly string[];
  readonly #randomness: Randomness;
  readonly #numbers = new Map<string, number>();
  #requests = 0;

  constructor(producer: string, randomness: Randomness) {
    this.#producer = producer;
    this.#keys = [`${producer}a`, `${producer}b`];
    this.#randomness = randomness;
  }

  next(): PushedTogether {
    this.#requests += 1;
    const count = this.#randomness.pick(pushedAtOnce);
    const messages = Array.from({ length: count }, () => {
      const key = this.#randomness.pick(this.#keys);
      const number = (this.#numbers.get(key) ?? 0) + 1;
      this.#numbers.set(key, number);
      return { key, number };
    });
    return { request: `${this.#producer} ${String(this.#requests)}`, messages };
  }
}
