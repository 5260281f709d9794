/**
 * Giving and taking back units.
 *
 * STATE-GRANT-1: every grant that gives units takes a new fence token; a re-entrant acquire takes none and
 *     tells the token of the hold that it enters.
 * STATE-GRANT-2: nothing is given to a session that has ended.
 * STATE-GRANT-3: after whatever frees units, takes a waiter away or opens a pool, `settle` runs in the same
 *     command (settle.ts): a waiter whose turn has come never waits for another command, except where
 *     more is to be given than fits into the entry (TURN-1).
 */
import { invariant } from '../../kernel/invariant.ts';
import { remembersByTime } from '../../kernel/limits.ts';
import { modeOf } from '../lock/modes.ts';
import { Hold, maxHoldExpiryRank, lockDelayEndRank } from './pool.ts';
import type { Granted, GrantedMany } from './commands.ts';
import type { Pool, Session } from './pool.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { Terms } from '../../kernel/terms.ts';
import type { RequestId } from '../../kernel/names.ts';
import type { EndReason, Event } from '../../kernel/outcomes.ts';

/** What an acquire asks of a pool. */
export interface Ask {
  readonly requestId: RequestId;
  readonly units: number;
  readonly acquiredAtMs: number;
  readonly terms: Terms | undefined;
}

/** Gives what was asked for; the caller has found that it fits. */
export function give(tables: Tables, session: Session, pool: Pool, ask: Ask): Granted {
  invariant(
    session.living,
    'STATE-GRANT-2: nothing is given to a session that has ended.',
    session.id,
  );
  tables.changingSession(session); // Its holds are part of its record.
  tables.changingPool(pool);
  if (session.own) session.heardIn = tables.leaderships.current; // LIFE-2
  if (pool.kind === 'semaphore') return givePermits(tables, session, pool, ask);
  const held = pool.heldBy(session);
  if (pool.kind === 'election') {
    if (held === undefined) return granted(tables, begin(tables, session, pool, ask));
    // Told again.
    if (!remembersByTime(tables.limits)) return { ...granted(tables, held), holdCount: 2 };
    held.holdCount += 1;
    held.exclusiveCount += 1;
    return granted(tables, held);
  }
  if (held !== undefined && held.units >= ask.units) {
    held.holdCount += 1;
    if (ask.units === pool.size) held.exclusiveCount += 1;
    takeTerms(tables, held, ask.terms);
    return granted(tables, held);
  }
  if (held === undefined) return granted(tables, begin(tables, session, pool, ask));
  upgrade(tables, held, ask.units);
  takeTerms(tables, held, ask.terms);
  tellGrant(tables, held, ask.requestId);
  return granted(tables, held);
}

function tellGrant(tables: Tables, hold: Hold, requestId: RequestId): void {
  const { session, pool, fenceToken, metadata } = hold;
  const event: Extract<Event, { type: 'granted' }> = {
    type: 'granted',
    name: pool.name,
    sessionId: session.id,
    clientId: session.clientId,
    requestId,
    mode: pool.kind === 'lock' ? modeOf(hold.units) : 'exclusive',
    fenceToken,
  };
  if (pool.kind === 'lock' && metadata === undefined) tables.events.push(event);
  else tables.events.push({ ...event, ...ofElection(pool), ...told(metadata) });
}

const ofElection = ({ kind }: Pool): { readonly kind?: 'election' } =>
  kind === 'election' ? { kind } : {};
const told = (metadata: Hold['metadata']): Pick<Extract<Event, { type: 'granted' }>, 'metadata'> =>
  metadata === undefined ? {} : { metadata };

function granted(tables: Tables, hold: Hold): Granted {
  return {
    ok: true,
    type: 'granted',
    fenceToken: hold.fenceToken,
    holdCount: hold.holdCount,
    revision: tables.index,
  };
}

/** Every acquire of permits is a hold of its own. */
function givePermits(tables: Tables, session: Session, pool: Pool, ask: Ask): Granted {
  const hold = newHold(tables, session, pool, ask);
  pool.add(hold);
  session.addHold(hold);
  tables.events.push({
    type: 'permits_granted',
    name: pool.name,
    sessionId: session.id,
    clientId: session.clientId,
    requestId: ask.requestId,
    permits: hold.units,
    fenceToken: hold.fenceToken,
    ...told(hold.metadata),
  });
  return granted(tables, hold);
}

function begin(tables: Tables, session: Session, pool: Pool, ask: Ask): Hold {
  const hold = newHold(tables, session, pool, ask);
  if (pool.kind === 'lock' && pool.holdCount === 0) tables.heldPools += 1;
  session.addHold(hold);
  pool.add(hold);
  tables.list(pool);
  tellGrant(tables, hold, ask.requestId);
  return hold;
}

