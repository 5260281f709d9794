/**
 * The records of pools, barriers and latches in a snapshot as lines of JSON, and back: one for each, and
 * further lines for what it has beyond `maxMembersPerLine`. They come behind the sessions, whose holds and
 * waits they bring. Whatever is changed here changes `formatVersion` in snapshot.ts.
 */
import { SnapshotFormatError } from './fields.ts';
import type { Fields } from './fields.ts';
import { Barrier, Latch } from '../meetings.ts';
import { maxMembersPerLine, pieces } from './pieces.ts';
import { endingRank, openingRank, waitRank } from '../../primitives/holds/pool.ts';
import type { Hold, Pool, Together, Waiter } from '../../primitives/holds/pool.ts';
import type { Session } from '../sessions/sessions.ts';
import type { Place, Tables } from '../tables.ts';
import type { Terms } from '../commands.ts';
import type { FenceToken, JsonValue, ResourceName, SessionId } from '../names.ts';
import { encodeQueuePlace } from '../../primitives/queue/records.ts';

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
    case 'queue':
    case 'lane':
    case 'message':
      return [encodeQueuePlace(place)];
  }
}

/** How often it entered, where that is more than once. */
const encodeMember = ([{ id }, entered]: readonly [Session, number]): JsonValue =>
  entered === 1 ? id : [id, entered];

/** The members that do not fit into the first line follow in lines of the kind `members`. */
function encodeBarrier({ name, round, parties, open, members }: Barrier): Iterable<string> {
  const head = ['barrier', name, round, parties, open ? 1 : 0];
  // A copy, because the barrier may change before all lines are taken.
  if (members.size > maxMembersPerLine)
    return encodeLargeBarrier(JSON.stringify([...head, []]), Array.from(members));
  return [JSON.stringify([...head, Array.from(members, encodeMember)])];
}

function* encodeLargeBarrier(
  head: string,
  members: readonly (readonly [Session, number])[],
): Generator<string, void, undefined> {
  yield head;
  for (const some of pieces(members, encodeMember)) yield JSON.stringify(['members', some]);
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
    const entry = member.textOrList();
    const session = sessionWithId(
      tables,
      (typeof entry === 'string' ? entry : entry.text()) as SessionId,
    );
    barrier.members.set(session, typeof entry === 'string' ? 1 : entry.number());
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
