/** How long a node's repeated work takes, told to whoever makes metrics of it. */

/** A durable write of the log; one entry in the state machine; a snapshot of the own state; a write of the cache that waits. */
export type TimedWork = 'durable_write' | 'apply' | 'snapshot' | 'cache_invalidation';

export type TimingListener = (work: TimedWork, seconds: number) => void;

export class Timings {
  readonly #listeners = new Set<TimingListener>();

  /** @returns The unsubscribe. */
  listen(listener: TimingListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  took(work: TimedWork, durationMs: number): void {
    for (const listener of this.#listeners) listener(work, durationMs / 1000);
  }
}
