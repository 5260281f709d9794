/**
 * Who waits for whom, and whether a wait closes a circle.
 *
 * A session waits for another one when it has a waiter in a pool and the other one waits ahead of it
 * there, or holds units without which what it wants can never be free. For locks and elections that
 * is exact. Of a semaphore's several holders only one that is indispensable counts: permits that any
 * of several may give back are no reason to refuse.
 *
 * C1: circles come to be only when a request takes its place in a queue, be it to be given at once
 *     because it passes all others, so looking then finds them all: a grant turns "waits ahead" into
 *     "holds", and whatever ends takes such ties away. (Lowering the limit of a semaphore can tie
 *     holders closer; such a circle ends with the wait's deadline.)
 * C2: a waiter whose terms say `independent` ties its session to nobody.
 * C4: a session that has ended waits for nobody: what it has goes by itself, in the next entries.
 * C3: the search is bounded, for each entry of the log: beyond `maxSteps` a request waits, and its
 *     deadline ends it. The same on every node: steps are counted, not time.
 *
 * Holt, Some deadlock properties of computer systems, 1972; the tie by the queue is what makes
 * a request wait for those ahead of it whatever they want.
 */
import type { Pool, Waiter } from './pool.ts';
import type { Session } from './sessions.ts';
import type { Tables } from './tables.ts';

/** Some ms, for all requests of an entry together. */
const maxSteps = 1_000_000;

/**
 * The circle that a waiter in its place closes: the waiters through which it goes, itself first.
 * Undefined: there is none.
 */
export function circleThrough(tables: Tables, origin: Waiter): readonly Waiter[] | undefined {
  if (origin.terms?.independent === true || !couldBeAwaited(origin)) return undefined; // C2
  return new Search(tables, origin).run();
}

/** Nobody waits for a session that holds nothing and is last in every queue. */
function couldBeAwaited({ session, next }: Waiter): boolean {
  return next !== undefined || session.load > session.barriers.size;
}

class Search {
  readonly #tables: Tables;
  readonly #origin: Waiter;
  /** By which waiter, of an earlier session, each session was reached. */
  readonly #reachedBy = new Map<Session, Waiter>();
  readonly #toLookAt: Session[] = [];
  /** Of each queue: the last one ahead of which all have been seen. */
  readonly #walkedFrom = new Map<Pool, Waiter>();
  readonly #units = new Map<Pool, ReadonlyMap<Session, number>>();

  constructor(tables: Tables, origin: Waiter) {
    this.#tables = tables;
    this.#origin = origin;
  }

  run(): readonly Waiter[] | undefined {
    const { session } = this.#origin;
    let last = this.#lookFrom(this.#origin);
    // Who is passed waits for this session from now on, whatever it waits for itself (C1). Where
    // nobody is, circles through its other waits would be older than this one.
    if (this.#origin.next !== undefined)
      for (const waiter of session.waits) last ??= this.#lookFrom(waiter);
    for (let next = this.#toLookAt.pop(); next !== undefined; next = this.#toLookAt.pop()) {
      if (last !== undefined || this.#tables.searchSteps > maxSteps) break; // C3
      for (const waiter of next.waits) last ??= this.#lookFrom(waiter);
    }
    if (last === undefined) return undefined;
    const circle: Waiter[] = [];
    for (let at = last; ;) {
      circle.unshift(at);
      const before = at.session === session ? undefined : this.#reachedBy.get(at.session);
      if (before === undefined) return circle;
      at = before;
    }
  }

  /**
   * Reaches those that a waiter waits for; tells the waiter when the origin is one of them.
   *
   * Whoever stands ahead, and whom it waits for, is awaited by all behind it: a session whose one wait is
   * here has no ties but those that are seen on the way, and is not looked at again.
   */
  #lookFrom(waiter: Waiter): Waiter | undefined {
    if (waiter.terms?.independent === true) return undefined; // C2
    const { pool } = waiter;
    const origin = this.#origin.session;
    const known = this.#walkedFrom.get(pool);
    // What the waiter and those ahead want at most, and what those of other sessions do.
    let most = waiter.units;
    let mostOfOthers = waiter.session === origin ? 0 : waiter.units;
    let ahead = waiter.previous;
    for (; ahead !== undefined && ahead !== known; ahead = ahead.previous) {
      this.#tables.searchSteps += 1;
      if (!ahead.session.living) continue; // C4
      if (ahead.units > most) most = ahead.units;
      if (ahead.session === origin) {
        if (mostOfOthers > 0) return waiter;
        continue;
      }
      if (ahead.units > mostOfOthers) mostOfOthers = ahead.units;
      if (ahead.session.waits.size > 1 && ahead.session !== waiter.session)
        this.#reach(ahead.session, waiter);
    }
    if (ahead !== undefined && ahead.session === origin && mostOfOthers > 0) return waiter;
    // The one furthest behind counts: all ahead of it have been seen.
    if (known === undefined || ahead === known) this.#walkedFrom.set(pool, waiter);
    for (const [session, units] of this.#unitsIn(pool)) {
      this.#tables.searchSteps += 1;
      // Without them so many can never be free.
      if (session === origin && mostOfOthers > 0 && pool.size - units < mostOfOthers) return waiter;
      if (session !== waiter.session && pool.size - units < most) this.#reach(session, waiter);
    }
    return undefined;
  }

  /** What each session holds of a pool; added up once. */
  #unitsIn(pool: Pool): ReadonlyMap<Session, number> {
    const known = this.#units.get(pool);
    if (known !== undefined) return known;
    const units = new Map<Session, number>();
    for (let hold = pool.holds.first; hold !== undefined; hold = hold.next) {
      this.#tables.searchSteps += 1;
      units.set(hold.session, (units.get(hold.session) ?? 0) + hold.units);
    }
    this.#units.set(pool, units);
    return units;
  }

  #reach(session: Session, by: Waiter): void {
    if (this.#reachedBy.has(session) || session === this.#origin.session) return;
    if (!session.living) return; // C4
    this.#reachedBy.set(session, by);
    this.#toLookAt.push(session);
  }
}
