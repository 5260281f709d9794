/** Time and turns as the engine sees them; injected so that a simulator can own them. */
import { bootCountsSleep, bootNow } from './boot-clock.ts';

/** What the engine needs of them. */
export interface Clock {
  /** Monotonic, in ms. Every decision uses this one. */
  now(): number;
  /** Ms of a clock that goes on while the machine sleeps, and that nobody sets. */
  bootNow(): number;
  /** `bootNow` may miss that the machine slept: nothing is answered from memory then. */
  readonly mayMissSleep?: boolean;
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
  mayMissSleep: !bootCountsSleep,
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
