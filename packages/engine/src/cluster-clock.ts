/**
 * Cluster time: what the leader stamps on entries.
 *
 * CLOCK-1: it never decreases, across leaders too: it goes on from the time of the last applied entry (SPEC.md T3).
 * CLOCK-2: between two entries no more of it passes than passed in truth between their stamping, by clocks that run
 *     right, and less than a millisecond for rounding. A leader goes on from the moment at which this node applied the
 *     last entry before its own, which is not before the moment at which that was stamped. While it leads it goes on by its
 *     own monotonic clock alone.
 * CLOCK-3: it goes on while nothing is logged, and over changes of the leader: every node counts for itself since the
 *     last entry that it applied. What a node misses by its restart, or by applying late, makes it later.
 */
export class ClusterClock {
  /** The last applied entry, and when this node applied it. */
  #entryTimeMs = 0;
  #entryNowMs = 0;
  /** From where this node goes on while it leads. */
  #baseTimeMs = 0;
  #baseNowMs = 0;
  #lastMs = 0;

  /** An entry was applied, or a state with the entries up to it. Each one counts, also of the same time as the one before (CLOCK-2). */
  applied(timeMs: number, nowMs: number): void {
    this.#entryTimeMs = timeMs;
    this.#entryNowMs = nowMs;
  }

  /** This node leads from now on: it has applied every entry of former leaders. */
  lead(): void {
    this.#baseTimeMs = this.#entryTimeMs;
    this.#baseNowMs = this.#entryNowMs;
    this.#lastMs = this.#entryTimeMs;
  }

  /**
   * What any node may show as the time of now: that of its last entry, and what has passed since (CLOCK-3). It may be
   * later than the time of the leader, for what was applied late, and no rule may be decided by it.
   */
  estimate(nowMs: number): number {
    return this.#entryTimeMs + Math.max(0, Math.floor(nowMs - this.#entryNowMs));
  }

  /** Only while this node leads. */
  read(nowMs: number): number {
    const time = this.#baseTimeMs + Math.floor(nowMs - this.#baseNowMs);
    if (time > this.#lastMs) this.#lastMs = time;
    return this.#lastMs;
  }
}

/** What cluster time may be ahead of the truth between two moments (CLOCK-2). */
export const clusterClockGrainMs = 1;
