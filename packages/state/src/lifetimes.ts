/**
 * How sessions begin and end, and what ends by the passing of time.
 *
 * E1: in the command that ends a session, all its waits leave their queues, then all its holds end,
 *     and only then do others get what was freed (spec rule 2.4).
 * E2: a lock delay follows an expiry and nothing else.
 * E3: an expiry that is proposed for an older renewal does nothing (spec rule 2.2).
 * E4: what is due is acted upon in order of its time, before the commands of an entry: the outcome
 *     does not depend on how many entries the time came in.
 */
import { leaveAll } from './barriers.ts';
import { closeUntil, endHold, endWait, poolsOf, settle } from './grants.ts';
import type { Ending, Opening, Pool, Waiter } from './pool.ts';
import { limitExceeded, sessionEnded, sessionExists, waitTimeout } from './refusals.ts';
import { Session } from './sessions.ts';
import type { SessionEnd, SessionFacts, Tombstone } from './sessions.ts';
import type { Tables } from './tables.ts';
import type { Command } from './commands.ts';
import type { ClusterTimeMs, SessionId } from './names.ts';
import type { CommandResult, Refusal } from './outcomes.ts';

/** Makes a session that stands until it is ended or expires. */
export function createSession(
  tables: Tables,
  command: Extract<Command, { type: 'create_session' }>,
): Session | Refusal {
  const { sessionId: id, clientId, timeoutMs, lockDelayMs, createdAtMs } = command;
  const existing = tables.sessions.get(id);
  if (existing !== undefined) {
    if (existing.own || existing.clientId !== clientId) return sessionExists(id);
    tables.heardFrom(existing, undefined);
    return existing;
  }
  if (tables.tombstone(id) !== undefined) return tables.missingSession(id);
  return (
    tooManySessions(tables) ??
    beginSession(tables, { id, clientId, timeoutMs, lockDelayMs, createdAtMs, own: false })
  );
}

/** Makes a session; the caller has found that it may. */
export function beginSession(tables: Tables, facts: SessionFacts): Session {
  const session = new Session(facts, tables.pictureNumber);
  tables.sessions.set(session.id, session);
  tables.totalSessions += 1;
  tables.events.push({
    type: 'session_created',
    sessionId: session.id,
    clientId: session.clientId,
    timeoutMs: session.timeoutMs,
  });
  return session;
}

export function tooManySessions(tables: Tables): Refusal | undefined {
  const { maxSessions } = tables.limits;
  if (tables.sessions.size < maxSessions) return undefined;
  return limitExceeded('max_sessions', maxSessions, 'End sessions that are not needed.');
}

/**
 * Ends a session with all that it has.
 *
 * @param last Of an own session that ends with its one request: that request and its answer.
 * @returns How many holds ended.
 */
export function endSession(
  tables: Tables,
  session: Session,
  reason: SessionEnd,
  last?: Tombstone['last'],
): number {
  tables.changingSession(session);
  tables.sessions.delete(session.id);
  session.living = false;
  const graveyard = session.own ? tables.ownEnded : tables.ended;
  graveyard.add(session.id, { reason, last });
  if (reason === 'expired') tables.expiredSessions += 1;
  const { id: sessionId, clientId } = session;
  tables.events.push({ type: 'session_ended', sessionId, clientId, reason });

  const changed = new Set<Pool>();
  for (const waiter of session.waits) {
    endWait(tables, waiter, sessionEnded(session.id, reason)); // E1
    for (const pool of poolsOf(waiter)) changed.add(pool);
  }
  leaveAll(tables, session);
  const releasedCount = session.holds.size + session.permits.size + session.leads.size;
  const how = reason === 'expired' ? 'expired' : 'session_ended';
  // A lock delay is of locks: the other permits of a semaphore are not to wait for the lost one.
  for (const hold of session.permits.values()) {
    endHold(tables, hold, how); // E1
    changed.add(hold.pool);
  }
  for (const hold of [...session.holds.values(), ...session.leads.values()]) {
    endHold(tables, hold, how); // E1
    if (reason === 'expired' && session.lockDelayMs > 0) {
      closeUntil(tables, hold.pool, tables.timeMs + session.lockDelayMs); // E2
    }
    changed.add(hold.pool);
  }
  settle(tables, ...changed);
  return releasedCount;
}

/** An own session ends with the last thing that it was made for. */
export function endIfUnused(tables: Tables, session: Session, last?: Tombstone['last']): void {
  if (session.own && session.load === 0) endSession(tables, session, 'ended', last);
}

/** E3. */
export function expireSession(tables: Tables, id: SessionId, renewal: number): CommandResult {
  const session = tables.sessions.get(id);
  if (session === undefined || session.renewal !== renewal) return { ok: true, type: 'unchanged' };
  return {
    ok: true,
    type: 'session_ended',
    releasedCount: endSession(tables, session, 'expired'),
  };
}

/** E4: time moves to `timeMs`. */
export function advance(tables: Tables, timeMs: ClusterTimeMs): void {
  tables.timeMs = timeMs;
  for (let item = tables.due.first(); item !== undefined; item = tables.due.first()) {
    if (item.dueMs > timeMs) return;
    if (item.kind === 'opening') open(tables, item);
    else if (item.kind === 'ending') endForLength(tables, item);
    else runOut(tables, item);
  }
}

function open(tables: Tables, opening: Opening): void {
  const { pool } = opening;
  tables.changingPool(pool);
  tables.due.remove(opening);
  pool.opening = undefined;
  settle(tables, pool);
}

/** A hold has stood for its longest time. */
function endForLength(tables: Tables, { hold }: Ending): void {
  const { session, pool } = hold;
  endHold(tables, hold, 'max_hold');
  endIfUnused(tables, session);
  settle(tables, pool);
}

function runOut(tables: Tables, waiter: Waiter): void {
  const { session, pool, requestId, answer } = waiter;
  endWait(tables, waiter, waitTimeout(pool));
  endIfUnused(tables, session, { requestId, answer });
  settle(tables, ...poolsOf(waiter));
}
