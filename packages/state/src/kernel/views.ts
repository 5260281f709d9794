/** What readers are shown. Views are made on demand and share nothing with the tables. */
import { modeOf } from '../primitives/lock/modes.ts';
import type { Barrier, Latch } from './meetings.ts';
import type { Hold, Pool, Waiter } from '../primitives/holds/pool.ts';
import { ListBudget, rowsShown } from './view-bounds.ts';
import type {
  BarrierView,
  ElectionView,
  HolderView,
  LatchView,
  LockView,
  SemaphoreView,
  WaiterView,
} from './view-types.ts';
import type { FenceToken, ResourceName } from './names.ts';

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

/** The one that is asked for, then the others. */
function* holdsOf(
  pool: Pool,
  fenceToken: FenceToken | undefined,
): Generator<Hold, void, undefined> {
  let asked: Hold | undefined;
  if (fenceToken !== undefined)
    for (const hold of pool.holds) if (hold.fenceToken === fenceToken) asked = hold;
  if (asked !== undefined) yield asked;
  for (const hold of pool.holds) if (hold !== asked) yield hold;
}

/** As many as a list shows. */
function shownHolds(
  pool: Pool,
  limit: number,
  fenceToken: FenceToken | undefined,
): readonly Hold[] {
  const holds: Hold[] = [];
  const budget = new ListBudget(limit);
  for (const hold of holdsOf(pool, fenceToken)) {
    if (!budget.takes([hold.session.clientId], hold.metadata)) break;
    holds.push(hold);
  }
  return holds;
}

/** As many of the next that get their turn as a list shows. */
function shownWaiters(pool: Pool, limit: number): readonly Waiter[] {
  const waiters: Waiter[] = [];
  const budget = new ListBudget(limit);
  for (const waiter of pool.queue) {
    if (!budget.takes([waiter.session.clientId])) break;
    waiters.push(waiter);
  }
  return waiters;
}

const placeView = ({ session, requestId, terms }: Waiter, index: number) => ({
  sessionId: session.id,
  clientId: session.clientId,
  requestId,
  position: index + 1,
  priority: terms?.priority ?? 0,
});

function waiterViews(pool: Pool, limit: number): readonly WaiterView[] {
  return shownWaiters(pool, limit).map((waiter, index) => ({
    ...placeView(waiter, index),
    mode: pool.kind === 'lock' ? modeOf(waiter.units) : 'exclusive',
  }));
}

const delayedFor = (pool: Pool, timeMs: number): number =>
  pool.opening === undefined ? 0 : Math.max(0, pool.opening.dueMs - timeMs);

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

export function electionView(
  name: ResourceName,
  pool: Pool | undefined,
  timeMs: number,
  limit: number = rowsShown,
): ElectionView {
  const leader = pool?.holds.first;
  return {
    name,
    leader: leader === undefined ? undefined : holderView(leader, timeMs),
    candidates: pool === undefined ? [] : waiterViews(pool, limit),
    candidateCount: pool?.queue.length ?? 0,
    delayedForMs: pool === undefined ? 0 : delayedFor(pool, timeMs),
  };
}

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
  const { name, size, free, stays } = pool;
  return {
    name,
    limit: size,
    free,
    stays,
    holderCount: pool.holds.length,
    waiterCount: pool.queue.length,
    holders: shownHolds(pool, limit, fenceToken).map((hold) => permitsView(hold, timeMs)),
    waiters: shownWaiters(pool, limit).map((waiter, index) => ({
      ...placeView(waiter, index),
      permits: waiter.units,
    })),
  };
}

export function barrierView(barrier: Barrier, limit: number = rowsShown): BarrierView {
  const { name, round, parties, open } = barrier;
  const members: BarrierView['members'][number][] = [];
  const budget = new ListBudget(limit);
  for (const { id: sessionId, clientId } of barrier.members.keys()) {
    if (!budget.takes([clientId])) break;
    members.push({ sessionId, clientId });
  }
  return { name, round, parties, open, memberCount: barrier.members.size, members };
}

export function latchView({ name, count, initialCount }: Latch): LatchView {
  return { name, count, initialCount };
}
