/**
 * Requests that make a session: whether one may be made, and how long it is remembered when it has ended.
 * The rules are in ended-sessions.ts.
 */
import { byNumberAlone, longestRepetitionMs, longestTtlMs } from './ended-sessions.ts';
import type { EndedSessions } from './ended-sessions.ts';
import type { LastRequest } from '../../primitives/holds/pool.ts';
import { cancelledForTtlLevel } from '../levels.ts';
import { remembersAllOfTtl, remembersByTime } from '../limits.ts';
import { limitExceeded, requestTooOld } from '../refusals.ts';
import type { Session } from '../../primitives/holds/pool.ts';
import type { Tables } from '../tables.ts';
import type { ImplicitSession, Stamp } from '../commands.ts';
import type { ClusterTimeMs, SessionId } from '../names.ts';
import type { Refusal } from '../outcomes.ts';

/** Why no session may be made for a request whose session is not known. */
export function notToBeMade(
  tables: Tables,
  memory: EndedSessions,
  stamp: Stamp | undefined,
  caller: string | undefined,
): Refusal | undefined {
  const { limits, timeMs } = tables;
  if (stamp !== undefined) {
    if (stamp.madeAtMs + stamp.liveMs < timeMs) return requestTooOld(stamp, timeMs); // MEM-1
    if (stamp.madeAtMs <= memory.refusedThroughMs) return memoryFull(tables, memory); // MEM-4
    if (memory.shares.isRefused(caller, stamp)) return shareFull(tables, memory, caller); // SHARE-2
  }
  const fullOf = memory.fullOf(limits, timeMs, caller);
  if (fullOf === 'caller') {
    if (stamp !== undefined && caller !== undefined) memory.shares.refuse(caller, stamp); // SHARE-2
    return shareFull(tables, memory, caller); // SHARE-1
  }
  if (fullOf === undefined) return undefined;
  if (stamp !== undefined)
    memory.refusedThroughMs = Math.max(memory.refusedThroughMs, stamp.madeAtMs); // MEM-4
  return memoryFull(tables, memory); // MEM-3
}

function shareFull({ limits }: Tables, memory: EndedSessions, caller: string | undefined): Refusal {
  const remedy =
    `So many sessions of ${String(caller)} have ended of late that no more of them can be remembered, which is what keeps ` +
    'late requests from being carried out twice. Nothing was done. Try again in half a minute; who acquires often needs ' +
    'one session for all, not client_id with ttl_seconds, and no long ttl for short holds.';
  const { maxRememberedSessionsPerCaller, maxRememberedBytesPerCaller } = limits;
  const bytes = caller === undefined ? 0 : (memory.shares.of(caller)?.bytes ?? 0);
  return bytes >= maxRememberedBytesPerCaller
    ? limitExceeded('max_remembered_bytes_per_caller', maxRememberedBytesPerCaller, remedy)
    : limitExceeded('max_remembered_sessions_per_caller', maxRememberedSessionsPerCaller, remedy);
}

function memoryFull({ limits }: Tables, memory: EndedSessions): Refusal {
  const remedy =
    'So many sessions have ended of late that no more can be remembered, which is what keeps late requests ' +
    'from being carried out twice. Nothing was done. Try again in half a minute; who acquires often needs one ' +
    'session for all, not client_id with ttl_seconds, and no long ttl for short holds.';
  const { maxRememberedSessions, maxRememberedBytes } = limits;
  return memory.bytes >= maxRememberedBytes
    ? limitExceeded('max_remembered_bytes', maxRememberedBytes, remedy)
    : limitExceeded('max_remembered_sessions', maxRememberedSessions, remedy);
}

/** A copy of the request that made this session has come, the first one too (MEM-1). */
export function copyCame(
  tables: Tables,
  session: Session,
  stamp: Stamp | undefined,
  waitMs: number,
): void {
  // LIMIT-1: what was logged before is remembered by number, and its snapshots do not tell this time.
  if (stamp === undefined && !remembersByTime(tables.limits)) return;
  const untilMs = copiesUntil(tables, stamp, waitMs);
  if (untilMs <= session.copiesUntilMs) return;
  tables.changingSession(session);
  session.copiesUntilMs = untilMs;
}

