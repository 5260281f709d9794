/**
 * What is left of a session once it has ended, and how it goes.
 *
 * ENDS-1: a session is over in the command that ends it: no command of it works, its id is not given
 *     again, it is inside no barrier, and nothing is granted to it.
 * ENDS-2: what does not fit into that entry (work.ts) stands meanwhile: its holds are held, by nobody
 *     who could use them, so that nobody else is granted them; its waits keep their places and are
 *     never granted (TURN-2). All its waits go before its first hold.
 * ENDS-3: sessions that end go on in the order in which they ended.
 * ENDS-4: a lock delay counts from the expiry of the session, however long its holds stand after it.
 */
import { closeUntil, endHold } from '../../primitives/holds/grants.ts';
import { endWait, poolsOf } from '../../primitives/holds/waits.ts';
import { invariant } from '../invariant.ts';
import type { Hold, Pool, Session, Waiter } from '../../primitives/holds/pool.ts';
import { sessionEnded } from '../refusals.ts';
import type { SessionOver } from './sessions.ts';
import { settle } from '../../primitives/holds/settle.ts';
import type { Tables } from '../tables.ts';

/** Ends waits and holds of a session that is over, as far as the entry's work goes (ENDS-2). */
export function endSome(tables: Tables, session: Session): void {
  const changed = new Set<Pool>();
  for (const waiter of session.waits.values()) {
    if (tables.workLeft <= 0) break;
    endWaitOfEnded(tables, waiter);
    for (const pool of poolsOf(waiter)) changed.add(pool);
  }
  if (session.waits.size === 0)
    for (const holds of [session.permits, session.holds, session.leads])
      for (let hold = holds.first(); hold !== undefined; hold = holds.first()) {
        if (tables.workLeft <= 0) break;
        endHoldOfEnded(tables, hold);
        changed.add(hold.pool);
      }
  settle(tables, changed); // STATE-SESSION-1
}

/** ENDS-3: goes on with those that earlier entries began to end. */
export function endMore(tables: Tables): void {
  for (const session of tables.ending.values()) {
    if (tables.workLeft <= 0) return;
    endSome(tables, session);
    if (session.load > 0) return;
    tables.changingSession(session);
    tables.ending.delete(session.id);
    tables.closeSession(session);
  }
}

export function endWaitOfEnded(tables: Tables, waiter: Waiter): void {
  const { session } = waiter;
  endWait(tables, waiter, sessionEnded(session.id, overOf(session).reason));
}

export function endHoldOfEnded(tables: Tables, hold: Hold): void {
  const { session, pool } = hold;
  const { reason, atMs } = overOf(session);
  endHold(tables, hold, reason === 'expired' ? 'expired' : 'session_ended');
  // A lock delay is of locks: the other permits of a semaphore are not to wait for the lost one.
  if (reason !== 'expired' || session.lockDelayMs === 0 || pool.kind === 'semaphore') return;
  const untilMs = atMs + session.lockDelayMs; // ENDS-4
  if (untilMs > tables.timeMs) closeUntil(tables, pool, untilMs); // STATE-SESSION-2
}

function overOf({ id, over }: Session): SessionOver {
  invariant(over !== undefined, 'ENDS-1: a session that ends is over.', id);
  return over;
}
