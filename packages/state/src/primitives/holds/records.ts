/**
 * The records of pools in a snapshot as lines of JSON, and back: one for each, and further lines for what it has
 * beyond `maxMembersPerLine`. They come behind the sessions, whose holds and waits they bring. Whatever is changed
 * here changes `formatVersion` in snapshot.ts.
 */
import type { Decode } from '../../kernel/primitive.ts';
import { SnapshotFormatError } from '../../kernel/snapshot/fields.ts';
import type { Fields } from '../../kernel/snapshot/fields.ts';
import { maxMembersPerLine, pieces } from '../../kernel/snapshot/pieces.ts';
import { sessionWithId } from '../../kernel/snapshot/session-with-id.ts';
import type { Place, Tables } from '../../kernel/tables.ts';
import type { FenceToken, JsonValue, ResourceName, SessionId } from '../../kernel/names.ts';
import type { Terms } from '../../kernel/terms.ts';
import { maxHoldExpiryRank, lockDelayEndRank, Pool, waitRank } from './pool.ts';
import type { Hold, Session, MultiAcquire, Waiter } from './pool.ts';

/** What does not fit into the first line follows in lines of the kind `more`. */
export function encodePool(pool: Place): Iterable<string> {
  if (!(pool instanceof Pool)) return [];
  const { lockDelayEnd, kind, name, size } = pool;
  const closed = lockDelayEnd === undefined ? null : [lockDelayEnd.dueMs, lockDelayEnd.sequence];
  const head = ['pool', kind, name, size, pool.persistent ? 1 : 0, closed];
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
    hold.maxHoldExpiry === undefined
      ? null
      : [hold.maxHoldExpiry.dueMs, hold.maxHoldExpiry.sequence],
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
function decodePool(tables: Tables, tying: Tying, fields: Fields): Pool {
  const kind = fields.resourceKind();
  const pool = tables.openPool(kind, fields.text() as ResourceName, fields.number());
  pool.persistent = fields.number() === 1;
  const closed = fields.optional(() => fields.list());
  if (closed !== undefined) {
    pool.lockDelayEnd = {
      kind: 'lock_delay_end',
      pool,
      dueMs: closed.number(),
      rank: lockDelayEndRank,
      sequence: closed.number(),
      heapIndex: -1,
    };
    tables.due.add(pool.lockDelayEnd);
  }
  decodeMembers(tables, tying, pool, fields);
  return pool;
}

/** Holds and waiters of a pool: those of its first line, or of one that follows. */
function decodeMembers(tables: Tables, tying: Tying, pool: Pool, fields: Fields): void {
  const { size } = pool;
  // Holders may have more than a limit that was lowered (STATE-POOL-5).
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
    maxHoldExpiry: undefined,
    previous: undefined,
    next: undefined,
  };
  const maxHoldExpiry = fields.optional(() => fields.list());
  if (maxHoldExpiry !== undefined) {
    hold.maxHoldExpiry = {
      kind: 'max_hold_expiry',
      hold,
      dueMs: maxHoldExpiry.number(),
      rank: maxHoldExpiryRank,
      sequence: maxHoldExpiry.number(),
      heapIndex: -1,
    };
  }
  return hold;
}

function decodeWaiter(tables: Tables, pool: Pool, fields: Fields): Waiter {
  const session = sessionOf(tables, fields);
  const requestId = fields.requestId();
  const answer = session.requests.find(requestId);
  if (answer === undefined || answer.result !== undefined) {
    throw new SnapshotFormatError(`a waiter of "${pool.name}" has no request in its session`);
  }
  const units = fields.number();
  const dueMs = fields.number();
  const sequence = fields.number();
  const acquiredAtMs = fields.number();
  const terms = fields.optional(() => decodeTerms(fields.list()));
  const passed = fields.number();
  const place = fields.optional(() => fields.number());
  let together: MultiAcquire | undefined;
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

/** Of a pool of any kind, and of what it has beyond its first line. */
export const poolLines: Readonly<Record<'pool' | 'more', Decode>> = {
  pool: ({ tables, ties }, fields) => decodePool(tables, ties, fields),
  more: ({ tables, ties, latest }, fields) => {
    if (!(latest instanceof Pool))
      throw new SnapshotFormatError('a record of the kind "more" continues nothing');
    decodeMembers(tables, ties, latest, fields);
    return latest;
  },
};
