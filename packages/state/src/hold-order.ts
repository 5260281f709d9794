/**
 * The holds of one session in the order of their first tokens, so that a page of them costs what is on
 * the page. It is made when a page is first asked for: few sessions ever are.
 *
 * HO1: a hold has its place from its first grant to its end, and new ones come behind all others: a
 *      reader that goes on after the last token it has seen misses nothing that stands throughout.
 */
import type { Hold } from './pool.ts';

const fewestGaps = 64;

export class HoldOrder {
  #tokens: number[];
  /** Undefined where a hold has ended. */
  #holds: (Hold | undefined)[];
  #gaps = 0;

  constructor(kinds: readonly Iterable<Hold>[]) {
    const holds: Hold[] = [];
    let isOrdered = true;
    let last = 0;
    for (const kind of kinds) {
      for (const hold of kind) {
        holds.push(hold);
        if (hold.firstToken < last) isOrdered = false;
        last = hold.firstToken;
      }
    }
    // The locks of a session are in order already, unless one was raised.
    if (!isOrdered) holds.sort((a, b) => a.firstToken - b.firstToken);
    this.#holds = holds;
    this.#tokens = holds.map((hold) => hold.firstToken);
  }

  /** The token is above all that are here. */
  add(hold: Hold): void {
    this.#tokens.push(hold.firstToken);
    this.#holds.push(hold);
  }

  remove(hold: Hold): void {
    const index = this.#indexAfter(hold.firstToken - 1);
    if (this.#holds[index] !== hold) return;
    this.#holds[index] = undefined;
    this.#gaps += 1;
    if (this.#gaps >= fewestGaps && this.#gaps * 2 > this.#holds.length) this.#close();
  }

  /** Those whose first tokens are above `token`. */
  *after(token: number): Generator<Hold, void, undefined> {
    for (let index = this.#indexAfter(token); index < this.#holds.length; index++) {
      const hold = this.#holds[index];
      if (hold !== undefined) yield hold;
    }
  }

  #indexAfter(token: number): number {
    let low = 0;
    let high = this.#tokens.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#tokens[middle] ?? 0) <= token) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #close(): void {
    this.#holds = this.#holds.filter((hold) => hold !== undefined);
    this.#tokens = this.#holds.map((hold) => hold?.firstToken ?? 0);
    this.#gaps = 0;
  }
}
