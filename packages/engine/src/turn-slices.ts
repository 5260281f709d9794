/**
 * Things to do for very many callers, a slice a turn of the event loop.
 *
 * SLICE-1: they are done in the order in which they came, each once.
 * SLICE-2: one turn does at most `perTurn`, however many there are. The first slice is done at once.
 */
import type { Clock } from './clock.ts';

/** What each sets off in the same turn (a retry, a message) counts too: 200 of those take a few milliseconds. */
const defaultPerTurn = 200;

export class TurnSlices {
  readonly #clock: Clock;
  readonly #perTurn: number;
  /** Those before `#head` are done. */
  #work: Iterator<() => void>[] = [];
  #head = 0;
  #leftThisTurn: number;
  #isPlanned = false;
  #isGoing = false;
  #whenDone: (() => void)[] = [];

  constructor(clock: Clock, perTurn: number = defaultPerTurn) {
    this.#clock = clock;
    this.#perTurn = perTurn;
    this.#leftThisTurn = perTurn;
  }

  /** @param steps Read as they are done. They do not throw. */
  add(steps: Iterable<() => void>): void {
    this.#work.push(steps[Symbol.iterator]());
    this.#go();
  }

  /** Resolves when all that came so far, and what came meanwhile, is done. */
  done(): Promise<void> {
    if (this.#work.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenDone.push(resolve);
    });
  }

  #go(): void {
    if (this.#isGoing) return; // A step that adds others does not overtake those before them.
    this.#isGoing = true;
    while (this.#leftThisTurn > 0 && this.#head < this.#work.length) {
      const next = this.#work[this.#head]?.next();
      if (next === undefined || next.done === true) {
        this.#head += 1;
        continue;
      }
      this.#plan();
      this.#leftThisTurn -= 1;
      next.value(); // SLICE-1
    }
    this.#isGoing = false;
    if (this.#head < this.#work.length) return;
    this.#work = [];
    this.#head = 0;
    const whenDone = this.#whenDone;
    this.#whenDone = [];
    for (const resolve of whenDone) resolve();
  }

  /** The next turn has a slice of its own (SLICE-2). */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#clock.endOfTurn(() => {
      this.#isPlanned = false;
      this.#leftThisTurn = this.#perTurn;
      this.#go();
    });
  }
}
