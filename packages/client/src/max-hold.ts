/**
 * The longest time of a hold, as its client may believe in it.
 *
 * MAX-HOLD-1: the cluster counts it from the grant. The hold is certain for that time, less a margin, from the moment at which it was asked
 *     for, by comparing clocks (clock.ts), whether or not anybody has told that it ended. Nothing tells when a request that waited was
 *     granted: then it counts from when the answer was read. A program that was paused between the grant and that, or whose connection
 *     broke there, so that the request was sent again, believes in it for that much too long; `isHeld` tells programs of it. What it
 *     guards refuses an older token in any case.
 * MAX-HOLD-2: all acquires of one lock, or of one leadership, that a session has are one hold of the cluster: of their ends the earliest
 *     counts, for each of them.
 */
import { momentOf, passedMs } from './clock.ts';
import type { ClientClock, Moment } from './clock.ts';
import type { AcquireOptions } from './acquiring.ts';

/** Clocks of machines do not run alike: kept back, as of a session's lease. */
const longestMarginMs = 1000;

/** When a hold ends at the latest, though its session lives on. */
export interface LatestEnd {
  /** Ms until then; 0 or less: it may have ended. */
  readonly leftMs: number;
}

/** Of a hold that is asked for. */
export class MaxHold {
  readonly #clock: ClientClock;
  readonly #maxHoldMs: number;
  readonly #mayWait: boolean;
  readonly #askedAt: Moment;

  constructor(clock: ClientClock, maxHoldMs: number, mayWait: boolean) {
    this.#clock = clock;
    this.#maxHoldMs = maxHoldMs;
    this.#mayWait = mayWait;
    this.#askedAt = momentOf(clock);
  }

  /** Its answer has just been read (MAX-HOLD-1). */
  end(): LatestEnd {
    const clock = this.#clock;
    const marginMs = Math.min(longestMarginMs, this.#maxHoldMs / 10);
    const certainMs = this.#maxHoldMs - marginMs;
    const hasWaited = this.#mayWait && passedMs(clock, this.#askedAt) > marginMs;
    const since = hasWaited ? momentOf(clock) : this.#askedAt;
    return {
      get leftMs() {
        return certainMs - passedMs(clock, since);
      },
    };
  }
}

/** Undefined: it has no longest time. */
export const maxHoldOf = (
  clock: ClientClock,
  { maxHoldMs, waitMs = 0 }: AcquireOptions,
): MaxHold | undefined =>
  maxHoldMs === undefined ? undefined : new MaxHold(clock, maxHoldMs, waitMs > 0);
