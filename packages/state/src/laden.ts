/** Whether there is room for one more hold, wait or resource. */
import type { Pool } from './pool.ts';
import { limitExceeded } from './refusals.ts';
import type { Session } from './sessions.ts';
import type { Tables } from './tables.ts';
import type { Refusal } from './types.ts';

export function isLaden(tables: Tables, session: Session): boolean {
  const count = session.holds.size + session.permits.size + session.waits.size;
  return count >= tables.limits.maxHoldsPerSession;
}

export function tooManyHolds(tables: Tables): Refusal {
  return limitExceeded(
    'max_holds_per_session',
    tables.limits.maxHoldsPerSession,
    'Holds and waits count. Release some, or use another session.',
  );
}

export function tooManyResources(tables: Tables): Refusal {
  const remedy = 'Release locks that are not needed.';
  return limitExceeded('max_resources', tables.limits.maxResources, remedy);
}

export function tooManyWaiters(tables: Tables, pool: Pool): Refusal | undefined {
  const { maxWaitersPerResource } = tables.limits;
  if (pool.queue.length < maxWaitersPerResource) return undefined;
  return limitExceeded('max_waiters_per_resource', maxWaitersPerResource, 'Try again later.');
}
