/**
 * How sessions begin and end, and what ends by the passing of time.
 *
 * STATE-SESSION-1: when a session ends, all its waits leave their queues, then its holds end, and only then do
 *     others get what was freed: in the command that ends it as far as that fits
 *     into the entry, else by the following entries in parts (endings.ts).
 * STATE-SESSION-2: a lock delay follows an expiry and nothing else.
 * STATE-SESSION-3: an expiry that is proposed for an older renewal does nothing.
 * STATE-SESSION-4: what is due is acted upon in order of its time, before the commands of an entry: the outcome
 *     does not depend on how many entries the time came in. What does not fit into the entry (work.ts)
 *     is acted upon by the next ones, in the same order; until then a hold still stands and a lock is
 *     still closed, and a wait that is over is granted nothing (TURN-2).
 */
import type { Hold, LastRequest } from '../../primitives/holds/pool.ts';
import { endHoldOfEnded, endMore, endSome, endWaitOfEnded } from './endings.ts';
import type { CallerUse } from '../caller-use.ts';
import { endHold } from '../../primitives/holds/grants.ts';
import { endWait, poolsOf } from '../../primitives/holds/waits.ts';
import { cacheEntryDue } from '../../primitives/cache/entries.ts';
import { messageDue } from '../../primitives/queue/deliveries.ts';
import { copyCame, copyCameLate, notToBeMade, rememberSession } from './making.ts';
import type { MaxHoldExpiry, LockDelayEnd, Session, Waiter } from '../../primitives/holds/pool.ts';
import { limitExceeded, sessionExists } from '../refusals.ts';
import { waitTimeout } from '../../primitives/holds/refusals.ts';
import { SessionOf } from './sessions.ts';
import type { SessionEnd, SessionFacts } from './sessions.ts';
import { settle, settleRest } from '../../primitives/holds/settle.ts';
import type { Tables } from '../tables.ts';
import { beginShare } from '../work.ts';
import type { Command } from '../commands.ts';
import type { ClusterTimeMs, SessionId } from '../names.ts';
import type { OutcomeOf, Refusal } from '../outcomes.ts';

/** Makes a session that stands until it is ended or expires. */
export function createSession(
  tables: Tables,
  command: Extract<Command, { type: 'create_session' }>,
): Session | Refusal {
  const { sessionId: id, clientId, timeoutMs, lockDelayMs, createdAtMs, stamp, caller } = command;
  const existing = tables.sessions.get(id);
  if (existing !== undefined) {
    if (existing.own || existing.clientId !== clientId) return sessionExists(id);
    tables.touch(existing, undefined);
    copyCame(tables, existing, stamp, 0);
    tables.isAnsweredBefore = true;
    return existing;
  }
  if (tables.tombstone(id) !== undefined) {
    copyCameLate(tables, id, stamp);
    return tables.missingSession(id);
  }
  const use = tables.callers.of(caller);
  const refusal = notToBeMade(tables, tables.ended, stamp, caller) ?? tooManySessions(tables, use);
  if (refusal !== undefined) return refusal;
  const facts = { id, clientId, timeoutMs, lockDelayMs, createdAtMs, own: false };
  const session = beginSession(tables, facts, use);
  copyCame(tables, session, stamp, 0);
  return session;
}

/** Heard of, without a command of its own to execute. */
export function keepAlive(tables: Tables, id: SessionId): OutcomeOf<'keep_alive'> {
  const session = tables.sessions.get(id);
  if (session === undefined) return tables.missingSession(id);
  tables.touch(session, undefined);
  return { ok: true, type: 'kept_alive', timeoutMs: session.timeoutMs };
}

/** Makes a session; the caller has found that it may. */
export function beginSession(tables: Tables, facts: SessionFacts, use: CallerUse): Session {
  const session = new SessionOf<Hold, Waiter>(
    { ...facts, owner: tables.identity },
    use,
    tables.snapshotNumber,
    tables.leaderships.current,
  );
  tables.addSession(session);
  tables.totalSessions += 1;
  tables.callers.begin(use);
  tables.events.push({
    type: 'session_created',
    sessionId: session.id,
    clientId: session.clientId,
    timeoutMs: session.timeoutMs,
  });
  return session;
}

