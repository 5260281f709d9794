/** What readers are shown of holds and waits. Views are made on demand and share nothing with the tables. */
import { ListBudget } from '../../kernel/view-bounds.ts';
import type { ListedItem } from '../../kernel/weigh-rows.ts';
import type { FenceToken, RequestId, SessionId } from '../../kernel/names.ts';
import { modeOf } from '../lock/modes.ts';
import type { HolderView, WaiterView } from './commands.ts';
import type { Hold, Pool, Waiter } from './pool.ts';

export function holderView(hold: Hold, timeMs: number): HolderView {
  const { session, pool, units, fenceToken, holdCount, acquiredAtMs, metadata } = hold;
  const mode = pool.kind === 'lock' ? modeOf(units) : 'exclusive';
  const { id: sessionId, clientId } = session;
  const endsInMs = endsIn(hold, timeMs);
  return { sessionId, clientId, mode, fenceToken, holdCount, acquiredAtMs, metadata, endsInMs };
}

export function endsIn({ maxHoldExpiry }: Hold, timeMs: number): number | undefined {
  return maxHoldExpiry === undefined ? undefined : Math.max(0, maxHoldExpiry.dueMs - timeMs);
}

/** The one that is asked for, then the others. */
function* holdsOf(
  pool: Pool,
  fenceToken: FenceToken | undefined,
): Generator<Hold, void, undefined> {
  let asked: Hold | undefined;
  if (fenceToken !== undefined)
    for (const hold of pool.holds()) if (hold.fenceToken === fenceToken) asked = hold;
  if (asked !== undefined) yield asked;
  for (const hold of pool.holds()) if (hold !== asked) yield hold;
}

/** As many as a list shows. */
export function shownHolds(
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
export function shownWaiters(pool: Pool, limit: number): readonly Waiter[] {
  const waiters: Waiter[] = [];
  const budget = new ListBudget(limit);
  for (const waiter of pool.queue) {
    if (!budget.takes([waiter.session.clientId])) break;
    waiters.push(waiter);
  }
  return waiters;
}

interface PlaceInQueue {
  readonly sessionId: SessionId;
  readonly clientId: string;
  readonly requestId: RequestId;
  readonly position: number;
  readonly priority: number;
}

export const placeView = ({ session, requestId, terms }: Waiter, index: number): PlaceInQueue => ({
  sessionId: session.id,
  clientId: session.clientId,
  requestId,
  position: index + 1,
  priority: terms?.priority ?? 0,
});

export function waiterViews(pool: Pool, limit: number): readonly WaiterView[] {
  return shownWaiters(pool, limit).map((waiter, index) => ({
    ...placeView(waiter, index),
    mode: pool.kind === 'lock' ? modeOf(waiter.units) : 'exclusive',
  }));
}

export const delayedFor = (pool: Pool, timeMs: number): number =>
  pool.lockDelayEnd === undefined ? 0 : Math.max(0, pool.lockDelayEnd.dueMs - timeMs);

/** Clients that hold a pool or wait for it. */
function* clientsOf(pool: Pool): Generator<string, void, undefined> {
  for (const hold of pool.holds()) yield hold.session.clientId;
  for (const waiter of pool.queue) yield waiter.session.clientId;
}

/** What only a lock-delay keeps is used by nobody. */
const usedPool = (pool: Pool | undefined): Pool | undefined =>
  pool !== undefined && (pool.holdCount > 0 || pool.queue.length > 0 || pool.persistent)
    ? pool
    : undefined;

/** A pool that is used, as lists look at it. */
export function listedPool<View>(
  pool: Pool | undefined,
  show: (used: Pool) => ReturnType<ListedItem<View>['show']>,
): ListedItem<View> | undefined {
  const used = usedPool(pool);
  return (
    used && {
      clients: () => clientsOf(used),
      isWaitedFor: used.queue.length > 0,
      show: () => show(used),
    }
  );
}
