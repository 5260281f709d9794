/**
 * The records of a snapshot as lines of JSON, and back: one for each tombstone, session and pool.
 * Arrays, not objects: a snapshot is mostly records, and names of fields would be most of it.
 * Whatever is changed here changes `formatVersion` in snapshot.ts.
 */
import { Fields, SnapshotFormatError } from './fields.ts';
import { invariant } from './invariant.ts';
import { openingRank, Pool, waitRank } from './pool.ts';
import type { Hold, Waiter } from './pool.ts';
import { RequestTable } from './requests.ts';
import type { Answer } from './requests.ts';
import { Session } from './sessions.ts';
import type { Tombstone } from './sessions.ts';
import type { Tables } from './tables.ts';
import type {
  CommandResult,
  FenceToken,
  JsonValue,
  RequestId,
  ResourceName,
  SessionId,
} from './types.ts';

// ---- answers ------------------------------------------------------------------------------------

function encodeResult(result: CommandResult): JsonValue {
  if (!result.ok) return [0, result.code, result.message, result.details ?? null];
  if (result.type === 'granted') return [1, result.fenceToken, result.holdCount, result.revision];
  invariant(result.type === 'released', 'Only acquires and releases are remembered.', result.type);
  return [2, result.fenceToken, result.remainingHoldCount];
}

function decodeResult(fields: Fields): CommandResult {
  const kind = fields.number();
  if (kind === 0) {
    const code = fields.refusalCode();
    const message = fields.text();
    const details = fields.details();
    return { ok: false, code, message, ...(details === undefined ? {} : { details }) };
  }
  const fenceToken = fields.number() as FenceToken;
  const count = fields.number();
  if (kind === 1) {
    return { ok: true, type: 'granted', fenceToken, holdCount: count, revision: fields.number() };
  }
  if (kind === 2) return { ok: true, type: 'released', fenceToken, remainingHoldCount: count };
  throw new SnapshotFormatError(`an answer is of the unknown kind ${String(kind)}`);
}

function encodeAnswer(requestId: RequestId, answer: Answer): JsonValue {
  if (answer.kind === 'release') {
    const { name, fenceToken, result } = answer;
    return ['r', requestId, name, fenceToken ?? null, encodeResult(result)];
  }
  if (answer.kind === 'release_permits') {
    const { name, fenceToken, result } = answer;
    return ['q', requestId, name, fenceToken, encodeResult(result)];
  }
  if (answer.kind === 'acquire_permits') {
    const { name, permits, result } = answer;
    const first = result === undefined ? null : encodeResult(result);
    return ['p', requestId, name, permits ?? null, first];
  }
  const { name, mode, result } = answer;
  return ['a', requestId, name, mode ?? null, result === undefined ? null : encodeResult(result)];
}

function decodeAnswer(fields: Fields): readonly [RequestId, Answer] {
  const kind = fields.text();
  const requestId = fields.requestId();
  const name = fields.text() as ResourceName;
  if (kind === 'r') {
    const fenceToken = fields.optional(() => fields.number() as FenceToken);
    return [requestId, { kind: 'release', name, fenceToken, result: decodeResult(fields.list()) }];
  }
  if (kind === 'q') {
    const fenceToken = fields.number() as FenceToken;
    const result = decodeResult(fields.list());
    return [requestId, { kind: 'release_permits', name, fenceToken, result }];
  }
  if (kind === 'p') {
    const permits = fields.optional(() => fields.number());
    const result = fields.optional(() => decodeResult(fields.list()));
    return [requestId, { kind: 'acquire_permits', name, permits, result, waiter: undefined }];
  }
  if (kind !== 'a') throw new SnapshotFormatError(`a request is of the unknown kind "${kind}"`);
  const mode = fields.optional(() => fields.mode());
  const result = fields.optional(() => decodeResult(fields.list()));
  return [requestId, { kind: 'acquire', name, mode, result, waiter: undefined }];
}

// ---- tombstones ---------------------------------------------------------------------------------

export function encodeTombstone(
  kind: 'ended' | 'own_ended',
  id: SessionId,
  { reason, last }: Tombstone,
): string {
  const kept = last === undefined ? null : encodeAnswer(last.requestId, last.answer);
  return JSON.stringify([kind, id, reason, kept]);
}

export function decodeTombstone(fields: Fields): readonly [SessionId, Tombstone] {
  const id = fields.text() as SessionId;
  const reason = fields.sessionEnd();
  const kept = fields.optional(() => decodeAnswer(fields.list()));
  const last = kept === undefined ? undefined : { requestId: kept[0], answer: kept[1] };
  return [id, { reason, last }];
}

// ---- sessions -----------------------------------------------------------------------------------

export function encodeSession(session: Session): string {
  const answers: JsonValue[] = [];
  for (const [id, answer] of session.requests.entries()) answers.push(encodeAnswer(id, answer));
  return JSON.stringify([
    'session',
    session.id,
    session.clientId,
    session.timeoutMs,
    session.lockDelayMs,
    session.createdAtMs,
    session.own ? 1 : 0,
    session.renewal,
    session.requests.forgottenThrough,
    answers,
  ]);
}

