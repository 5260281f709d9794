import { bootCountsSleep, bootNow } from '#boot-clock';

/** Time as the client sees it; injected so that tests own it. */
export interface ClientClock {
  /** Monotonic ms: leases are counted by it. */
  now(): number;
  /** Ms of a clock that goes on while the machine sleeps: never behind `now`, and it never goes back. */
  bootNow(): number;
  /** `bootNow` may miss that the machine slept: nothing is answered from memory then. */
  readonly mayMissSleep?: boolean;
  /** Calls back once; returns the cancel. */
  after(delayMs: number, callback: () => void): () => void;
  /** At least 0, less than 1. */
  random(): number;
}

export const systemClock: ClientClock = {
  now: () => performance.now(),
  bootNow,
  mayMissSleep: !bootCountsSleep,
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

/** A point in time by both clocks. */
export interface Moment {
  readonly monotonicMs: number;
  readonly bootMs: number;
}

export const momentOf = (clock: ClientClock): Moment => ({
  monotonicMs: clock.now(),
  bootMs: clock.bootNow(),
});

/**
 * Ms since then, by whichever clock says more: the monotonic one stops while the machine sleeps, the
 * other does not.
 */
export const passedMs = (clock: ClientClock, since: Moment): number =>
  Math.max(clock.now() - since.monotonicMs, clock.bootNow() - since.bootMs);
