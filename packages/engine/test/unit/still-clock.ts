import type { Clock } from '../../src/clock.ts';

/** A clock that is stopped until the test moves it. */
export class StillClock implements Clock {
  nowMs = 1000;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.nowMs;
  }

  bootNow(): number {
    return this.now();
  }

  wallNow(): number {
    return 1_000_000 + this.nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  endOfTurn(callback: () => void): void {
    queueMicrotask(callback);
  }

  /** Time passes, and timers fire when they are due. */
  pass(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.atMs <= endMs).sort(byTime)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
    }
    this.nowMs = endMs;
  }

  /** Time passes and no timer fires: the process is paused. */
  standStill(durationMs: number): void {
    this.nowMs += durationMs;
  }
}

const byTime = (a: { readonly atMs: number }, b: { readonly atMs: number }): number =>
  a.atMs - b.atMs;
