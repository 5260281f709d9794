/**
 * Reads of the state, of which many may be asked for at the same moment: one proof answers all of a turn, and a page of
 * what a session holds takes some milliseconds. And large requests, which take as long to be read.
 *
 * TURN-SHARE-1: each is made once, in the order in which they came.
 * TURN-SHARE-2: one turn of the event loop makes them until its share of time is used up; the others follow in the next turns,
 *     however many there are. One that throws is the caller's, and holds up no other.
 * TURN-SHARE-3: what was begun here and goes on in a later turn does so before anything new is begun: one at a time is begun and not
 *     done, and so the memory that is held for them is that of one, however many wait.
 */
import type { Clock } from './clock.ts';
import { Fifo } from './fifo.ts';

/** About as long again takes it to encode what was read. */
const maxTurnMs = 4;

export class TurnShare {
  readonly #clock: Pick<Clock, 'now' | 'endOfTurn'>;
  readonly #waiting = new Fifo<() => void>();
  /** Before those (TURN-SHARE-3). */
  readonly #begun = new Fifo<() => void>();
  /** Since the last turn that was ended for it: a turn is not looked at before its share may be used up. */
  #usedMs = 0;
  #isPlanned = false;

  constructor(clock: Pick<Clock, 'now' | 'endOfTurn'>) {
    this.#clock = clock;
  }

  /** At once, where this turn has time left. */
  run<Result>(read: () => Result): Result | Promise<Result> {
    return this.#isPlanned ? this.#queued(this.#waiting, read) : this.#timed(read);
  }

  /** In one of the next turns, behind those that wait. */
  later<Result>(read: () => Result): Promise<Result> {
    return this.#inNextTurn(this.#waiting, read);
  }

  /** In the next turn, before those that wait: what `run` has begun, and has used up its time in this one (TURN-SHARE-3). */
  goOn<Result>(read: () => Result): Promise<Result> {
    return this.#inNextTurn(this.#begun, read);
  }

  #inNextTurn<Result>(queue: Fifo<() => void>, read: () => Result): Promise<Result> {
    this.#usedMs = Math.max(this.#usedMs, maxTurnMs); // Also where it is asked for by one that waited: not in this one.
    this.#plan();
    return this.#queued(queue, read);
  }

  #queued<Result>(queue: Fifo<() => void>, read: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      queue.push(() => {
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
        const next = this.#begun.shift() ?? this.#waiting.shift(); // TURN-SHARE-3
        if (next === undefined) break;
        next(); // TURN-SHARE-1
      }
      this.#isPlanned = false;
      if (this.#usedMs >= maxTurnMs) this.#plan(); // Also where nobody waits: this turn has had its share.
    });
  }
}
