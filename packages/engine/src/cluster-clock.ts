/**
 * Cluster time: what the leader stamps on entries. It goes on from the last applied entry's time
 * by the leader's own monotonic clock and never decreases, across leaders too (spec rule 2.1).
 */
export class ClusterClock {
  #baseTimeMs = 0;
  #baseNowMs = 0;
  #lastMs = 0;

  /** This node leads from now on; `stateTimeMs` is the time of the last applied entry. */
  restart(stateTimeMs: number, nowMs: number): void {
    this.#baseTimeMs = stateTimeMs;
    this.#baseNowMs = nowMs;
    this.#lastMs = stateTimeMs;
  }

  read(nowMs: number): number {
    const time = this.#baseTimeMs + Math.floor(nowMs - this.#baseNowMs);
    if (time > this.#lastMs) this.#lastMs = time;
    return this.#lastMs;
  }
}
