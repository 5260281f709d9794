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
