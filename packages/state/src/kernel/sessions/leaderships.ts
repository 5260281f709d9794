/**
 * The leaderships of the log: their numbers, and when each began, in cluster time. What is left of the lease
 * of a session is told from them, whoever leads: the memory of a former leader is lost with it.
 *
 * HEARD-1: a session is heard of in the leadership in which the latest entry stands that is a sign of life of
 *     it (sign-of-life.ts). Nothing that a leader answered from memory alone counts, so a leader answers a keepalive
 *     from memory only for a session that is heard of in its own leadership (engine/src/leadership.ts LEADERSHIP-4).
 * HEARD-2: so no keepalive of a session was answered that was sent after the first leadership began in which
 *     the session was not heard of. Its lease is over when its timeout has passed since that beginning, and never
 *     before, however many leaderships there were since.
 * HEARD-3: beginnings that are merged count from the later one: a lease gets longer by that, never shorter. They
 *     are merged only where the later one is not further from the beginning before both than a quarter of the
 *     time since. So a session whose last sign of life came at `s` counts either from the true beginning or, when
 *     its timeout `t` is over, from one that is not later than `s + t / 4`; and there are never more than some
 *     hundred beginnings, however often leaders change.
 */
import type { ClusterTimeMs } from '../names.ts';

interface Beginning {
  readonly number: number;
  readonly atMs: ClusterTimeMs;
}

/** Merged beginnings lie within this part of the time since (HEARD-3). */
const mergedPart = 4;

export class Leaderships {
  /** In order; the first stands for what was before the first leadership. */
  #beginnings: Beginning[] = [{ number: 0, atMs: 0 }];

  /** Number of the present one, 0 before the first. */
  get current(): number {
    return this.#beginnings.at(-1)?.number ?? 0;
  }

  get beginningCount(): number {
    return this.#beginnings.length;
  }

  begin(atMs: ClusterTimeMs): void {
    const next = { number: this.current + 1, atMs };
    const before = this.#beginnings;
    const kept: Beginning[] = [];
    let latest = before[0];
    for (const [index, beginning] of before.entries()) {
      const later = before[index + 1] ?? next;
      // HEARD-3
      if (
        index > 0 &&
        latest !== undefined &&
        (later.atMs - latest.atMs) * mergedPart <= atMs - later.atMs
      )
        continue;
      kept.push(beginning);
      latest = beginning;
    }
    kept.push(next);
    this.#beginnings = kept;
  }

  /**
   * When the first leadership began in which a session was not heard of (HEARD-2), or one soon after it
   * (HEARD-3). Undefined: it is heard of in the present one.
   *
   * @param heardIn The leadership in which it was last heard of.
   */
  unheardSinceMs(heardIn: number): ClusterTimeMs | undefined {
    let low = 0;
    let high = this.#beginnings.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#beginnings[middle]?.number ?? 0) > heardIn) high = middle;
      else low = middle + 1;
    }
    return this.#beginnings[low]?.atMs;
  }

  /** As a snapshot has them: number and beginning of each in turn. */
  toNumbers(): readonly number[] {
    return this.#beginnings.flatMap(({ number, atMs }) => [number, atMs]);
  }

  /** @returns false where these are not what `toNumbers` gives. */
  restore(numbers: readonly number[]): boolean {
    const beginnings: Beginning[] = [];
    for (let index = 0; index < numbers.length; index += 2) {
      const [number, atMs] = [numbers[index], numbers[index + 1]];
      if (number === undefined || atMs === undefined) return false;
      const before = beginnings.at(-1);
      if (before === undefined ? number !== 0 : number <= before.number || atMs < before.atMs)
        return false;
      beginnings.push({ number, atMs });
    }
    this.#beginnings = beginnings;
    return beginnings.length > 0;
  }
}
