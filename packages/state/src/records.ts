/**
 * The records of a snapshot as lines of JSON, and back: one for each tombstone, session and pool, and
 * further lines for what a session or pool has beyond `maxMembersPerLine`, so that no line grows with
 * the state. Arrays, not objects: a snapshot is mostly records, and names of fields would be most of it.
 * Whatever is changed here changes `formatVersion` in snapshot.ts.
 */
import { decodeAnswer, encodeAnswer } from './answer-records.ts';
import { SnapshotFormatError } from './fields.ts';
import type { Fields } from './fields.ts';
import { Barrier, Latch } from './meetings.ts';
import { endingRank, openingRank, waitRank } from './pool.ts';
import type { Hold, Pool, Together, Waiter } from './pool.ts';
import { RequestTable } from './requests.ts';
import type { Answer } from './requests.ts';
import { Session } from './sessions.ts';
import type { SessionOver, Tombstone } from './sessions.ts';
import type { Place, Tables } from './tables.ts';
import type { Terms } from './commands.ts';
import type { EndedHold } from './view-types.ts';
import type { FenceToken, JsonValue, RequestId, ResourceName, SessionId } from './names.ts';
import type { CommandResult } from './outcomes.ts';

// ---- tombstones ---------------------------------------------------------------------------------

export function encodeTombstone(
  kind: 'ended' | 'own_ended',
  id: SessionId,
  { reason, last }: Tombstone,
): string {
  const kept =
    last === undefined ? null : encodeAnswer(last.requestId, last.answer, last.answer.result);
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

/** A session as it was at one moment. What never changes in its parts is not copied. */
export interface SessionRecord {
  readonly session: Session;
  readonly renewal: number;
  readonly forgottenThrough: number;
  readonly answers: readonly (readonly [RequestId, Answer, CommandResult | undefined])[];
  /** In its order; first the locks, then permits, then elections. */
  readonly holds: readonly (readonly Hold[])[];
  readonly waits: readonly Waiter[];
  readonly over: SessionOver | undefined;
}

/** Cheap, so that a command that changes many large sessions is not held up by a snapshot. */
export function copySession(session: Session): SessionRecord {
  const { renewal, requests, holds, permits, leads, waits } = session;
  const answers: (readonly [RequestId, Answer, CommandResult | undefined])[] = [];
  for (const [id, answer] of requests.entries()) answers.push([id, answer, answer.result]);
  return {
    session,
    renewal,
    forgottenThrough: requests.forgottenThrough,
    answers,
    holds: [holds, permits, leads].map((some) => Array.from(some.values())),
    waits: Array.from(waits),
    over: session.over,
  };
}

/**
 * @param inFileOrder Whether the holds and waits of the session come to it in the order of the places in
 *     the snapshot; where they do not, lines of the kind `order` tell their order (SNAP-4).
 */
export function* encodeSession(
  { session, renewal, forgottenThrough, answers, over }: SessionRecord,
  inFileOrder: boolean,
): Generator<string, void, undefined> {
  const { id, clientId, timeoutMs, lockDelayMs, createdAtMs } = session;
  const own = session.own ? 1 : 0;
  const facts = [id, clientId, timeoutMs, lockDelayMs, createdAtMs, own, renewal];
  const ordered = inFileOrder ? 1 : 0;
  const told = pieces(answers, ([requestId, answer, result]) =>
    encodeAnswer(requestId, answer, result),
  );
  const first = told.next();
  const firstAnswers = first.done === true ? [] : first.value;
  yield JSON.stringify([
    'session',
    ...facts,
    forgottenThrough,
    firstAnswers,
    ordered,
    ...(over === undefined ? [] : encodeOver(over)),
  ]);
  for (const more of told) yield JSON.stringify(['answers', more]);
}

export interface DecodedSession {
  readonly session: Session;
  readonly inFileOrder: boolean;
}

const encodeOver = ({ reason, atMs, sequence }: SessionOver): readonly JsonValue[] => [
  reason,
  atMs,
  sequence,
];

/** The session without its holds and waits: those come with the pools. */
export function decodeSession(fields: Fields): DecodedSession {
  const facts = {
    id: fields.text() as SessionId,
    clientId: fields.text(),
    timeoutMs: fields.number(),
    lockDelayMs: fields.number(),
    createdAtMs: fields.number(),
    own: fields.number() === 1,
  };
  const renewal = fields.number();
  const session = new Session(facts, 0, new RequestTable(fields.number()));
  session.renewal = renewal;
  decodeAnswers(session, fields);
  // Version 3 ends here.
  const inFileOrder = !fields.atEnd && fields.number() === 1;
  if (!fields.atEnd) {
    session.living = false;
    session.over = {
      reason: fields.sessionEnd(),
      atMs: fields.number(),
      sequence: fields.number(),
    };
  }
  return { session, inFileOrder };
}

export function decodeAnswers(session: Session, fields: Fields): void {
  const answers = fields.list();
  while (!answers.atEnd) {
    const [id, answer] = decodeAnswer(answers.list());
    session.requests.remember(id, answer, Number.POSITIVE_INFINITY);
  }
}

/** The order of a session's holds by their first tokens, and of its waits by their sequence numbers. */
export interface SessionOrder {
  readonly id: SessionId;
  readonly tokens: readonly number[];
  readonly sequences: readonly number[];
}

export function* encodeOrder({
  id,
  tokens,
  sequences,
}: SessionOrder): Generator<string, void, undefined> {
  for (const some of pieces(tokens, Number)) yield JSON.stringify(['order', id, some, []]);
  for (const some of pieces(sequences, Number)) yield JSON.stringify(['order', id, [], some]);
}

export function decodeOrder(fields: Fields): SessionOrder {
  const id = fields.text() as SessionId;
  const tokens = fields.list().all((token) => token.number());
  return { id, tokens, sequences: fields.list().all((sequence) => sequence.number()) };
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

/** The lines of a place as it is now, also when they are taken later. */
export function encodePlace(place: Place): Iterable<string> {
  switch (place.kind) {
    case 'barrier':
      return encodeBarrier(place);
    case 'latch':
      return [JSON.stringify(['latch', place.name, place.initialCount, place.count])];
    case 'lock':
    case 'semaphore':
    case 'election':
      return encodePool(place);
  }
}

/** The members that do not fit into the first line follow in lines of the kind `members`. */
function encodeBarrier({ name, round, parties, open, members }: Barrier): Iterable<string> {
  const head = ['barrier', name, round, parties, open ? 1 : 0];
  // A copy, because the barrier may change before all lines are taken.
  if (members.size > maxMembersPerLine)
    return encodeLargeBarrier(JSON.stringify([...head, []]), Array.from(members));
  return [JSON.stringify([...head, Array.from(members, ({ id }) => id)])];
}

function* encodeLargeBarrier(
  head: string,
  members: readonly Session[],
): Generator<string, void, undefined> {
  yield head;
  for (const some of pieces(members, ({ id }) => id)) yield JSON.stringify(['members', some]);
}

/** What does not fit into the first line follows in lines of the kind `more`. */
function encodePool(pool: Pool): Iterable<string> {
  const { opening, kind, name, size } = pool;
  const closed = opening === undefined ? null : [opening.dueMs, opening.sequence];
  const head = ['pool', kind, name, size, pool.stays ? 1 : 0, closed];
  if (pool.holds.length + pool.queue.length > maxMembersPerLine) {
    // Copies, because the pool may change before all lines are taken.
    const holds = Array.from(pool.holds, (hold) => ({ ...hold }));
    const waiters = Array.from(pool.queue, (waiter) => ({ ...waiter }));
    return encodeLargePool(JSON.stringify([...head, [], []]), holds, waiters);
  }
  const holds: JsonValue[] = [];
  for (let hold = pool.holds.first; hold !== undefined; hold = hold.next)
    holds.push(encodeHold(hold));
  const waiters: JsonValue[] = [];
  for (let waiter = pool.queue.first; waiter !== undefined; waiter = waiter.next)
    waiters.push(encodeWaiter(waiter));
  return [JSON.stringify([...head, holds, waiters])];
}

function* encodeLargePool(
  head: string,
  holds: readonly Hold[],
  waiters: readonly Waiter[],
): Generator<string, void, undefined> {
  yield head;
  for (const some of pieces(holds, encodeHold)) yield JSON.stringify(['more', some, []]);
  for (const some of pieces(waiters, encodeWaiter)) yield JSON.stringify(['more', [], some]);
}

/** What a session or a pool has is told in lines of at most so many. */
const maxMembersPerLine = 256;

function* pieces<Member, Told>(
  members: Iterable<Member>,
  tell: (member: Member) => Told,
): Generator<Told[], undefined, undefined> {
  let piece: Told[] = [];
  for (const member of members) {
    piece.push(tell(member));
    if (piece.length < maxMembersPerLine) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

function encodeHold(hold: Hold): JsonValue {
  return [
    hold.session.id,
    hold.units,
    hold.fenceToken,
    hold.firstToken,
    hold.holdCount,
    hold.exclusiveCount,
    hold.acquiredAtMs,
    hold.metadata === undefined ? null : [hold.metadata],
    hold.ending === undefined ? null : [hold.ending.dueMs, hold.ending.sequence],
  ];
}

function encodeWaiter(waiter: Waiter): JsonValue {
  return [
    waiter.session.id,
    waiter.requestId,
    waiter.units,
    waiter.dueMs,
    waiter.sequence,
    waiter.acquiredAtMs,
    waiter.terms === undefined ? null : encodeTerms(waiter.terms),
    waiter.passed,
    waiter.together?.waiters.findIndex(({ pool }) => pool === waiter.pool) ?? null,
  ];
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

/** What ties the holds and waiters of a place to the rest, see ties.ts. */
interface Tying {
  hold(hold: Hold): void;
  waiter(waiter: Waiter): void;
}

/** Adds the pool to its tables. */
export function decodePool(tables: Tables, tying: Tying, fields: Fields): Pool {
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
    tables.due.add(pool.opening);
  }
  decodeMembers(tables, tying, pool, fields);
  return pool;
}

/** Holds and waiters of a pool: those of its first line, or of one that follows. */
export function decodeMembers(tables: Tables, tying: Tying, pool: Pool, fields: Fields): void {
  const { size } = pool;
  // Holders may have more than a limit that was lowered (P5).
  pool.changeSize(Number.MAX_SAFE_INTEGER);
  const holds = fields.list();
  while (!holds.atEnd) {
    const hold = decodeHold(tables, pool, holds.list());
    pool.add(hold);
    tying.hold(hold);
  }
  const waiters = fields.list();
  while (!waiters.atEnd) {
    const waiter = decodeWaiter(tables, pool, waiters.list());
    pool.queue.append(waiter);
    tying.waiter(waiter);
  }
  pool.changeSize(size);
}

export function decodeBarrier(tables: Tables, fields: Fields): Barrier {
  const name = fields.text() as ResourceName;
  const round = fields.number();
  const parties = fields.number();
  const barrier = new Barrier(name, round, parties, 0);
  barrier.open = fields.number() === 1;
  decodeBarrierMembers(tables, barrier, fields);
  tables.barriers.set(name, barrier);
  return barrier;
}

/** Members of a barrier: those of its first line, or of one that follows. */
export function decodeBarrierMembers(tables: Tables, barrier: Barrier, fields: Fields): void {
  fields.list().all((member) => {
    const session = sessionOf(tables, member);
    barrier.members.add(session);
    session.enter(barrier);
  });
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
  // Of several the first one stands for all, whichever comes first here.
  if (place === undefined || place === 0 || answer.waiter === undefined) answer.waiter = waiter;
  return waiter;
}

const sessionOf = (tables: Tables, fields: Fields): Session =>
  sessionWithId(tables, fields.text() as SessionId);

/** @throws SnapshotFormatError when there is none. */
export function sessionWithId(tables: Tables, id: SessionId): Session {
  const session = tables.sessions.get(id) ?? tables.ending.get(id);
  if (session === undefined) {
    throw new SnapshotFormatError(`a hold or wait is of session "${id}", which is not there`);
  }
  return session;
}