/** The same where its session has ended. */
export function copyCameLate(tables: Tables, id: SessionId, stamp: Stamp | undefined): void {
  if (stamp === undefined) return;
  for (const memory of [tables.ownEnded, tables.ended]) {
    const tombstone = memory.get(id);
    if (tombstone !== undefined) memory.extend(tombstone, copiesUntil(tables, stamp, 0));
  }
}

function copiesUntil({ timeMs }: Tables, stamp: Stamp | undefined, waitMs: number): ClusterTimeMs {
  return stamp === undefined ? timeMs + waitMs : stamp.madeAtMs + stamp.liveMs;
}

/** A session that made itself known by its requests has ended: how long it is remembered. */
export function rememberSession(
  tables: Tables,
  session: Session,
  reason: 'ended' | 'expired',
  last: LastRequest | undefined,
): void {
  const memory = session.own ? tables.ownEnded : tables.ended;
  const isRepeated = !session.own || session.requests.isNumbered || isNumbered(last);
  const untilMs = until(tables, session.copiesUntilMs, isRepeated ? session.timeoutMs : 0);
  const { owner, use } = session;
  memory.add(session.id, reason, last, untilMs, tables.timeMs, use.caller, owner);
}

/** An acquire that was refused before it had a session of its own. */
export function rememberRefused(
  tables: Tables,
  id: SessionId,
  last: LastRequest,
  { stamp, timeoutMs, caller }: Pick<ImplicitSession, 'stamp' | 'timeoutMs' | 'caller'>,
): void {
  const untilMs = until(tables, copiesUntil(tables, stamp, 0), isNumbered(last) ? timeoutMs : 0);
  tables.ownEnded.add(id, 'ended', last, untilMs, tables.timeMs, caller, tables.identity);
}

/**
 * An acquire that was cancelled before it came.
 *
 * @param liveMs Where it would make a session of its own.
 * @returns Why it is not remembered.
 */
export function rememberCancelled(
  tables: Tables,
  id: SessionId,
  last: LastRequest,
  { liveMs, caller }: { readonly liveMs?: number; readonly caller?: string },
): Refusal | undefined {
  const { limits, timeMs, ownEnded } = tables;
  const fullOf = ownEnded.fullOf(limits, timeMs, caller);
  if (fullOf === 'caller') return shareFull(tables, ownEnded, caller); // SHARE-3
  if (fullOf === 'all')
    ownEnded.refusedThroughMs = timeMs; // MEM-4: whatever it was, it was made before.
  else {
    const untilMs = cancelledUntil(tables, liveMs, isNumbered(last));
    ownEnded.add(id, 'ended', last, untilMs, timeMs, caller, tables.identity);
  }
  return undefined;
}

/** MEM-2: a copy may have been held up before a node stamped it. */
function cancelledUntil(
  { limits, timeMs, featureLevel }: Tables,
  liveMs: number | undefined,
  isRepeated: boolean,
): number {
  if (!remembersByTime(limits)) return byNumberAlone;
  if (liveMs === undefined) return timeMs;
  if (isRepeated && featureLevel >= cancelledForTtlLevel) return timeMs + longestTtlMs + liveMs;
  return timeMs + Math.max(liveMs, longestRepetitionMs);
}

const isNumbered = (last: LastRequest | undefined): boolean => typeof last?.requestId === 'number';

/** MEM-1, MEM-2. */
function until({ limits, timeMs }: Tables, copiesUntilMs: number, timeoutMs: number): number {
  if (!remembersByTime(limits)) return byNumberAlone;
  if (remembersAllOfTtl(limits)) return Math.max(copiesUntilMs, timeMs) + timeoutMs;
  return Math.max(copiesUntilMs, timeMs + Math.min(timeoutMs, longestRepetitionMs));
}
