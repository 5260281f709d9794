/**
 * The records of a snapshot as lines of JSON, and back: one for each tombstone, session and pool.
 * Arrays, not objects: a snapshot is mostly records, and names of fields would be most of it.
 * Whatever is changed here changes `formatVersion` in snapshot.ts.
 */
import { Fields, SnapshotFormatError } from './fields.ts';
import { invariant } from './invariant.ts';
import { Barrier, Latch } from './meetings.ts';
import { endingRank, openingRank, waitRank } from './pool.ts';
import type { Hold, Pool, Together, Waiter } from './pool.ts';
import { RequestTable } from './requests.ts';
import type { Answer } from './requests.ts';
import { Session } from './sessions.ts';
import type { SessionOver, Tombstone } from './sessions.ts';
import type { Place, Tables } from './tables.ts';
import type { Terms, Wanted } from './commands.ts';
import type { EndedHold } from './view-types.ts';
import type { FenceToken, JsonValue, RequestId, ResourceName, SessionId } from './names.ts';
import type { CommandResult } from './outcomes.ts';

// ---- answers ------------------------------------------------------------------------------------

function encodeResult(result: CommandResult): JsonValue {
  if (!result.ok) return [0, result.code, result.message, result.details ?? null];
  if (result.type === 'granted') return [1, result.fenceToken, result.holdCount, result.revision];
  if (result.type === 'released') return [2, result.fenceToken, result.remainingHoldCount];
  if (result.type === 'granted_many') {
    const grants = result.grants.map(({ fenceToken, holdCount }) => [fenceToken, holdCount]);
    return [3, result.revision, grants];
  }
  if (result.type === 'proclaimed') return [4, result.fenceToken, result.revision];
  if (result.type === 'barrier') return [5, result.round, result.open ? 1 : 0, result.over ? 1 : 0];
  invariant(result.type === 'latch', 'Only answers to requests are remembered.', result.type);
  return [6, result.count];
}

function decodeResult(fields: Fields): CommandResult {
  const kind = fields.number();
  switch (kind) {
    case 0: {
      const code = fields.refusalCode();
      const message = fields.text();
      const details = fields.details();
      return { ok: false, code, message, ...(details === undefined ? {} : { details }) };
    }
    case 1: {
      const grant = decodeGrant(fields);
      return { ok: true, type: 'granted', ...grant, revision: fields.number() };
    }
    case 2: {
      const fenceToken = fields.number() as FenceToken;
      return { ok: true, type: 'released', fenceToken, remainingHoldCount: fields.number() };
    }
    case 3: {
      const revision = fields.number();
      const grants = fields.list().all((grant) => decodeGrant(grant.list()));
      return { ok: true, type: 'granted_many', grants, revision };
    }
    case 4: {
      const fenceToken = fields.number() as FenceToken;
      return { ok: true, type: 'proclaimed', fenceToken, revision: fields.number() };
    }
    case 5: {
      const round = fields.number();
      const open = fields.number() === 1;
      return { ok: true, type: 'barrier', round, open, over: fields.number() === 1 };
    }
    case 6:
      return { ok: true, type: 'latch', count: fields.number() };
    default:
      throw new SnapshotFormatError(`an answer is of the unknown kind ${String(kind)}`);
  }
}

function decodeGrant(fields: Fields): {
  readonly fenceToken: FenceToken;
  readonly holdCount: number;
} {
  return { fenceToken: fields.number() as FenceToken, holdCount: fields.number() };
}

function encodeAnswer(requestId: RequestId, answer: Answer): JsonValue {
  const { kind, name, result } = answer;
  const first = result === undefined ? null : encodeResult(result);
  switch (kind) {
    case 'release':
      return ['r', requestId, name, first, answer.fenceToken ?? null];
    case 'release_permits':
      return ['q', requestId, name, first, answer.fenceToken];
    case 'acquire_permits':
      return ['p', requestId, name, first, answer.permits ?? null];
    case 'campaign':
      return ['c', requestId, name, first, answer.permits ?? null];
    case 'acquire_many':
      return ['m', requestId, name, first, answer.wanted?.map(encodeWanted) ?? null];
    case 'acquire':
      return ['a', requestId, name, first, answer.mode ?? null];
    case 'resign':
    case 'proclaim':
    case 'enter_barrier':
    case 'leave_barrier':
    case 'count_down':
      return [kind, requestId, name, first, answer.asked];
  }
}

function decodeAnswer(fields: Fields): readonly [RequestId, Answer] {
  const kind = fields.text();
  const requestId = fields.requestId();
  const name = fields.text() as ResourceName;
  const result = fields.optional(() => decodeResult(fields.list()));
  return [requestId, decodeRest(fields, kind, name, result)];
}

