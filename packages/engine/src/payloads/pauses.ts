/** Pauses that end at once when their owner stops. */
import type { Clock } from '../clock.ts';

export class Pauses {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #ends = new Set<() => void>();
  #isOver = false;

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  async pause(durationMs: number): Promise<void> {
    if (this.#isOver) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        cancel();
        this.#ends.delete(end);
        resolve();
      };
      const cancel = this.#clock.after(durationMs, end);
      this.#ends.add(end);
    });
  }

  end(): void {
    this.#isOver = true;
    for (const end of this.#ends) end();
  }
}