function newHold(tables: Tables, session: Session, pool: Pool, ask: Ask): Hold {
  const fenceToken = tables.nextFenceToken(); // STATE-GRANT-1
  const hold = new Hold(session, pool, ask.units, fenceToken, ask.acquiredAtMs);
  hold.exclusiveCount = ask.units === pool.size ? 1 : 0;
  hold.metadata = ask.terms?.metadata;
  const maxHoldMs = ask.terms?.maxHoldMs;
  if (maxHoldMs !== undefined) endAt(tables, hold, tables.timeMs + maxHoldMs);
  return hold;
}

/** What is asked for when a hold is entered or upgraded: of two longest times the earlier end counts. */
function takeTerms(tables: Tables, hold: Hold, terms: Terms | undefined): void {
  if (terms?.metadata !== undefined) hold.session.setMetadata(hold, terms.metadata);
  if (terms?.maxHoldMs === undefined) return;
  const dueMs = tables.timeMs + terms.maxHoldMs;
  if (hold.maxHoldExpiry !== undefined && hold.maxHoldExpiry.dueMs <= dueMs) return;
  if (hold.maxHoldExpiry !== undefined) tables.due.remove(hold.maxHoldExpiry);
  endAt(tables, hold, dueMs);
}

function endAt(tables: Tables, hold: Hold, dueMs: number): void {
  const sequence = tables.nextSequence();
  hold.maxHoldExpiry = {
    kind: 'max_hold_expiry',
    hold,
    dueMs,
    rank: maxHoldExpiryRank,
    sequence,
    heapIndex: -1,
  };
  tables.due.add(hold.maxHoldExpiry);
}

/** From shared to exclusive. */
function upgrade(tables: Tables, hold: Hold, units: number): void {
  hold.pool.resize(hold, units);
  hold.session.renewToken(hold, tables.nextFenceToken()); // STATE-GRANT-1
  hold.holdCount += 1;
  hold.exclusiveCount += 1;
}

/** From exclusive to shared, in place. The caller settles the pool afterwards. */
export function downgradeHold(tables: Tables, hold: Hold): void {
  const { session, pool, fenceToken } = hold;
  tables.changingPool(pool);
  pool.resize(hold, 1);
  hold.exclusiveCount = 0;
  const { id: sessionId, clientId } = session;
  tables.events.push({ type: 'hold_downgraded', name: pool.name, sessionId, clientId, fenceToken });
}

/** Ends a hold, however often it was entered. The caller settles the pool afterwards. */
export function endHold(tables: Tables, hold: Hold, reason: EndReason, note?: string): void {
  const { pool, session, fenceToken } = hold;
  const { name, kind } = pool;
  const { id: sessionId, clientId } = session;
  tables.changingSession(session); // Its holds are part of its record.
  tables.workLeft -= 1; // WORK-1
  tables.changingPool(pool);
  pool.remove(hold);
  tables.list(pool);
  session.removeHold(hold);
  if (hold.maxHoldExpiry !== undefined) tables.due.remove(hold.maxHoldExpiry);
  if (reason !== 'released' && reason !== 'session_ended') {
    const revision = tables.index;
    tables.endedHolds.add(fenceToken, { fenceToken, kind, name, clientId, reason, revision });
  }
  const noted = note === undefined ? undefined : { note };
  const about = { name, sessionId, clientId, fenceToken, reason };
  if (kind === 'semaphore') {
    tables.events.push({ type: 'permits_ended', permits: hold.units, ...about, ...noted });
  } else if (kind === 'election') {
    tables.events.push({ type: 'hold_ended', kind, ...about, ...noted });
  } else {
    if (pool.holdCount === 0) tables.heldPools -= 1;
    tables.events.push({ type: 'hold_ended', ...about, ...noted });
  }
}

/** The answer to an acquire of several. */
export function grantedMany(tables: Tables, grants: readonly Granted[]): GrantedMany {
  const told = grants.map(({ fenceToken, holdCount }) => ({ fenceToken, holdCount }));
  return { ok: true, type: 'granted_many', grants: told, revision: tables.index };
}

/** Closes a pool until a time (lock delay); a later end that stands already stays. */
export function closeUntil(tables: Tables, pool: Pool, untilMs: number): void {
  if (pool.lockDelayEnd !== undefined) {
    if (pool.lockDelayEnd.dueMs >= untilMs) return;
    tables.due.remove(pool.lockDelayEnd);
  }
  tables.changingPool(pool);
  pool.lockDelayEnd = {
    kind: 'lock_delay_end',
    pool,
    dueMs: untilMs,
    rank: lockDelayEndRank,
    sequence: tables.nextSequence(),
    heapIndex: -1,
  };
  tables.due.add(pool.lockDelayEnd);
}
