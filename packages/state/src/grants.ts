/**
 * Giving and taking back units, and whose turn is next.
 *
 * G1: every grant that gives units takes a new fence token; a re-entrant acquire takes none and
 *     tells the token of the hold that it enters (spec rule 2.5).
 * G2: nothing is given to a session that has ended (spec rule 2.4).
 * G3: after whatever frees units, takes a waiter away or opens a pool, `settle` runs in the same
 *     command: a waiter whose turn has come never waits for another command.
 * G4: a wait that ends leaves the queue, the session and the heap at once, and its outcome is the
 *     answer to its request.
 */
import { invariant } from './invariant.ts';
import { modeOf } from './modes.ts';
import { openingRank, waitRank } from './pool.ts';
import type { Hold, Pool, Waiter } from './pool.ts';
import type { AcquireAnswer, PermitsAnswer } from './requests.ts';
import type { Session } from './sessions.ts';
import type { Tables } from './tables.ts';
import type { CommandResult, EndReason, RequestId } from './types.ts';

/** What an acquire asks of a pool. */
export interface Ask {
  readonly requestId: RequestId;
  readonly units: number;
  readonly acquiredAtMs: number;
}

/** Gives what was asked for; the caller has found that it fits. */
export function give(tables: Tables, session: Session, pool: Pool, ask: Ask): CommandResult {
  invariant(session.living, 'G2: nothing is given to a session that has ended.', session.id);
  tables.changingPool(pool);
  if (pool.kind === 'semaphore') return givePermits(tables, session, pool, ask);
  const held = session.holds.get(pool.name);
  if (held !== undefined && held.units >= ask.units) {
    held.holdCount += 1;
    if (ask.units === pool.size) held.exclusiveCount += 1;
    return granted(tables, held);
  }
  const hold =
    held === undefined ? begin(tables, session, pool, ask) : raise(tables, held, ask.units);
  tables.events.push({
    type: 'granted',
    name: pool.name,
    sessionId: session.id,
    requestId: ask.requestId,
    mode: modeOf(hold.units),
    fenceToken: hold.fenceToken,
  });
  return granted(tables, hold);
}

function granted(tables: Tables, hold: Hold): CommandResult {
  return {
    ok: true,
    type: 'granted',
    fenceToken: hold.fenceToken,
    holdCount: hold.holdCount,
    revision: tables.index,
  };
}

/** Every acquire of permits is a hold of its own. */
function givePermits(tables: Tables, session: Session, pool: Pool, ask: Ask): CommandResult {
  const hold = newHold(tables, session, pool, ask);
  pool.add(hold);
  session.permits.set(hold.fenceToken, hold);
  tables.events.push({
    type: 'permits_granted',
    name: pool.name,
    sessionId: session.id,
    requestId: ask.requestId,
    permits: hold.units,
    fenceToken: hold.fenceToken,
  });
  return granted(tables, hold);
}

function begin(tables: Tables, session: Session, pool: Pool, ask: Ask): Hold {
  const hold = newHold(tables, session, pool, ask);
  if (pool.holds.length === 0) tables.heldPools += 1;
  pool.add(hold);
  session.holds.set(pool.name, hold);
  return hold;
}

function newHold(tables: Tables, session: Session, pool: Pool, ask: Ask): Hold {
  const fenceToken = tables.nextFenceToken(); // G1
  return {
    session,
    pool,
    units: ask.units,
    fenceToken,
    firstToken: fenceToken,
    holdCount: 1,
    exclusiveCount: ask.units === pool.size ? 1 : 0,
    acquiredAtMs: ask.acquiredAtMs,
    previous: undefined,
    next: undefined,
  };
}

/** From shared to exclusive. */
function raise(tables: Tables, hold: Hold, units: number): Hold {
  hold.pool.resize(hold, units);
  hold.fenceToken = tables.nextFenceToken(); // G1
  hold.holdCount += 1;
  hold.exclusiveCount += 1;
  // The holds of a session stay in order of their tokens, also after a restore.
  hold.session.holds.delete(hold.pool.name);
  hold.session.holds.set(hold.pool.name, hold);
  return hold;
}

