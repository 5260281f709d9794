import type { HostClock } from '../../../src/node/host-options.ts';

/** Time and turns of the event loop that go on when a test says so. */
export class HandClock implements HostClock {
  nowMs = 0;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  #turn: (() => void)[] = [];

  now(): number {
    return this.nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  endOfTurn(callback: () => void): void {
    this.#turn.push(callback);
  }

  /** @returns How many waited for it. */
  endTurn(): number {
    const waiting = this.#turn.splice(0);
    for (const callback of waiting) callback();
    return waiting.length;
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
    }
    this.nowMs = untilMs;
  }
}