/** The session without its holds and waits: those come with the pools. */
export function decodeSession(fields: Fields): Session {
  const facts = {
    id: fields.text() as SessionId,
    clientId: fields.text(),
    timeoutMs: fields.number(),
    lockDelayMs: fields.number(),
    createdAtMs: fields.number(),
    own: fields.number() === 1,
  };
  const renewal = fields.number();
  const requests = new RequestTable(fields.number());
  const answers = fields.list();
  while (!answers.atEnd) {
    const [id, answer] = decodeAnswer(answers.list());
    requests.remember(id, answer, Number.POSITIVE_INFINITY);
  }
  const session = new Session(facts, 0, requests);
  session.renewal = renewal;
  return session;
}

// ---- pools --------------------------------------------------------------------------------------

export function encodePool(pool: Pool): string {
  const holds: JsonValue[] = [];
  for (const hold of pool.holds) {
    holds.push([
      hold.session.id,
      hold.units,
      hold.fenceToken,
      hold.firstToken,
      hold.holdCount,
      hold.exclusiveCount,
      hold.acquiredAtMs,
    ]);
  }
  const waiters: JsonValue[] = [];
  for (const { session, requestId, units, dueMs, sequence, acquiredAtMs } of pool.queue) {
    waiters.push([session.id, requestId, units, dueMs, sequence, acquiredAtMs]);
  }
  if (pool.kind === 'semaphore') {
    const stays = pool.stays ? 1 : 0;
    return JSON.stringify(['semaphore', pool.name, pool.size, stays, holds, waiters]);
  }
  const { opening } = pool;
  const closed = opening === undefined ? null : [opening.dueMs, opening.sequence];
  return JSON.stringify(['pool', pool.name, pool.size, closed, holds, waiters]);
}

/** Adds the pool to its tables; holds and waiters are tied to sessions by `tie` in snapshot.ts. */
export function decodePool(tables: Tables, fields: Fields): Pool {
  const pool = new Pool('lock', fields.text() as ResourceName, fields.number(), 0);
  const closed = fields.optional(() => fields.list());
  if (closed !== undefined) {
    pool.opening = {
      kind: 'opening',
      pool,
      dueMs: closed.number(),
      rank: openingRank,
      sequence: closed.number(),
      heapIndex: -1,
    };
  }
  decodeUsers(tables, pool, fields);
  return pool;
}

export function decodeSemaphore(tables: Tables, fields: Fields): Pool {
  const name = fields.text() as ResourceName;
  const size = fields.number();
  const pool = new Pool('semaphore', name, size, 0);
  pool.stays = fields.number() === 1;
  // Holders may have more than a limit that was lowered (P5).
  pool.changeSize(Number.MAX_SAFE_INTEGER);
  decodeUsers(tables, pool, fields);
  pool.changeSize(size);
  return pool;
}

function decodeUsers(tables: Tables, pool: Pool, fields: Fields): void {
  const holds = fields.list();
  while (!holds.atEnd) pool.add(decodeHold(tables, pool, holds.list()));
  const waiters = fields.list();
  while (!waiters.atEnd) pool.queue.append(decodeWaiter(tables, pool, waiters.list()));
}

function decodeHold(tables: Tables, pool: Pool, fields: Fields): Hold {
  return {
    pool,
    session: sessionOf(tables, fields),
    units: fields.number(),
    fenceToken: fields.number() as FenceToken,
    firstToken: fields.number() as FenceToken,
    holdCount: fields.number(),
    exclusiveCount: fields.number(),
    acquiredAtMs: fields.number(),
    previous: undefined,
    next: undefined,
  };
}

function decodeWaiter(tables: Tables, pool: Pool, fields: Fields): Waiter {
  const session = sessionOf(tables, fields);
  const requestId = fields.requestId();
  const answer = session.requests.find(requestId);
  const kind = pool.kind === 'lock' ? 'acquire' : 'acquire_permits';
  if (
    answer === undefined ||
    answer === 'forgotten' ||
    answer.kind !== kind ||
    !('waiter' in answer)
  ) {
    throw new SnapshotFormatError(`a waiter of "${pool.name}" has no request in its session`);
  }
  const waiter: Waiter = {
    kind: 'wait',
    pool,
    session,
    requestId,
    answer,
    units: fields.number(),
    dueMs: fields.number(),
    sequence: fields.number(),
    acquiredAtMs: fields.number(),
    rank: waitRank,
    heapIndex: -1,
    previous: undefined,
    next: undefined,
  };
  answer.waiter = waiter;
  return waiter;
}

function sessionOf(tables: Tables, fields: Fields): Session {
  const id = fields.text() as SessionId;
  const session = tables.sessions.get(id);
  if (session === undefined) {
    throw new SnapshotFormatError(`a hold or wait is of session "${id}", which is not there`);
  }
  return session;
}