/** Ends a hold, however often it was entered. The caller settles the pool afterwards. */
export function endHold(tables: Tables, hold: Hold, reason: EndReason): void {
  const { pool, session } = hold;
  const { name } = pool;
  const { fenceToken } = hold;
  const sessionId = session.id;
  tables.changingPool(pool);
  pool.remove(hold);
  if (pool.kind === 'semaphore') {
    const permits = hold.units;
    session.permits.delete(fenceToken);
    tables.events.push({ type: 'permits_ended', name, sessionId, fenceToken, permits, reason });
    return;
  }
  session.holds.delete(name);
  if (pool.holds.length === 0) tables.heldPools -= 1;
  tables.events.push({ type: 'hold_ended', name, sessionId, fenceToken, reason });
}

/**
 * Puts a request into the queue: last, or, when its session holds the pool already and wants more,
 * before all who hold nothing (they could not get anything before it anyway).
 *
 * @param waitMs Longest wait in cluster time, above 0.
 * @returns The position; 1 is the next.
 */
export function enqueue(
  tables: Tables,
  session: Session,
  pool: Pool,
  ask: Ask,
  waitMs: number,
  answer: AcquireAnswer | PermitsAnswer,
): number {
  tables.changingPool(pool);
  const waiter: Waiter = {
    kind: 'wait',
    session,
    pool,
    requestId: ask.requestId,
    units: ask.units,
    acquiredAtMs: ask.acquiredAtMs,
    answer,
    dueMs: tables.timeMs + waitMs,
    rank: waitRank,
    sequence: tables.nextSequence(),
    heapIndex: -1,
    previous: undefined,
    next: undefined,
  };
  const position = place(pool, waiter);
  answer.waiter = waiter;
  session.waits.add(waiter);
  tables.due.add(waiter);
  tables.waiterCount += 1;
  tables.events.push({
    type: 'waiting',
    ...kindOf(pool),
    name: pool.name,
    sessionId: session.id,
    requestId: ask.requestId,
  });
  return position;
}

/** Events of locks are told without a kind. */
const lockKind = {};
const semaphoreKind = { kind: 'semaphore' } as const;
const kindOf = ({ kind }: Pool): { readonly kind?: 'semaphore' } =>
  kind === 'lock' ? lockKind : semaphoreKind;

function place(pool: Pool, waiter: Waiter): number {
  if (pool.heldBy(waiter.session) === undefined) {
    pool.queue.append(waiter);
    return pool.queue.length;
  }
  let before: Waiter | undefined;
  let position = 1;
  for (let next = pool.queue.first; next?.session === waiter.session; next = next.next) {
    before = next;
    position += 1;
  }
  pool.queue.insertAfter(before, waiter);
  return position;
}

/** 1 is the next. */
export function positionOf(waiter: Waiter): number {
  let position = 1;
  for (let ahead = waiter.previous; ahead !== undefined; ahead = ahead.previous) position += 1;
  return position;
}

/** Ends a wait with its outcome. When units may fit others now, the caller settles the pool. */
export function endWait(tables: Tables, waiter: Waiter, result: CommandResult): void {
  const { session, pool, answer } = waiter;
  tables.changingPool(pool);
  tables.changingSession(session);
  pool.queue.remove(waiter); // G4
  session.waits.delete(waiter);
  tables.due.remove(waiter);
  tables.waiterCount -= 1;
  answer.waiter = undefined;
  answer.result = result;
  session.requests.remember(waiter.requestId, answer, tables.limits.maxResultsPerSession);
  tables.events.push({
    type: 'wait_ended',
    ...kindOf(pool),
    name: pool.name,
    sessionId: session.id,
    requestId: waiter.requestId,
    result,
  });
}

/** G3: gives all turns that have come, and removes the pool when nothing is left of it (P4). */
export function settle(tables: Tables, pool: Pool): void {
  for (let waiter = pool.nextTurn(); waiter !== undefined; waiter = pool.nextTurn()) {
    endWait(tables, waiter, give(tables, waiter.session, pool, waiter));
  }
  if (pool.isIdle) tables.poolsOf(pool.kind).delete(pool.name);
}

/** Closes a pool until a time (lock delay); a later end that stands already stays. */
export function closeUntil(tables: Tables, pool: Pool, untilMs: number): void {
  if (pool.opening !== undefined) {
    if (pool.opening.dueMs >= untilMs) return;
    tables.due.remove(pool.opening);
  }
  tables.changingPool(pool);
  pool.opening = {
    kind: 'opening',
    pool,
    dueMs: untilMs,
    rank: openingRank,
    sequence: tables.nextSequence(),
    heapIndex: -1,
  };
  tables.due.add(pool.opening);
}
