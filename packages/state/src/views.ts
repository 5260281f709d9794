/** What readers are shown. Views are made on demand and share nothing with the tables. */
import { modeOf } from './modes.ts';
import type { Barrier, Latch } from './meetings.ts';
import type { Hold, Pool } from './pool.ts';
import type { Session } from './sessions.ts';
import type { Tables } from './tables.ts';
import type {
  BarrierView,
  ElectionView,
  HolderView,
  LatchView,
  LockView,
  PlaceView,
  SemaphoreView,
  SessionLease,
  SessionView,
  WaiterView,
} from './view-types.ts';
import type { ResourceName } from './names.ts';

export function sessionView(session: Session): SessionView {
  const holds: SessionView['holds'][number][] = [];
  for (const hold of session.holds.values()) {
    holds.push({
      name: hold.pool.name,
      fenceToken: hold.fenceToken,
      mode: modeOf(hold.units),
      holdCount: hold.holdCount,
      firstToken: hold.firstToken,
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
    permits: [...session.permits.values()].map(({ pool, fenceToken, units }) => ({
      name: pool.name,
      fenceToken,
      permits: units,
    })),
    leads: [...session.leads.values()].map(({ pool, fenceToken }) => ({
      name: pool.name,
      fenceToken,
    })),
    // By round: a session that was restored does not know in which order it entered.
    barriers: [...session.barriers].sort((a, b) => a.round - b.round).map(({ name }) => name),
  };
}

export function sessionLease(session: Session): SessionLease {
  const { id: sessionId, timeoutMs, renewal, own, waits } = session;
  const onlyWaits = waits.size > 0 && session.load === waits.size;
  return { sessionId, timeoutMs, renewal, own, onlyWaits };
}

/** Those ahead that are named, and places that are told. */
const maxAheadShown = 100;
const maxPlacesShown = 1000;

/** Each queue is walked once. */
export function placesOf(session: Session): readonly PlaceView[] {
  const pools = new Set<Pool>();
  for (const waiter of session.waits) pools.add(waiter.pool);
  const places: PlaceView[] = [];
  for (const pool of pools) {
    const ahead: string[] = [];
    let position = 0;
    for (const waiter of pool.queue) {
      position += 1;
      if (waiter.session === session) {
        const { kind, name } = pool;
        places.push({ kind, name, requestId: waiter.requestId, position, ahead: [...ahead] });
        if (places.length === maxPlacesShown) return places;
      }
      if (ahead.length < maxAheadShown) ahead.push(waiter.session.clientId);
    }
  }
  return places;
}

function holderView(hold: Hold, timeMs: number): HolderView {
  const { session, pool, units, fenceToken, holdCount, acquiredAtMs, metadata } = hold;
  const mode = pool.kind === 'lock' ? modeOf(units) : 'exclusive';
  const { id: sessionId, clientId } = session;
  const endsInMs = endsIn(hold, timeMs);
  return { sessionId, clientId, mode, fenceToken, holdCount, acquiredAtMs, metadata, endsInMs };
}

function endsIn({ ending }: Hold, timeMs: number): number | undefined {
  return ending === undefined ? undefined : Math.max(0, ending.dueMs - timeMs);
}

/** All that wait, the next one first. */
function waiterViews(pool: Pool): readonly WaiterView[] {
  const waiters: WaiterView[] = [];
  for (const { session, units, requestId, terms } of pool.queue) {
    const mode = pool.kind === 'lock' ? modeOf(units) : 'exclusive';
    const { id: sessionId, clientId } = session;
    const position = waiters.length + 1;
    const priority = terms?.priority ?? 0;
    waiters.push({ sessionId, clientId, requestId, mode, position, priority });
  }
  return waiters;
}

const delayedFor = (pool: Pool, timeMs: number): number =>
  pool.opening === undefined ? 0 : Math.max(0, pool.opening.dueMs - timeMs);

export function lockView(name: ResourceName, pool: Pool | undefined, timeMs: number): LockView {
  if (pool === undefined) {
    return { name, holders: [], waiters: [], waiterCount: 0, delayedForMs: 0 };
  }
  const waiters = waiterViews(pool);
  return {
    name,
    holders: [...pool.holds].map((hold) => holderView(hold, timeMs)),
    waiters,
    waiterCount: waiters.length,
    delayedForMs: delayedFor(pool, timeMs),
  };
}

export function electionView(
  name: ResourceName,
  pool: Pool | undefined,
  timeMs: number,
): ElectionView {
  const leader = pool?.holds.first;
  return {
    name,
    leader: leader === undefined ? undefined : holderView(leader, timeMs),
    candidates: pool === undefined ? [] : waiterViews(pool),
    delayedForMs: pool === undefined ? 0 : delayedFor(pool, timeMs),
  };
}

export function semaphoreView(pool: Pool, timeMs: number): SemaphoreView {
  const holders: SemaphoreView['holders'][number][] = [];
  for (const hold of pool.holds) {
    const { session, units, fenceToken, acquiredAtMs, metadata } = hold;
    const { id: sessionId, clientId } = session;
    const endsInMs = endsIn(hold, timeMs);
    const permits = units;
    holders.push({ sessionId, clientId, permits, fenceToken, acquiredAtMs, metadata, endsInMs });
  }
  const waiters: SemaphoreView['waiters'][number][] = [];
  for (const { session, units, requestId, terms } of pool.queue) {
    const { id: sessionId, clientId } = session;
    const position = waiters.length + 1;
    const priority = terms?.priority ?? 0;
    waiters.push({ sessionId, clientId, requestId, permits: units, position, priority });
  }
  const { name, size: limit, free, stays } = pool;
  return { name, limit, free, stays, holders, waiters };
}

export function barrierView(barrier: Barrier): BarrierView {
  const { name, round, parties, open, members } = barrier;
  const shown = [...members].map(({ id: sessionId, clientId }) => ({ sessionId, clientId }));
  return { name, round, parties, open, members: shown };
}

export function latchView({ name, count, initialCount }: Latch): LatchView {
  return { name, count, initialCount };
}

/**
 * The first `limit` held or queued pools with a prefix, in order of their names (by UTF-16 code
 * unit), from the one after `after`. Costs what it shows, and the locks between that only a delay keeps.
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
    const pool = tables.pools.get(name);
    if (name === after || pool === undefined) continue;
    if (pool.holds.length === 0 && pool.queue.length === 0) continue;
    if (pools.length === limit) return { pools, more: true };
    pools.push(pool);
  }
  return { pools, more: false };
}
