/** Whether somebody has set the wall clock (AUDIT-FILE-9 of the writer): it and a clock that nobody sets went apart. */

/** Clocks are slewed by less, and a look at both takes less. */
const leastStepMs = 60_000;
const untrustedMs = 86_400_000;

export interface ClockLook {
  /** By how much the wall clock was set since the last look; 0: it was not. */
  readonly stepMs: number;
  /** False for a day after a step. */
  readonly isTrusted: boolean;
}

export class ClockSteps {
  readonly #now: () => number;
  #offsetMs: number;
  #untrustedUntilMs = Number.NEGATIVE_INFINITY;

  /** @param now Monotonic, in ms. */
  constructor(now: () => number) {
    this.#now = now;
    this.#offsetMs = Date.now() - now();
  }

  look(wallMs: number): ClockLook {
    const nowMs = this.#now();
    const offsetMs = wallMs - nowMs;
    const movedMs = offsetMs - this.#offsetMs;
    this.#offsetMs = offsetMs;
    const isStep = Math.abs(movedMs) >= leastStepMs;
    if (isStep) this.#untrustedUntilMs = nowMs + untrustedMs;
    return { stepMs: isStep ? movedMs : 0, isTrusted: nowMs >= this.#untrustedUntilMs };
  }
}
