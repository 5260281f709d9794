/**
 * Notices that the machine slept: timers count by a clock that does not count sleep, and come late by as long as that.
 *
 * WAKE-1: while somebody listens, the two clocks are compared every `lookEveryMs`: where the one that counts sleep has gone further
 *     since the last look, the machine has slept. One timer for all who listen.
 */
import type { ClientClock } from './clock.ts';

const lookEveryMs = 250;
/** The clocks tell the time in different steps, and are read one after the other. */
const toleranceMs = 50;

export class Wakes {
  readonly #clock: ClientClock;
  readonly #listeners = new Set<() => void>();
  /** By how much the one clock was ahead of the other. */
  #leadMs = 0;
  #cancelLook: (() => void) | undefined;

  constructor(clock: ClientClock) {
    this.#clock = clock;
  }

  /** Calls back after each sleep. @returns what ends it. */
  listen(onWake: () => void): () => void {
    this.#listeners.add(onWake);
    if (this.#cancelLook === undefined) {
      this.#leadMs = this.#lead;
      this.#planLook();
    }
    return () => {
      if (!this.#listeners.delete(onWake) || this.#listeners.size > 0) return;
      this.#cancelLook?.();
      this.#cancelLook = undefined;
    };
  }

  get #lead(): number {
    return this.#clock.bootNow() - this.#clock.now();
  }

  #planLook(): void {
    this.#cancelLook = this.#clock.after(lookEveryMs, () => this.#look());
  }

  /** WAKE-1. */
  #look(): void {
    this.#planLook();
    const leadMs = this.#lead;
    const slept = leadMs > this.#leadMs + toleranceMs;
    // What is less is not forgotten: many short sleeps are a long one.
    if (slept || leadMs < this.#leadMs) this.#leadMs = leadMs;
    if (slept) for (const onWake of this.#listeners) onWake();
  }
}
