/**
 * Whose turn has come. STATE-GRANT-3 (grants.ts) is upheld here, as far as the work of an entry goes.
 *
 * TURN-1: turns that come and no longer fit into their entry (work.ts) are given by the next entries
 *     before anything else, in the order in which their pools were freed. Nobody who comes later
 *     passes them: they stand in their queues.
 * TURN-2: a wait whose session has ended or whose deadline has passed is never granted, also while it
 *     still stands in its queue because its end did not fit into the entry; it is taken away in its
 *     order, and what it holds up is settled then.
 * STATE-GRANT-7: a hold that was granted after a wait tells the wall clock of the entry that granted it as the time of its
 *     acquisition. Below feature level 3, and where the log tells no wall clock, it tells that of the request.
 * TURN-3: no resource is held more than `maxHoldsPerResource` times: who would be one too many keeps
 *     its place until a hold has ended.
 */
import { give, grantedMany } from './grants.ts';
import { endWait, poolsOf } from './waits.ts';
import { invariant } from '../../kernel/invariant.ts';
import { hasRoom } from '../../kernel/at-capacity.ts';
import { grantTimeLevel } from '../../kernel/levels.ts';
import type { Ask } from './grants.ts';
import type { Pool, MultiAcquire, Waiter } from './pool.ts';
import type { Tables } from '../../kernel/tables.ts';

/** STATE-GRANT-3: gives the turns that have come in these pools, and removes what nothing is left of (STATE-POOL-4). */
export function settle(tables: Tables, changed: Iterable<Pool>): void {
  for (const pool of changed) settleFrom(tables, pool);
}

/** TURN-1: goes on with what earlier entries left. */
export function settleRest(tables: Tables): void {
  for (const pool of tables.unsettled.values()) {
    if (tables.workLeft <= 0) return;
    settleFrom(tables, pool);
  }
}

function settleFrom(tables: Tables, freed: Pool): void {
  // Giving several together changes several queues: a list, since such grants can follow each other.
  const toSettle = [freed];
  for (let pool = toSettle.pop(); pool !== undefined; pool = toSettle.pop()) {
    let waiter = nextTurn(tables, pool);
    for (; waiter !== undefined && tables.workLeft > 0; waiter = nextTurn(tables, pool)) {
      if (waiter.together === undefined) {
        endWait(tables, waiter, give(tables, waiter.session, pool, grantedNow(tables, waiter)));
      } else {
        grantMultiAcquire(tables, waiter.together);
        for (const other of poolsOf(waiter)) if (other !== pool) toSettle.push(other);
      }
    }
    if (waiter === undefined) tables.unsettled.delete(pool);
    else tables.unsettled.set(pool, pool); // TURN-1
    if (pool.isIdle) tables.forgetPool(pool);
  }
}

/** The waiter that is to be given now what it waits for. */
function nextTurn(tables: Tables, pool: Pool): Waiter | undefined {
  const first = pool.nextTurn(); // STATE-POOL-2
  if (first === undefined || !mayHave(tables, first)) return undefined;
  return first.together === undefined || isTurnOf(tables, first.together) ? first : undefined;
}

/** Whether the first of a queue may be given what it waits for, where there is enough. */
function mayHave(tables: Tables, { pool, session, dueMs }: Waiter): boolean {
  if (!session.living || tables.isOverdue(dueMs)) return false; // TURN-2
  return hasRoom(tables, pool, session); // TURN-3
}

/** STATE-GRANT-5. */
function isTurnOf(tables: Tables, { waiters }: MultiAcquire): boolean {
  return waiters.every((one) => one.pool.nextTurn() === one && mayHave(tables, one));
}

/** STATE-GRANT-7. */
function grantedNow({ featureLevel, wallMs }: Tables, waiter: Waiter): Ask {
  if (featureLevel < grantTimeLevel || wallMs === undefined) return waiter;
  const { requestId, units, terms } = waiter;
  return { requestId, units, acquiredAtMs: wallMs, terms };
}

function grantMultiAcquire(tables: Tables, { waiters }: MultiAcquire): void {
  const [first] = waiters;
  invariant(first !== undefined, 'STATE-GRANT-5: something is wanted.');
  const grants = waiters.map((one) => give(tables, one.session, one.pool, grantedNow(tables, one)));
  endWait(tables, first, grantedMany(tables, grants));
}
