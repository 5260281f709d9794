/** What readers are shown of a session: itself, what it holds and where it waits, by pages. */
import { modeOf } from '../../primitives/lock/modes.ts';
import type { Hold, Pool, Waiter } from '../../primitives/holds/pool.ts';
import type { Session } from '../../primitives/holds/pool.ts';
import type { Tables } from '../tables.ts';
import { ListBudget, rowsShown } from '../view-bounds.ts';
import type {
  HoldCounts,
  HoldsPage,
  LeadView,
  LockHoldView,
  PermitsHoldView,
  PlacesPage,
  PlaceView,
  SessionLeaseView,
  SessionView,
} from '../view-types.ts';
import type { FenceToken } from '../names.ts';

export function sessionView(session: Session): SessionView {
  return {
    sessionId: session.id,
    clientId: session.clientId,
    timeoutMs: session.timeoutMs,
    lockDelayMs: session.lockDelayMs,
    createdAtMs: session.createdAtMs,
    renewal: session.renewal,
    own: session.own,
    waiting: session.waits.size > 0,
    counts: countsOf(session),
    holds: firstOf(session.holds.values(), lockHoldView),
    permits: firstOf(session.permits.values(), permitsHoldView),
    leads: firstOf(session.leads.values(), leadView),
    barriers: firstOf(session.joined.values(), ({ name }) => name),
  };
}

const countsOf = ({ holds, permits, leads, joined }: Session): HoldCounts => ({
  locks: holds.size,
  permits: permits.size,
  leads: leads.size,
  barriers: joined.size,
});

function firstOf<T, V>(all: Iterable<T>, viewOf: (one: T) => V): readonly V[] {
  const views: V[] = [];
  for (const one of all) {
    if (views.length === rowsShown) break;
    views.push(viewOf(one));
  }
  return views;
}

const lockHoldView = ({ pool, fenceToken, units, holdCount, firstToken }: Hold): LockHoldView => ({
  name: pool.name,
  fenceToken,
  mode: modeOf(units),
  holdCount,
  firstToken,
});

const permitsHoldView = ({ pool, fenceToken, units }: Hold): PermitsHoldView => ({
  name: pool.name,
  fenceToken,
  permits: units,
});

const leadView = ({ pool, fenceToken }: Hold): LeadView => ({ name: pool.name, fenceToken });

export function holdsPage(session: Session, after: number, limit: number): HoldsPage {
  const holds: LockHoldView[] = [];
  const permits: PermitsHoldView[] = [];
  const leads: LeadView[] = [];
  const budget = new ListBudget(limit);
  let last: FenceToken | undefined;
  let nextAfter: FenceToken | undefined;
  // A page of nothing asks for the counts and the digest: no order is made for it.
  for (const hold of limit > 0 ? session.holdsAfter(after) : []) {
    // The name of a lock is told twice, see the protocol.
    if (!budget.takes([hold.pool.name, hold.pool.name])) {
      nextAfter = last;
      break;
    }
    last = hold.firstToken;
    if (hold.pool.kind === 'lock') holds.push(lockHoldView(hold));
    else if (hold.pool.kind === 'semaphore') permits.push(permitsHoldView(hold));
    else leads.push(leadView(hold));
  }
  return {
    counts: countsOf(session),
    digest: session.holdDigest,
    holds,
    permits,
    leads,
    nextAfter,
  };
}

export function sessionLease(session: Session, { leaderships }: Tables): SessionLeaseView {
  const { id: sessionId, timeoutMs, renewal, own, waits } = session;
  const onlyWaits = waits.size > 0 && session.load === waits.size;
  const unheardSinceMs = leaderships.unheardSinceMs(session.heardIn);
  return { sessionId, timeoutMs, renewal, own, onlyWaits, unheardSinceMs };
}

/** Those ahead that are named at one place. */
const maxAheadShown = 100;
/** Waiters that are passed on the way through the queues of one page. */
const maxSteps = 50_000;

/** Walks from each waiter to the head of its queue, until the page is full or the way was long enough. */
export function placesPage(session: Session | undefined, after: number, limit: number): PlacesPage {
  if (session === undefined) return { count: 0, places: [], nextAfter: undefined };
  const places: PlaceView[] = [];
  const budget = new ListBudget(limit);
  let steps = 0;
  let last = after;
  for (const waiter of session.waitsAfter(after)) {
    if (places.length > 0 && steps >= maxSteps)
      return { count: session.waits.size, places, nextAfter: last };
    const place = placeOf(waiter);
    steps += place.position;
    if (!budget.takes([place.name, ...place.ahead]))
      return { count: session.waits.size, places, nextAfter: last };
    places.push(place);
    last = waiter.sequence;
  }
  return { count: session.waits.size, places, nextAfter: undefined };
}

function placeOf(waiter: Waiter): PlaceView {
  const pool: Pool = waiter.pool;
  let position = 1;
  for (let ahead = waiter.previous; ahead !== undefined; ahead = ahead.previous) position += 1;
  const ahead: string[] = [];
  for (let one = pool.queue.first; one !== undefined && one !== waiter; one = one.next) {
    if (ahead.length === maxAheadShown) break;
    ahead.push(one.session.clientId);
  }
  const { kind, name } = pool;
  return { kind, name, requestId: waiter.requestId, position, ahead };
}
