/**
 * In which order a node does what it is asked for: whoever holds goes before whoever wants.
 *
 * ACQUIRE-QUEUE-1: renewals, confirms and releases are done when they arrive. Acquires and waits stand in one queue for all
 *     clients, and are done in slices of a few ms, between which what has arrived meanwhile is read: however many want
 *     a lease, no lease is lost and none stands longer than it has to because of them.
 * ACQUIRE-QUEUE-2: what its caller has cancelled meanwhile is not done any more, and beyond a bound nothing is taken:
 *     `overloaded` tells clients to ask more seldom.
 */
import { HoldfastError } from '@holdfast/protocol';

export interface AcquireQueueOptions {
  /** Monotonic, in ms. */
  readonly now: () => number;
  /** After what has arrived was read. */
  readonly afterReading: (callback: () => void) => void;
  readonly sliceMs?: number;
  readonly mostWaiting?: number;
}

const defaultSliceMs = 4;
const defaultMostWaiting = 50_000;

export class AcquireQueue {
  readonly #options: AcquireQueueOptions;
  /** In the order in which they came. */
  readonly #waiting = new Set<() => void>();
  #isPlanned = false;

  constructor(options: AcquireQueueOptions) {
    this.#options = options;
  }

  /** @param gone Aborted when the caller has cancelled. @throws HoldfastError `overloaded`, and what `act` throws. */
  whenOthersAreDone<T>(gone: AbortSignal, act: () => Promise<T>): Promise<T> {
    const { mostWaiting = defaultMostWaiting } = this.#options;
    if (this.#waiting.size >= mostWaiting) return Promise.reject(overloaded());
    return new Promise((resolve, reject) => {
      this.#waiting.add(() => {
        if (gone.aborted) reject(cancelledRequest);
        else act().then(resolve, reject);
      });
      this.#plan();
    });
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#options.afterReading(() => {
      this.#isPlanned = false;
      this.#slice();
    });
  }

  #slice(): void {
    const { now, sliceMs = defaultSliceMs } = this.#options;
    const untilMs = now() + sliceMs;
    for (const act of this.#waiting) {
      this.#waiting.delete(act);
      act();
      if (now() >= untilMs) break;
    }
    if (this.#waiting.size > 0) this.#plan();
  }
}

const overloaded = (): HoldfastError =>
  new HoldfastError(
    'overloaded',
    'This node is at capacity: it has more requests than it can answer. Retry later, and less often.',
  );

/** Nobody reads it. */
const cancelledRequest = new HoldfastError('cancelled', 'The caller cancelled the request.');
