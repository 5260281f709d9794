/** What readers are shown of locks. */
import { rowsShown } from '../../kernel/view-bounds.ts';
import type { FenceToken, ResourceName } from '../../kernel/names.ts';
import type { Pool } from '../holds/pool.ts';
import { delayedFor, holderView, shownHolds, waiterViews } from '../holds/views.ts';
import type { LockView } from './commands.ts';

export function lockView(
  name: ResourceName,
  pool: Pool | undefined,
  timeMs: number,
  limit: number = rowsShown,
  fenceToken?: FenceToken,
): LockView {
  if (pool === undefined) {
    return { name, holders: [], holderCount: 0, waiters: [], waiterCount: 0, delayedForMs: 0 };
  }
  return {
    name,
    holders: shownHolds(pool, limit, fenceToken).map((hold) => holderView(hold, timeMs)),
    holderCount: pool.holdCount,
    waiters: waiterViews(pool, limit),
    waiterCount: pool.queue.length,
    delayedForMs: delayedFor(pool, timeMs),
  };
}
