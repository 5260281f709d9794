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
 * C3: the search is bounded: beyond `maxSteps` the request waits, and its deadline ends it.
 *
 * Holt, Some deadlock properties of computer systems, 1972; the tie by the queue is what makes
 * a request wait for those ahead of it whatever they want.
 */
import type { Hold, Pool, Waiter } from './pool.ts';
import type { Session } from './sessions.ts';

const maxSteps = 100_000;

/**
 * The circle that a waiter in its place closes: the waiters through which it goes, itself first.
 * Undefined: there is none.
 */
export function circleThrough(origin: Waiter): readonly Waiter[] | undefined {
  if (origin.terms?.independent === true || !couldBeAwaited(origin)) return undefined; // C2
  const search = new Search(origin);
  return search.run();
}

/** Nobody waits for a session that holds nothing and is last in every queue. */
function couldBeAwaited({ session, next }: Waiter): boolean {
  if (next !== undefined || session.waits.size > 0) return true;
  return session.holds.size > 0 || session.permits.size > 0 || session.leads.size > 0;
}

class Search {
  readonly #origin: Waiter;
  /** By which waiter, of an earlier session, each session was reached. */
  readonly #reachedBy = new Map<Session, Waiter>();
  readonly #toLookAt: Session[] = [];
  /** All ahead of these have been seen. */
  readonly #walked = new Set<Waiter>();
  #steps = 0;

  constructor(origin: Waiter) {
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
      if (last !== undefined || this.#steps > maxSteps) break; // C3
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

  /** Reaches those that a waiter waits for; tells the waiter when the origin is one of them. */
  #lookFrom(waiter: Waiter): Waiter | undefined {
    if (waiter.terms?.independent === true) return undefined; // C2
    let closed = false;
    for (const session of this.#awaitedBy(waiter)) {
      if (session === this.#origin.session) closed = true;
      else if (!this.#reachedBy.has(session)) {
        this.#reachedBy.set(session, waiter);
        this.#toLookAt.push(session);
      }
    }
    return closed ? waiter : undefined;
  }

  *#awaitedBy(waiter: Waiter): Generator<Session, void, undefined> {
    const { pool, session } = waiter;
    for (let hold = pool.holds.first; hold !== undefined; hold = hold.next) {
      this.#steps += 1;
      if (hold.session !== session && isIndispensable(hold, waiter)) yield hold.session;
    }
    for (let ahead = waiter.previous; ahead !== undefined; ahead = ahead.previous) {
      this.#steps += 1;
      if (ahead.session !== session) yield ahead.session;
      // Its own session goes on from there, unless it is tied to nobody itself (C2).
      if (this.#walked.has(ahead) && ahead.terms?.independent !== true) return;
      this.#walked.add(ahead);
    }
  }
}

/** Whether what the waiter wants cannot be had while this holder has what it has. */
function isIndispensable(hold: Hold, { pool, units }: Waiter): boolean {
  return pool.size - unitsOfSession(hold, pool) < units;
}

function unitsOfSession(hold: Hold, pool: Pool): number {
  if (pool.kind !== 'semaphore') return hold.units;
  let units = 0;
  for (const other of hold.session.permits.values()) if (other.pool === pool) units += other.units;
  return units;
}
