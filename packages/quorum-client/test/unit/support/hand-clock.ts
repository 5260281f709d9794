import type { ClientClock } from '@holdfast/client/parts';

/** Resolves when everything that does not wait for time has been done. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What comes of it while the clock is stopped: it fails where that is nothing. */
export async function atOnce<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  await settle();
  const pending = Symbol('pending');
  const come = await Promise.race([promise, Promise.resolve(pending)]);
  if (come === pending) throw new Error('It goes on waiting.');
  return promise;
}

/** A clock that is stopped until the test moves it. */
export class HandClock implements ClientClock {
  nowMs = 5000;
  bootMs = 1_000_000;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.nowMs;
  }

  bootNow(): number {
    return this.bootMs;
  }

  random(): number {
    return 0.5;
  }

  get timers(): number {
    return this.#timers.length;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Timers fire at their times, each after all that came before has been done. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      await settle();
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#set(next.atMs);
      next.callback();
    }
    this.#set(untilMs);
  }

  /** No timer fires, as in a blocked event loop. */
  stall(ms: number): void {
    this.#set(this.nowMs + ms);
  }

  #set(nowMs: number): void {
    this.bootMs += Math.max(0, nowMs - this.nowMs);
    this.nowMs = Math.max(this.nowMs, nowMs);
  }
}
