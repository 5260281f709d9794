/**
 * How waits begin and end.
 *
 * STATE-GRANT-4: a wait that ends leaves the queue, the session and the heap at once, and its outcome is the
 *     answer to its request.
 * STATE-GRANT-5: of several that are wanted together all are given in one command, when it is the turn of each,
 *     or none; one that fails takes the others along.
 * STATE-GRANT-6: a wait that would cause a deadlock is refused and leaves nothing behind (deadlock.ts).
 */
import { cycleThrough } from './deadlock.ts';
import type { Ask } from './grants.ts';
import { invariant } from '../../kernel/invariant.ts';
import { waitRank } from './pool.ts';
import type { Answer, Pool, Session, MultiAcquire, Waiter } from './pool.ts';
import { countPasses, place, positionOf } from './queue.ts';
import { deadlock } from './refusals.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { CommandResult, Refusal } from '../../kernel/outcomes.ts';

/**
 * Puts a request into the queue, see queue.ts.
 *
 * @param waitMs Longest wait in cluster time, above 0.
 * @returns The waiter, or the refusal where it would cause a deadlock (STATE-GRANT-6).
 */
export function enqueue(
  tables: Tables,
  session: Session,
  pool: Pool,
  ask: Ask,
  waitMs: number,
  answer: Answer,
): Waiter | Refusal {
  const waiter = newWaiter(tables, session, pool, ask, waitMs, answer, undefined);
  const refusal = enqueueAll(tables, [waiter]);
  if (refusal !== undefined) return refusal;
  answer.waiter = waiter;
  tables.due.add(waiter);
  return waiter;
}

/**
 * A request that can be given at once though others wait passes them, as an upgrade does: as if it took its
 * place first.
 *
 * @returns The refusal where that would cause a deadlock (STATE-GRANT-6).
 */
export function pass(
  tables: Tables,
  session: Session,
  pool: Pool,
  ask: Ask,
  answer: Answer,
): Refusal | undefined {
  const held = pool.heldBy(session);
  if (pool.queue.length === 0 || (held !== undefined && held.units >= ask.units)) return undefined;
  tables.changingPool(pool);
  const waiter = newWaiter(tables, session, pool, ask, 0, answer, undefined);
  place(waiter);
  const cycle = cycleThrough(tables, waiter);
  if (cycle === undefined) countPasses(waiter);
  pool.dequeue(waiter);
  return cycle === undefined ? undefined : deadlock(cycle);
}

/** Puts one request into several queues (STATE-GRANT-5). */
export function enqueueMultiAcquire(
  tables: Tables,
  session: Session,
  asks: readonly { readonly pool: Pool; readonly ask: Ask }[],
  waitMs: number,
  answer: Answer,
): Refusal | undefined {
  const together: MultiAcquire = { waiters: [], answer };
  for (const { pool, ask } of asks)
    together.waiters.push(newWaiter(tables, session, pool, ask, waitMs, answer, together));
  const refusal = enqueueAll(tables, together.waiters);
  if (refusal !== undefined) return refusal;
  const [first] = together.waiters;
  invariant(first !== undefined, 'STATE-GRANT-5: something is wanted.');
  answer.waiter = first;
  tables.due.add(first);
  return undefined;
}

function newWaiter(
  tables: Tables,
  session: Session,
  pool: Pool,
  ask: Ask,
  waitMs: number,
  answer: Answer,
  together: MultiAcquire | undefined,
): Waiter {
  return {
    kind: 'wait',
    session,
    pool,
    requestId: ask.requestId,
    units: ask.units,
    acquiredAtMs: ask.acquiredAtMs,
    terms: ask.terms,
    answer,
    together,
    dueMs: tables.timeMs + waitMs,
    rank: waitRank,
    sequence: tables.nextSequence(),
    heapIndex: -1,
    passed: 0,
    previous: undefined,
    next: undefined,
  };
}

/** All get their places, or none (STATE-GRANT-6). */
function enqueueAll(tables: Tables, waiters: readonly Waiter[]): Refusal | undefined {
  for (const waiter of waiters) {
    tables.changingPool(waiter.pool);
    place(waiter);
  }
  for (const waiter of waiters) {
    const cycle = cycleThrough(tables, waiter);
    if (cycle === undefined) continue;
    for (const placed of waiters) placed.pool.dequeue(placed);
    return deadlock(cycle);
  }
  for (const waiter of waiters) {
    const { session, pool, requestId } = waiter;
    countPasses(waiter);
    tables.list(pool);
    session.addWait(waiter);
    tables.waiterCount += 1;
    tables.events.push({
      type: 'waiting',
      ...kindOf(pool),
      name: pool.name,
      sessionId: session.id,
      clientId: session.clientId,
      requestId,
    });
  }
  return undefined;
}

/** Events of locks are told without a kind. */
const lockKind = {};
const semaphoreKind = { kind: 'semaphore' } as const;
const electionKind = { kind: 'election' } as const;
function kindOf({ kind }: Pool): { readonly kind?: 'semaphore' | 'election' } {
  if (kind === 'lock') return lockKind;
  return kind === 'semaphore' ? semaphoreKind : electionKind;
}

/** The place in the queue of a request; of several, of the one that is furthest behind. */
export function placeOf(waiter: Waiter): number {
  const { together } = waiter;
  return together === undefined
    ? positionOf(waiter)
    : together.waiters.reduce((furthest, one) => Math.max(furthest, positionOf(one)), 0);
}

/** All that a waiter waits for. */
export function poolsOf({ pool, together }: Waiter): readonly Pool[] {
  return together === undefined ? [pool] : together.waiters.map((one) => one.pool);
}

/** Ends a wait with its outcome (STATE-GRANT-4, STATE-GRANT-5). When units may fit others now, the caller settles its pools. */
export function endWait(tables: Tables, waiter: Waiter, result: CommandResult): void {
  const { session, answer, requestId, together } = waiter;
  tables.changingSession(session);
  const first = together?.waiters[0] ?? waiter;
  tables.due.remove(first);
  answer.waiter = undefined;
  answer.result = result;
  session.requests.remember(requestId, answer, tables);
  for (const one of together?.waiters ?? [waiter]) {
    const { pool } = one;
    tables.workLeft -= 1; // WORK-1
    tables.changingPool(pool);
    pool.dequeue(one);
    tables.list(pool);
    session.removeWait(one);
    tables.waiterCount -= 1;
    tables.events.push({
      type: 'wait_ended',
      ...kindOf(pool),
      name: pool.name,
      sessionId: session.id,
      clientId: session.clientId,
      requestId,
      result,
    });
  }
}
