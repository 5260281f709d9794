/** What readers are shown of locks, and the list of them. */
import type { Tables } from '../../kernel/tables.ts';
import { ListBudget, rowsShown } from '../../kernel/view-bounds.ts';
import type { Row } from '../../kernel/view-bounds.ts';
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
    holderCount: pool.holds.length,
    waiters: waiterViews(pool, limit),
    waiterCount: pool.queue.length,
    delayedForMs: delayedFor(pool, timeMs),
  };
}

/** Holders, and waiters, of each lock in a list of locks. */
const rowsInAList = 10;

/** A page of locks, cut off earlier than asked for where they are large. */
export function lockViews(
  pools: readonly Pool[],
  more: boolean,
  timeMs: number,
): { readonly locks: readonly LockView[]; readonly more: boolean } {
  const locks: LockView[] = [];
  const budget = new ListBudget(pools.length);
  for (const pool of pools) {
    const view = lockView(pool.name, pool, timeMs, rowsInAList);
    if (!takesLock(budget, view)) return { locks, more: true };
    locks.push(view);
  }
  return { locks, more };
}

function takesLock(budget: ListBudget, { name, holders, waiters }: LockView): boolean {
  const rows: Row[] = [{ texts: [name] }];
  for (const { clientId, metadata } of holders) rows.push({ texts: [clientId], metadata });
  for (const { clientId } of waiters) rows.push({ texts: [clientId] });
  return budget.takesTogether(rows);
}

/**
 * The first `limit` held or queued pools with a prefix, in order of their names (by UTF-16 code
 * unit), from the one after `after`. Costs what it shows (NAMES-2).
 */
export function listPools(
  tables: Tables,
  prefix: string,
  after: string | undefined,
  limit: number,
): { readonly pools: readonly Pool[]; readonly more: boolean } {
  const pools: Pool[] = [];
  const first = after !== undefined && after > prefix ? after : prefix;
  for (const name of tables.lockNames.from(first)) {
    if (!name.startsWith(prefix)) break;
    const pool = tables.pools.lock.get(name);
    if (name === after || pool === undefined) continue;
    if (pools.length === limit) return { pools, more: true };
    pools.push(pool);
  }
  return { pools, more: false };
}
