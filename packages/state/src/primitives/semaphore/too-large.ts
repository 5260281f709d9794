/**
 * Waits for more permits than there can ever be, since a limit was lowered.
 *
 * SHRINK-1: they end as far as the work of an entry goes, in the order of their queue, and the others with the next entries
 *     (WORK-2): semaphores in the order in which they were made smaller. Until then they wait as
 *     before, for what nobody can be granted; one for which there is enough again, because the limit was raised, waits on.
 *     Below feature level 3 all of them end at once.
 */
import { resizeInPartsLevel } from '../../kernel/levels.ts';
import { endIfUnused } from '../../kernel/sessions/lifetimes.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { Pool } from '../holds/pool.ts';
import { settle } from '../holds/settle.ts';
import { endWait, poolsOf } from '../holds/waits.ts';
import { tooManyPermits } from './refusals.ts';

/** STATE-SEMAPHORE-3. */
export function endTooLarge(tables: Tables, pool: Pool): void {
  const inParts = tables.featureLevel >= resizeInPartsLevel;
  const changed = new Set([pool]);
  tables.shrunk.delete(pool);
  let next = pool.queue.first;
  for (let waiter = next; waiter !== undefined; waiter = next) {
    next = waiter.next;
    if (waiter.units <= pool.size) continue;
    if (inParts && tables.workLeft <= 0) {
      tables.shrunk.set(pool, pool); // SHRINK-1
      break;
    }
    const { session, requestId, answer } = waiter;
    endWait(tables, waiter, tooManyPermits(pool.size));
    endIfUnused(tables, session, { requestId, answer });
    for (const other of poolsOf(waiter)) changed.add(other);
  }
  settle(tables, changed);
}

/** SHRINK-1: goes on with what earlier entries left. */
export function endMoreTooLarge(tables: Tables): void {
  for (const pool of tables.shrunk.values()) {
    if (tables.workLeft <= 0) return;
    endTooLarge(tables, pool);
    if (tables.shrunk.has(pool)) return;
  }
}
