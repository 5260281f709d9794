/** What the searches for deadlocks in one entry of the log have in common (deadlock.ts STATE-DEADLOCK-3). */
import { shorterSearchesLevel } from '../../kernel/levels.ts';
import type { StateLimits } from '../../kernel/limits.ts';
import type { Holders, Pool, Session } from './pool.ts';

/** Some 10 ms, and 25 ms where no cache of the processor has the waiters, for all requests of an entry together. */
const maxSearchSteps = 100_000;
/** As it was below `shorterSearchesLevel`. */
const maxSearchStepsBefore = 200_000;

/** Entries that were logged before there was a bound of work are searched to the end, as they were then (LIMIT-1). */
export function searchStepsUnder({ maxWorkPerEntry }: StateLimits, featureLevel: number): number {
  if (maxWorkPerEntry === Number.MAX_SAFE_INTEGER) return maxWorkPerEntry;
  return featureLevel >= shorterSearchesLevel ? maxSearchSteps : maxSearchStepsBefore;
}

/** What a session holds of a pool. */
export interface Share {
  readonly session: Session;
  readonly units: number;
}

/** What the searches of one entry have in common. */
export class Searches {
  #stepsLeft: number;
  readonly #shares = new Map<
    Holders,
    { readonly version: number; readonly shares: readonly Share[] }
  >();

  constructor(maxSteps: number = maxSearchSteps) {
    this.#stepsLeft = maxSteps;
  }

  get stepsLeft(): number {
    return this.#stepsLeft;
  }

  /** Counts a step; false when the entry has done as many as it may (STATE-DEADLOCK-3). */
  step(): boolean {
    if (this.#stepsLeft <= 0) return false;
    this.#stepsLeft -= 1;
    return true;
  }

  /** Who holds a pool, the largest share first. Undefined: looking would take too long (STATE-DEADLOCK-3). */
  sharesOf(pool: Pool): readonly Share[] | undefined {
    const { firstHold, holders } = pool;
    if (holders === undefined) return firstHold === undefined ? [] : [firstHold];
    const known = this.#shares.get(holders);
    if (known?.version === holders.version) return known.shares;
    const units = new Map<Session, number>();
    for (let hold = holders.first; hold !== undefined; hold = hold.next) {
      if (!this.step()) return undefined;
      units.set(hold.session, (units.get(hold.session) ?? 0) + hold.units);
    }
    const shares = Array.from(units, ([session, held]): Share => ({ session, units: held }));
    shares.sort((a, b) => b.units - a.units);
    this.#shares.set(holders, { version: holders.version, shares });
    return shares;
  }
}
