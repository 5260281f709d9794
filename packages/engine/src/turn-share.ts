/**
 * Reads of the state, of which many may be asked for at the same moment: one proof answers all of a turn, and a page of
 * what a session holds takes some milliseconds.
 *
 * TURN-SHARE-1: each is made once, in the order in which they came.
 * TURN-SHARE-2: one turn of the event loop makes them until its share of time is used up; the others follow in the next turns,
 *     however many there are. One that throws is the caller's, and holds up no other.
 */
import type { Clock } from './clock.ts';
import { Fifo } from './fifo.ts';

/** About as long again takes it to encode what was read. */
const maxTurnMs = 4;

export class TurnShare {
  readonly #clock: Pick<Clock, 'now' | 'endOfTurn'>;
  readonly #waiting = new Fifo<() => void>();
  /** Since the last turn that was ended for it: a turn is not looked at before its share may be used up. */
  #usedMs = 0;
  #isPlanned = false;

  constructor(clock: Pick<Clock, 'now' | 'endOfTurn'>) {
    this.#clock = clock;
  }

  /** At once, where this turn has time left. */
  run<Result>(read: () => Result): Result | Promise<Result> {
    return this.#isPlanned ? this.#queued(read) : this.#timed(read);
  }

  #queued<Result>(read: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(this.#timed(read));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }

  #timed<Result>(read: () => Result): Result {
    const startedMs = this.#clock.now();
    try {
      return read();
    } finally {
      this.#usedMs += this.#clock.now() - startedMs;
      if (this.#usedMs >= maxTurnMs) this.#plan(); // TURN-SHARE-2
    }
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#clock.endOfTurn(() => {
      this.#usedMs = 0;
      while (this.#usedMs < maxTurnMs) {
        const next = this.#waiting.shift();
        if (next === undefined) break;
        next(); // TURN-SHARE-1
      }
      this.#isPlanned = false;
      if (this.#usedMs >= maxTurnMs) this.#plan(); // Also where nobody waits: this turn has had its share.
    });
  }
}
