/**
 * Places in a queue: first come, first served within a priority.
 *
 * STATE-QUEUE-1: a waiter goes ahead of those with a lower priority, never of one of its own or a higher one.
 * STATE-QUEUE-2: nobody is passed more than `maxPasses` times by those that came later: a stream of urgent
 *     requests delays the others and does not starve them.
 * STATE-QUEUE-3: who holds the pool already and wants more goes before all who hold nothing (they could not get
 *     anything before it anyway), and is passed by nobody.
 * STATE-QUEUE-4: who wants several together is passed by nobody: it stands in the same order everywhere.
 * STATE-QUEUE-5: telling a place costs a bounded number of steps, however long the queue is: every command that is
 *     repeated while it waits is told one. (Statuses tell exact places, of the waiters that they show.)
 * STATE-QUEUE-6: a request that may pass others looks at all whom it passes, up to three times: its command counts for as many
 *     units of work as that takes, so that few of them share an entry (WORK-5 of primitives/command-work.ts).
 */
import type { Hold, Pool, Session, Waiter } from './pool.ts';
import type { Terms } from '../../kernel/commands.ts';

export const maxPasses = 32;

const priorityOf = (waiter: Waiter): number => waiter.terms?.priority ?? 0;

/** Puts a waiter into the queue of its pool; nothing else changes, so it can be taken out again. */
export function place(waiter: Waiter): void {
  const { pool, session } = waiter;
  if (pool.heldBy(session) !== undefined) {
    // STATE-QUEUE-3
    let before: Waiter | undefined;
    for (let next = pool.queue.first; next?.session === session; next = next.next) before = next;
    pool.enqueueAfter(before, waiter);
    return;
  }
  const priority = priorityOf(waiter);
  let before = pool.queue.last;
  while (before !== undefined && mayPass(priority, before)) before = before.previous;
  pool.enqueueAfter(before, waiter);
}

function mayPass(priority: number, ahead: Waiter): boolean {
  if (priorityOf(ahead) >= priority || ahead.passed >= maxPasses) return false; // STATE-QUEUE-1, STATE-QUEUE-2
  if (ahead.together !== undefined) return false; // STATE-QUEUE-4
  return ahead.pool.heldBy(ahead.session) === undefined; // STATE-QUEUE-3
}

/** Counts that a waiter which stays passed those behind it (STATE-QUEUE-2). */
export function countPasses(waiter: Waiter): void {
  if (priorityOf(waiter) === 0) return;
  for (let behind = waiter.next; behind !== undefined; behind = behind.next) behind.passed += 1;
}

/** Whether a request would be the next: nobody waits, or it may pass all who do, or it holds the pool already. */
export function isNext(pool: Pool, held: Hold | undefined, terms: Terms | undefined): boolean {
  if (pool.queue.length === 0 || held !== undefined) return true; // STATE-QUEUE-3
  const priority = terms?.priority ?? 0;
  let ahead = pool.queue.last;
  while (ahead !== undefined && mayPass(priority, ahead)) ahead = ahead.previous;
  return ahead === undefined;
}

/** STATE-QUEUE-6: how many waiters a request that comes now may have to look at. */
export function mostLookedAt(
  pool: Pool,
  session: Session | undefined,
  terms: Terms | undefined,
): number {
  const { first, last, length } = pool.queue;
  if (last === undefined) return 0;
  const priority = terms?.priority ?? 0;
  const isHolder = session !== undefined && pool.heldBy(session) !== undefined;
  const passesSome = isHolder
    ? priority !== 0 || first?.session === session // STATE-QUEUE-3
    : mayPass(priority, last);
  return passesSome ? length : 0;
}

/** Waiters that are counted from either end of a queue. */
export const maxCounted = 128;

/**
 * The place in the queue, 1 is the next, at a bounded cost (STATE-QUEUE-5): exact near either end of the queue, else
 * the lowest that it can be.
 */
export function positionOf(waiter: Waiter): number {
  let ahead = waiter.previous;
  let behind = waiter.next;
  for (let count = 0; count < maxCounted; count++) {
    if (ahead === undefined) return count + 1;
    if (behind === undefined) return waiter.pool.queue.length - count;
    ahead = ahead.previous;
    behind = behind.next;
  }
  return maxCounted + 1;
}
