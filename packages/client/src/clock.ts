/** Time as the client sees it; injected so that tests own it. */
export interface ClientClock {
  /** Monotonic ms: leases are counted by it. */
  now(): number;
  /** Wall clock ms: compared with `now` to notice a suspended machine, for nothing else. */
  wallNow(): number;
  /** Calls back once; returns the cancel. */
  after(delayMs: number, callback: () => void): () => void;
  /** At least 0, less than 1. */
  random(): number;
}

export const systemClock: ClientClock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

/** A point in time by both clocks. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export const momentOf = (clock: ClientClock): Moment => ({
  monotonicMs: clock.now(),
  wallMs: clock.wallNow(),
});

/**
 * Ms since then, by whichever clock says more: the monotonic one stands still while the machine sleeps, the
 * wall clock does not. A wall clock that is set back changes nothing.
 */
export const passedMs = (clock: ClientClock, since: Moment): number =>
  Math.max(clock.now() - since.monotonicMs, clock.wallNow() - since.wallMs);