function decodeRest(
  fields: Fields,
  kind: string,
  name: ResourceName,
  result: CommandResult | undefined,
): Answer {
  const waiting = { name, result, waiter: undefined };
  switch (kind) {
    case 'a':
      return { kind: 'acquire', mode: fields.optional(() => fields.mode()), ...waiting };
    case 'p':
    case 'c': {
      const permits = fields.optional(() => fields.number());
      return { kind: kind === 'p' ? 'acquire_permits' : 'campaign', permits, ...waiting };
    }
    case 'm': {
      const wanted = fields.optional(() => fields.list().all((one) => decodeWanted(one.list())));
      return { kind: 'acquire_many', wanted, ...waiting };
    }
  }
  if (result === undefined) throw new SnapshotFormatError('a request has no answer');
  switch (kind) {
    case 'r': {
      const fenceToken = fields.optional(() => fields.number() as FenceToken);
      return { kind: 'release', name, fenceToken, result };
    }
    case 'q':
      return { kind: 'release_permits', name, fenceToken: fields.number() as FenceToken, result };
    case 'resign':
    case 'proclaim':
    case 'enter_barrier':
    case 'leave_barrier':
    case 'count_down':
      return { kind, name, result, asked: fields.text() };
    default:
      throw new SnapshotFormatError(`a request is of the unknown kind "${kind}"`);
  }
}

function encodeWanted(wanted: Wanted): JsonValue {
  const { kind, name } = wanted;
  return kind === 'lock'
    ? [kind, name, wanted.mode]
    : [kind, name, wanted.permits, wanted.limit ?? null];
}

function decodeWanted(fields: Fields): Wanted {
  const kind = fields.resourceKind();
  const name = fields.text() as ResourceName;
  if (kind === 'lock') return { kind, name, mode: fields.mode() };
  const permits = fields.number();
  const limit = fields.optional(() => fields.number());
  return { kind: 'semaphore', name, permits, ...(limit === undefined ? {} : { limit }) };
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
    ...(session.over === undefined ? [] : encodeOver(session.over)),
  ]);
}

const encodeOver = ({ reason, atMs, sequence }: SessionOver): readonly JsonValue[] => [
  reason,
  atMs,
  sequence,
];

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
  if (!fields.atEnd) {
    session.living = false;
    session.over = {
      reason: fields.sessionEnd(),
      atMs: fields.number(),
      sequence: fields.number(),
    };
  }
  return session;
}

// ---- holds that others ended ----------------------------------------------------------------------

export function encodeEndedHold(ended: EndedHold): string {
  const { fenceToken, kind, name, clientId, reason, revision } = ended;
  return JSON.stringify(['ended_hold', fenceToken, kind, name, clientId, reason, revision]);
}

export function decodeEndedHold(fields: Fields): EndedHold {
  return {
    fenceToken: fields.number() as FenceToken,
    kind: fields.resourceKind(),
    name: fields.text() as ResourceName,
    clientId: fields.text(),
    reason: fields.endedByOthers(),
    revision: fields.number(),
  };
}

// ---- places ---------------------------------------------------------------------------------------

export function encodePlace(place: Place): string {
  switch (place.kind) {
    case 'barrier': {
      const { name, round, parties, open, members } = place;
      const inside = [...members].map(({ id }) => id);
      return JSON.stringify(['barrier', name, round, parties, open ? 1 : 0, inside]);
    }
    case 'latch':
      return JSON.stringify(['latch', place.name, place.initialCount, place.count]);
    case 'lock':
    case 'semaphore':
    case 'election':
      return encodePool(place);
  }
}

function encodePool(pool: Pool): string {
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
      hold.metadata === undefined ? null : [hold.metadata],
      hold.ending === undefined ? null : [hold.ending.dueMs, hold.ending.sequence],
    ]);
  }
  const waiters: JsonValue[] = [];
  for (const waiter of pool.queue) {
    waiters.push([
      waiter.session.id,
      waiter.requestId,
      waiter.units,
      waiter.dueMs,
      waiter.sequence,
      waiter.acquiredAtMs,
      waiter.terms === undefined ? null : encodeTerms(waiter.terms),
      waiter.passed,
      waiter.together?.waiters.indexOf(waiter) ?? null,
    ]);
  }
  const { opening, kind, name, size } = pool;
  const closed = opening === undefined ? null : [opening.dueMs, opening.sequence];
  return JSON.stringify(['pool', kind, name, size, pool.stays ? 1 : 0, closed, holds, waiters]);
}

