/** Time and turns as the engine sees them; injected so that a simulator can own them. */
import { bootNow } from './boot-clock.ts';

/** What the engine needs of them. */
export interface Clock {
  /** Monotonic, in ms. Every decision uses this one. */
  now(): number;
  /** Ms of a clock that goes on while the machine sleeps, and that nobody sets. */
  bootNow(): number;
  /** Wall clock, in ms since 1970: for people, never for a decision. */
  wallNow(): number;
  /** Calls back once after `delayMs`; returns the cancel. */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls back at the end of the present event-loop turn. */
  endOfTurn(callback: () => void): void;
}

/** The clock of a real process. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  bootNow,
  wallNow: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  endOfTurn(callback) {
    setImmediate(callback);
  },
};
