/**
 * The states that were met, as 64-bit fingerprints, each with the state that it was first reached from.
 *
 * Two states with the same fingerprint count as one. Of n states some pair shares one with a probability of
 * about n² / 2^65: 3 in a million for ten million states, 5 in ten thousand for 130 million.
 */
import { IntList } from './int-list.ts';

export interface Fingerprint {
  low: number;
  high: number;
}

/** Two rounds of the body of MurmurHash3 with different seeds. */
export function fingerprintInto(state: Int32Array, into: Fingerprint): void {
  let low = 0x2545f491;
  let high = 0x6c078965;
  for (let place = 0; place < state.length; place++) {
    const value = state[place] ?? 0;
    let one = Math.imul(value, 0xcc9e2d51);
    one = (one << 15) | (one >>> 17);
    low ^= Math.imul(one, 0x1b873593);
    low = (low << 13) | (low >>> 19);
    low = (Math.imul(low, 5) + 0xe6546b64) | 0;
    let other = Math.imul(value + 0x3c6ef372, 0x239b961b);
    other = (other << 16) | (other >>> 16);
    high ^= Math.imul(other, 0xab0e9789);
    high = (high << 17) | (high >>> 15);
    high = (Math.imul(high, 5) + 0x561ccd1b) | 0;
  }
  into.low = mixed(low);
  into.high = mixed(high ^ low);
}

function mixed(hash: number): number {
  let value = hash ^ (hash >>> 16);
  value = Math.imul(value, 0x85ebca6b);
  value ^= value >>> 13;
  value = Math.imul(value, 0xc2b2ae35);
  return value ^ (value >>> 16);
}

export class VisitedStates {
  /** One more than the number of the state. */
  #places = new Int32Array(1 << 16);
  readonly #low = new IntList(1 << 16);
  readonly #high = new IntList(1 << 16);
  readonly #parents = new IntList(1 << 16);

  get size(): number {
    return this.#low.length;
  }

  /** @returns Whether it was not there yet; its number is `size - 1` then. */
  add({ low, high }: Fingerprint, parent: number): boolean {
    if ((this.#low.length + 1) * 2 > this.#places.length) this.#grow();
    const place = this.#place(low, high);
    if (this.#places[place] !== 0) return false;
    this.#low.push(low);
    this.#high.push(high);
    this.#parents.push(parent);
    this.#places[place] = this.#low.length;
    return true;
  }

  /** -1 for one that the search began with. */
  parentOf(state: number): number {
    return this.#parents.at(state);
  }

  is(state: number, { low, high }: Fingerprint): boolean {
    return this.#low.at(state) === low && this.#high.at(state) === high;
  }

  #place(low: number, high: number): number {
    const mask = this.#places.length - 1;
    let place = low & mask;
    for (;;) {
      const state = (this.#places[place] ?? 0) - 1;
      if (state < 0 || (this.#low.at(state) === low && this.#high.at(state) === high)) return place;
      place = (place + 1) & mask;
    }
  }

  #grow(): void {
    this.#places = new Int32Array(this.#places.length * 2);
    for (let state = 0; state < this.#low.length; state++)
      this.#places[this.#place(this.#low.at(state), this.#high.at(state))] = state + 1;
  }
}