function encodeTerms({ priority, maxHoldMs, independent, metadata }: Terms): JsonValue {
  return [
    priority ?? null,
    maxHoldMs ?? null,
    independent === true ? 1 : 0,
    metadata === undefined ? null : [metadata],
  ];
}

function decodeTerms(fields: Fields): Terms {
  const priority = fields.optional(() => fields.number());
  const maxHoldMs = fields.optional(() => fields.number());
  const independent = fields.number() === 1;
  const metadata = fields.optional(() => fields.list().json());
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(maxHoldMs === undefined ? {} : { maxHoldMs }),
    ...(independent ? { independent } : {}),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** Adds the pool to its tables; holds and waiters are tied to sessions by `tie` in snapshot.ts. */
export function decodePool(tables: Tables, fields: Fields): void {
  const kind = fields.resourceKind();
  const pool = tables.openPool(kind, fields.text() as ResourceName, fields.number());
  pool.stays = fields.number() === 1;
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
  const { size } = pool;
  // Holders may have more than a limit that was lowered (P5).
  pool.changeSize(Number.MAX_SAFE_INTEGER);
  fields.list().all((hold) => pool.add(decodeHold(tables, pool, hold.list())));
  fields.list().all((waiter) => pool.queue.append(decodeWaiter(tables, pool, waiter.list())));
  pool.changeSize(size);
}

export function decodeBarrier(tables: Tables, fields: Fields): void {
  const name = fields.text() as ResourceName;
  const round = fields.number();
  const parties = fields.number();
  const barrier = new Barrier(name, round, parties, 0);
  barrier.open = fields.number() === 1;
  fields.list().all((member) => {
    const session = sessionOf(tables, member);
    barrier.members.add(session);
    session.enter(barrier);
  });
  tables.barriers.set(name, barrier);
}

export function decodeLatch(tables: Tables, fields: Fields): void {
  const name = fields.text() as ResourceName;
  tables.latches.set(name, new Latch(name, fields.number(), fields.number(), 0));
}

function decodeHold(tables: Tables, pool: Pool, fields: Fields): Hold {
  const hold: Hold = {
    pool,
    session: sessionOf(tables, fields),
    units: fields.number(),
    fenceToken: fields.number() as FenceToken,
    firstToken: fields.number() as FenceToken,
    holdCount: fields.number(),
    exclusiveCount: fields.number(),
    acquiredAtMs: fields.number(),
    metadata: fields.optional(() => fields.list().json()),
    ending: undefined,
    previous: undefined,
    next: undefined,
  };
  const ending = fields.optional(() => fields.list());
  if (ending !== undefined) {
    hold.ending = {
      kind: 'ending',
      hold,
      dueMs: ending.number(),
      rank: endingRank,
      sequence: ending.number(),
      heapIndex: -1,
    };
  }
  return hold;
}

function decodeWaiter(tables: Tables, pool: Pool, fields: Fields): Waiter {
  const session = sessionOf(tables, fields);
  const requestId = fields.requestId();
  const answer = session.requests.find(requestId);
  if (answer === undefined || answer === 'forgotten' || !('waiter' in answer)) {
    throw new SnapshotFormatError(`a waiter of "${pool.name}" has no request in its session`);
  }
  const units = fields.number();
  const dueMs = fields.number();
  const sequence = fields.number();
  const acquiredAtMs = fields.number();
  const terms = fields.optional(() => decodeTerms(fields.list()));
  const passed = fields.number();
  const place = fields.optional(() => fields.number());
  let together: Together | undefined;
  if (answer.kind === 'acquire_many') {
    together = answer.waiter?.together ?? { waiters: [], answer };
  }
  const waiter: Waiter = {
    kind: 'wait',
    pool,
    session,
    requestId,
    answer,
    units,
    dueMs,
    sequence,
    acquiredAtMs,
    terms,
    passed,
    together,
    rank: waitRank,
    heapIndex: -1,
    previous: undefined,
    next: undefined,
  };
  if (together !== undefined && place !== undefined) together.waiters[place] = waiter;
  // Of several the first one stands for all; `tie` finds it when all are there.
  answer.waiter = waiter;
  return waiter;
}

function sessionOf(tables: Tables, fields: Fields): Session {
  const id = fields.text() as SessionId;
  const session = tables.sessions.get(id) ?? tables.ending.get(id);
  if (session === undefined) {
    throw new SnapshotFormatError(`a hold or wait is of session "${id}", which is not there`);
  }
  return session;
}
