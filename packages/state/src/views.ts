/** What readers are shown. Views are made on demand and share nothing with the tables. */
import { modeOf } from './modes.ts';
import type { Pool } from './pool.ts';
import type { Session } from './sessions.ts';
import type { Tables } from './tables.ts';
import type {
  HolderView,
  LockView,
  ResourceName,
  SemaphoreView,
  SessionView,
  WaiterView,
} from './types.ts';

export function sessionView(session: Session): SessionView {
  const holds: SessionView['holds'][number][] = [];
  for (const hold of session.holds.values()) {
    holds.push({
      name: hold.pool.name,
      fenceToken: hold.fenceToken,
      mode: modeOf(hold.units),
      holdCount: hold.holdCount,
    });
  }
  return {
    sessionId: session.id,
    clientId: session.clientId,
    timeoutMs: session.timeoutMs,
    lockDelayMs: session.lockDelayMs,
    createdAtMs: session.createdAtMs,
    renewal: session.renewal,
    own: session.own,
    waiting: session.waits.size > 0,
    holds,
  };
}

export function lockView(name: ResourceName, pool: Pool | undefined, timeMs: number): LockView {
  if (pool === undefined) {
    return { name, holders: [], waiters: [], waiterCount: 0, delayedForMs: 0 };
  }
  const holders: HolderView[] = [];
  for (const { session, units, fenceToken, holdCount, acquiredAtMs } of pool.holds) {
    const mode = modeOf(units);
    const { id: sessionId, clientId } = session;
    holders.push({ sessionId, clientId, mode, fenceToken, holdCount, acquiredAtMs });
  }
  const waiters: WaiterView[] = [];
  for (const { session, units, requestId } of pool.queue) {
    const mode = modeOf(units);
    const { id: sessionId, clientId } = session;
    waiters.push({ sessionId, clientId, requestId, mode, position: waiters.length + 1 });
  }
  return {
    name,
    holders,
    waiters,
    waiterCount: waiters.length,
    delayedForMs: pool.opening === undefined ? 0 : Math.max(0, pool.opening.dueMs - timeMs),
  };
}

export function semaphoreView(pool: Pool): SemaphoreView {
  const holders: SemaphoreView['holders'][number][] = [];
  for (const { session, units, fenceToken, acquiredAtMs } of pool.holds) {
    const { id: sessionId, clientId } = session;
    holders.push({ sessionId, clientId, permits: units, fenceToken, acquiredAtMs });
  }
  const waiters: SemaphoreView['waiters'][number][] = [];
  for (const { session, units, requestId } of pool.queue) {
    const { id: sessionId, clientId } = session;
    const position = waiters.length + 1;
    waiters.push({ sessionId, clientId, requestId, permits: units, position });
  }
  const { name, size: limit, free, stays } = pool;
  return { name, limit, free, stays, holders, waiters };
}

/**
 * The first `limit` held or queued pools with a prefix, in order of their names (by UTF-16 code
 * unit), from the one after `after`. One pass over all names with a list that never grows beyond
 * `limit + 1`: no index has to be kept on the path of every acquire.
 */
export function listPools(
  tables: Tables,
  prefix: string,
  after: string | undefined,
  limit: number,
): { readonly pools: readonly Pool[]; readonly more: boolean } {
  const found: Pool[] = [];
  for (const pool of tables.pools.values()) {
    const { name } = pool;
    if (pool.holds.length === 0 && pool.queue.length === 0) continue;
    if (!name.startsWith(prefix) || (after !== undefined && name <= after)) continue;
    const last = found.length > limit ? found.at(-1) : undefined;
    if (last !== undefined) {
      if (name >= last.name) continue;
      found.pop();
    }
    found.splice(placeOf(found, name), 0, pool);
  }
  const more = found.length > limit;
  return { pools: more ? found.slice(0, limit) : found, more };
}

function placeOf(sorted: readonly Pool[], name: ResourceName): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const pool = sorted[middle];
    if (pool !== undefined && pool.name < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