/** QUOTA-1: of all, and of this caller. */
export function tooManySessions(
  tables: Tables,
  { caller, sessions }: CallerUse,
): Refusal | undefined {
  const { maxSessions, maxSessionsPerCaller } = tables.limits;
  if (caller !== undefined && sessions >= maxSessionsPerCaller)
    return limitExceeded(
      'max_sessions_per_caller',
      maxSessionsPerCaller,
      `So many sessions of ${caller} live already, holds by client_id among them. End some, or use one for several holds.`,
    );
  // Those that still end count: else they could pile up without a bound.
  if (tables.sessions.size + tables.ending.size < maxSessions) return undefined;
  return limitExceeded('max_sessions', maxSessions, 'End sessions that are not needed.');
}

/**
 * Ends a session with all that it has.
 *
 * @param last Of an implicit session that ends with its one request: that request and its answer.
 * @returns How many holds end with it, in this entry or in the next ones.
 */
export function endSession(
  tables: Tables,
  session: Session,
  reason: SessionEnd,
  last?: LastRequest,
): number {
  tables.changingSession(session);
  tables.removeSession(session);
  session.living = false;
  rememberSession(tables, session, reason, last);
  if (reason === 'expired') tables.expiredSessions += 1;
  const { id: sessionId, clientId } = session;
  tables.events.push({ type: 'session_ended', sessionId, clientId, reason });

  for (const ends of tables.sessionEnds) ends(tables, session);
  const releasedCount = session.holds.size + session.permits.size + session.leads.size;
  const fits = session.load <= tables.workLeft;
  session.over = { reason, atMs: tables.timeMs, sequence: fits ? 0 : tables.nextSequence() };
  if (fits) {
    endSome(tables, session);
    tables.closeSession(session);
  } else {
    tables.ending.set(session.id, session); // ENDS-2
    endMore(tables);
  }
  return releasedCount;
}

/** An implicit session ends with the last thing that it was made for. */
export function endIfUnused(tables: Tables, session: Session, last?: LastRequest): void {
  if (session.own && session.living && session.load === 0)
    endSession(tables, session, 'ended', last);
}

/** STATE-SESSION-3. */
export function expireSession(
  tables: Tables,
  id: SessionId,
  renewal: number,
): OutcomeOf<'expire_session'> {
  const session = tables.sessions.get(id);
  if (session === undefined || session.renewal !== renewal) return { ok: true, type: 'unchanged' };
  return {
    ok: true,
    type: 'session_ended',
    releasedCount: endSession(tables, session, 'expired'),
  };
}

/** STATE-SESSION-4: time moves to `timeMs`, and what earlier entries left goes on (WORK-2). */
export function advance(tables: Tables, timeMs: ClusterTimeMs): void {
  tables.timeMs = timeMs;
  beginShare(tables);
  settleRest(tables);
  actOnDue(tables);
  endMore(tables);
  for (const memory of [tables.ended, tables.ownEnded]) memory.forget(timeMs); // MEM-5
  tables.queues.dedup.forget(timeMs, tables.limits.maxWorkPerEntry); // DEDUP-1
}

function actOnDue(tables: Tables): void {
  for (let item = tables.due.first(); item !== undefined; item = tables.due.first()) {
    if (item.dueMs > tables.timeMs || tables.workLeft <= 0) break;
    tables.actingOnDue = true;
    if (item.kind === 'lock_delay_end') open(tables, item);
    else if (item.kind === 'max_hold_expiry') endForLength(tables, item);
    else if (item.kind === 'message') messageDue(tables, item);
    else if (item.kind === 'cache') cacheEntryDue(tables, item);
    else runOut(tables, item);
  }
  tables.actingOnDue = false;
}

function open(tables: Tables, end: LockDelayEnd): void {
  const { pool } = end;
  tables.changingPool(pool);
  tables.workLeft -= 1; // WORK-1
  tables.due.remove(end);
  pool.lockDelayEnd = undefined;
  settle(tables, [pool]);
}

/** A hold has stood for its longest time. */
function endForLength(tables: Tables, { hold }: MaxHoldExpiry): void {
  const { session, pool } = hold;
  if (session.living) endHold(tables, hold, 'max_hold');
  else endHoldOfEnded(tables, hold); // STATE-SESSION-2: with the delay of its expiry.
  endIfUnused(tables, session);
  settle(tables, [pool]);
}

function runOut(tables: Tables, waiter: Waiter): void {
  const { session, pool, requestId, answer } = waiter;
  if (session.living) endWait(tables, waiter, waitTimeout(pool));
  else endWaitOfEnded(tables, waiter);
  endIfUnused(tables, session, { requestId, answer });
  settle(tables, poolsOf(waiter));
}
