/** What readers are shown of semaphores. */
import { rowsShown } from '../../kernel/view-bounds.ts';
import type { FenceToken } from '../../kernel/names.ts';
import type { Hold, Pool } from '../holds/pool.ts';
import { endsIn, placeView, shownHolds, shownWaiters } from '../holds/views.ts';
import type { SemaphoreView } from './commands.ts';

function permitsView(hold: Hold, timeMs: number): SemaphoreView['holders'][number] {
  const { session, units: permits, fenceToken, acquiredAtMs, metadata } = hold;
  const { id: sessionId, clientId } = session;
  const endsInMs = endsIn(hold, timeMs);
  return { sessionId, clientId, permits, fenceToken, acquiredAtMs, metadata, endsInMs };
}

export function semaphoreView(
  pool: Pool,
  timeMs: number,
  limit: number = rowsShown,
  fenceToken?: FenceToken,
): SemaphoreView {
  const { name, size, free, persistent } = pool;
  return {
    name,
    limit: size,
    free,
    persistent,
    holderCount: pool.holdCount,
    waiterCount: pool.queue.length,
    holders: shownHolds(pool, limit, fenceToken).map((hold) => permitsView(hold, timeMs)),
    waiters: shownWaiters(pool, limit).map((waiter, index) => ({
      ...placeView(waiter, index),
      permits: waiter.units,
    })),
  };
}
