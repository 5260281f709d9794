/**
 * Randomness out of one 64-bit seed: xoshiro128** (Blackman, Vigna: Scrambled linear pseudorandom number
 * generators, 2018), its state filled by SplitMix64. Fast, and the same on every machine.
 */
const mask64 = (1n << 64n) - 1n;

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: bigint) {
    let state = seed & mask64;
    const next = (): bigint => {
      state = (state + 0x9e3779b97f4a7c15n) & mask64;
      let mixed = state;
      mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n) & mask64;
      mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & mask64;
      return mixed ^ (mixed >> 31n);
    };
    const first = next();
    const second = next();
    this.#a = Number(first & 0xffffffffn) | 0;
    this.#b = Number(first >> 32n) | 0;
    this.#c = Number(second & 0xffffffffn) | 0;
    this.#d = Number(second >> 32n) | 0;
  }

  #bits(): number {
    const product = Math.imul(this.#b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** At least 0, less than 1. */
  next(): number {
    return this.#bits() / 0x1_0000_0000;
  }

  /** At least `from`, less than `to`. */
  between(from: number, to: number): number {
    return from + this.next() * (to - from);
  }

  /** A whole number from 0, less than `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
  withProbability(probability: number): boolean {
    return this.next() < probability;
  }

  /** @throws Error when there is nothing to choose from. */
  pick<T>(choices: readonly T[]): T {
    const chosen = choices[this.below(choices.length)];
    if (chosen === undefined) throw new Error('There is nothing to choose from.');
    return chosen;
  }

  /** In a random order. */
  shuffled<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let index = shuffled.length - 1; index > 0; index--) {
      const other = this.below(index + 1);
      [shuffled[index], shuffled[other]] = [shuffled[other] as T, shuffled[index] as T];
    }
    return shuffled;
  }

  /** A source of its own, so that one part's draws do not move another's. */
  fork(): Random {
    return new Random((BigInt(this.#bits()) << 32n) | BigInt(this.#bits()));
  }

  id(): string {
    return [this.#bits(), this.#bits()].map((word) => word.toString(16).padStart(8, '0')).join('');
  }
}
