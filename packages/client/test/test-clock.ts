import type { ClientClock } from '../src/clock.ts';

/** A clock that is stopped until the test moves it. Timers may be held back, as in a blocked event loop. */
export class TestClock implements ClientClock {
  nowMs = 1000;
  bootMs = 1_000_000;
  timersRun = true;
  #timers: { atMs: number; callback: () => void }[] = [];

  now(): number {
    return this.nowMs;
  }

  bootNow(): number {
    return this.bootMs;
  }

  random(): number {
    return 0.5;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.#timers.push(timer);
    if (delayMs === 0) setImmediate(() => this.#fire());
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.bootMs += ms;
    if (this.timersRun) this.#fire();
  }

  #fire(): void {
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.atMs <= this.nowMs)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) return;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      due.callback();
    }
  }
}
