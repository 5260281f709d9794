/** In which turn of the event loop one is, for those who bound what they do in one: one callback a turn serves all of them. */
import type { Clock } from '@holdfast/engine/parts';

export class TurnCount {
  readonly #clock: Pick<Clock, 'endOfTurn'>;
  #turn = 0;
  #isPlanned = false;

  constructor(clock: Pick<Clock, 'endOfTurn'>) {
    this.#clock = clock;
  }

  /** The same number until the present turn ends. Turns in which nobody asks are not counted. */
  readonly turn = (): number => {
    if (!this.#isPlanned) {
      this.#isPlanned = true;
      this.#clock.endOfTurn(() => {
        this.#isPlanned = false;
        this.#turn += 1;
      });
    }
    return this.#turn;
  };
}
