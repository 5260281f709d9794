/**
 * Who waits for whom, and whether a wait closes a cycle.
 *
 * A session waits for another one when it has a waiter in a pool and the other one waits ahead of it
 * there, or holds units without which what it wants can never be free. For locks and elections that
 * is exact. Of a semaphore's several holders only one that is indispensable counts: permits that any
 * of several may give back are no reason to refuse.
 *
 * STATE-DEADLOCK-1: cycles come to be only when a request takes its place in a queue, be it to be given at once
 *     because it passes all others, so looking then finds them all: a grant turns "waits ahead" into
 *     "holds", and whatever ends takes such ties away. (Lowering the limit of a semaphore can tie
 *     holders closer; such a cycle ends with the wait's deadline.)
 * STATE-DEADLOCK-2: a waiter whose terms say `independent` ties its session to nobody.
 * STATE-DEADLOCK-4: a session that has ended waits for nobody: what it has goes by itself, in the next entries.
 * STATE-DEADLOCK-3: all searches of an entry of the log together do at most `maxSearchSteps` steps (below feature level 3
 *     twice as many); a request whose search would need more waits, and its deadline ends it. Every waiter and every hold that
 *     is looked at is a step. The same on every node, a restored one too: steps are counted, not time, and what is kept of one
 *     search for the next ones is kept for one entry only.
 *
 * Holt, Some deadlock properties of computer systems, 1972; the tie by the queue is what makes
 * a request wait for those ahead of it whatever they want.
 */
import type { Pool, Session, Waiter } from './pool.ts';
import type { Searches } from './searches.ts';
import type { Tables } from '../../kernel/tables.ts';

/**
 * The cycle that a waiter in its place closes: the waiters through which it goes, itself first.
 * Undefined: there is none.
 */
export function cycleThrough(tables: Tables, origin: Waiter): readonly Waiter[] | undefined {
  if (origin.terms?.independent === true || !couldBeAwaited(origin)) return undefined; // STATE-DEADLOCK-2
  return new Search(tables.searches, origin).run();
}

/** Nobody waits for a session that holds nothing and is last in every queue. */
function couldBeAwaited({ session, next }: Waiter): boolean {
  return next !== undefined || session.load > session.joined.size;
}

class Search {
  readonly #searches: Searches;
  readonly #origin: Waiter;
  /** By which waiter, of an earlier session, each session was reached. */
  readonly #reachedBy = new Map<Session, Waiter>();
  readonly #toLookAt: Session[] = [];
  /** Of each queue: the last one ahead of which all have been seen. */
  readonly #walkedFrom = new Map<Pool, Waiter>();

  constructor(searches: Searches, origin: Waiter) {
    this.#searches = searches;
    this.#origin = origin;
  }

  run(): readonly Waiter[] | undefined {
    const { session } = this.#origin;
    let last = this.#lookFrom(this.#origin);
    // Who is passed waits for this session from now on, whatever it waits for itself (STATE-DEADLOCK-1). Where
    // nobody is, cycles through its other waits would be older than this one.
    if (this.#origin.next !== undefined) last ??= this.#lookFromAll(session.waits.values());
    while (last === undefined) {
      const next = this.#toLookAt.pop();
      if (next === undefined) return undefined;
      last = this.#lookFromAll(next.waits.values());
    }
    // From its end to its beginning: to put each in front of the others would move all of them, each time.
    const cycle = [last];
    for (let at = last; at.session !== session; cycle.push(at)) {
      const before = this.#reachedBy.get(at.session);
      if (before === undefined) break;
      at = before;
    }
    return cycle.toReversed();
  }

  #lookFromAll(waits: Iterable<Waiter>): Waiter | undefined {
    for (const waiter of waits) {
      if (!this.#searches.step()) return undefined; // STATE-DEADLOCK-3
      const last = this.#lookFrom(waiter);
      if (last !== undefined) return last;
    }
    return undefined;
  }

  /**
   * Reaches those that a waiter waits for; tells the waiter when the origin is one of them.
   *
   * Whoever stands ahead, and whom it waits for, is awaited by all behind it: a session whose one wait is
   * here has no ties but those that are seen on the way, and is not looked at again.
   */
  #lookFrom(waiter: Waiter): Waiter | undefined {
    if (waiter.terms?.independent === true) return undefined; // STATE-DEADLOCK-2
    const { pool } = waiter;
    const origin = this.#origin.session;
    const known = this.#walkedFrom.get(pool);
    // What the waiter and those ahead want at most, and what those of other sessions do.
    let most = waiter.units;
    let mostOfOthers = waiter.session === origin ? 0 : waiter.units;
    let ahead = waiter.previous;
    for (; ahead !== undefined && ahead !== known; ahead = ahead.previous) {
      if (!this.#searches.step()) return undefined; // STATE-DEADLOCK-3
      if (!ahead.session.living) continue; // STATE-DEADLOCK-4
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
    for (const { session, units } of this.#searches.sharesOf(pool) ?? []) {
      // Without them so many can never be free; and the shares that follow are no larger.
      if (pool.size - units >= most || !this.#searches.step()) return undefined; // STATE-DEADLOCK-3
      if (session === origin && mostOfOthers > 0 && pool.size - units < mostOfOthers) return waiter;
      if (session !== waiter.session) this.#reach(session, waiter);
    }
    return undefined;
  }

  #reach(session: Session, by: Waiter): void {
    if (this.#reachedBy.has(session) || session === this.#origin.session) return;
    if (!session.living) return; // STATE-DEADLOCK-4
    this.#reachedBy.set(session, by);
    this.#toLookAt.push(session);
  }
}
