/**
 * The records of pools in a snapshot as lines of JSON, and back: one for each, and further lines for what it has
 * beyond `maxMembersPerLine`. They come behind the sessions, whose holds and waits they bring. Whatever is changed
 * here changes `formatVersion` in snapshot.ts.
 *
 * CAPTURE-1: a command that changes a pool while a snapshot is taken encodes none of its holds and waits, unless these are few: it
 *     goes through them once, and copies of each only what may change and has changed since it began. One command changes up
 *     to 64 pools, and an entry of the log 256 times as many.
 */
import type { Decode } from '../../kernel/primitive.ts';
import { SnapshotFormatError } from '../../kernel/snapshot/fields.ts';
import type { Fields } from '../../kernel/snapshot/fields.ts';
import { maxMembersPerLine, pieces } from '../../kernel/snapshot/pieces.ts';
import { sessionWithId } from '../../kernel/snapshot/session-with-id.ts';
import type { Place, Tables } from '../../kernel/tables.ts';
import type { FenceToken, JsonValue, ResourceName, SessionId } from '../../kernel/names.ts';
import type { Terms } from '../../kernel/terms.ts';
import { Hold, maxHoldExpiryRank, lockDelayEndRank, Pool, waitRank } from './pool.ts';
import type { Session, MultiAcquire, Waiter } from './pool.ts';

/** A pool with no more holds and waits is encoded at once: to capture it would take as long. */
const fewMembers = 4;

/** What may change in a hold. */
type HoldState = Pick<
  Hold,
  'units' | 'fenceToken' | 'holdCount' | 'exclusiveCount' | 'metadata' | 'maxHoldExpiry'
>;

/**
 * The lines of a pool as it is now, however it changes before they are taken. What does not fit into the first line follows in
 * lines of the kind `more`.
 */
export function encodePool(pool: Place): Iterable<string> {
  if (!(pool instanceof Pool)) return [];
  const { lockDelayEnd, kind, name, size } = pool;
  const closed = lockDelayEnd === undefined ? null : [lockDelayEnd.dueMs, lockDelayEnd.sequence];
  const head = ['pool', kind, name, size, pool.persistent ? 1 : 0, closed];
  const count = pool.holdCount + pool.queue.length;
  if (count > fewMembers) return linesOf(head, new CapturedMembers(pool));
  const holds: JsonValue[] = [];
  for (let hold = pool.firstHold; hold !== undefined; hold = hold.next)
    holds.push(encodeHold(hold, hold));
  const waiters: JsonValue[] = [];
  for (let waiter = pool.queue.first; waiter !== undefined; waiter = waiter.next)
    waiters.push(encodeWaiter(waiter, waiter.passed));
  return [JSON.stringify([...head, holds, waiters])];
}

/** The holds and waits of a pool as of one moment (CAPTURE-1). */
class CapturedMembers {
  readonly #holds: Hold[] = [];
  /** Of each; undefined: as the hold of a reader begins. */
  readonly #states: (HoldState | undefined)[] = [];
  readonly #waiters: Waiter[] = [];
  /** Of each, how many passed it; undefined: nobody was passed, as mostly. */
  readonly #passed: readonly number[] | undefined;

  constructor({ kind, firstHold, queue }: Pool) {
    const neverChange = kind === 'semaphore';
    for (let hold = firstHold; hold !== undefined; hold = hold.next) {
      this.#holds.push(hold);
      this.#states.push(neverChange ? hold : stateOf(hold));
    }
    let wasPassed = false;
    for (let waiter = queue.first; waiter !== undefined; waiter = waiter.next) {
      this.#waiters.push(waiter);
      wasPassed ||= waiter.passed > 0;
    }
    this.#passed = wasPassed ? Array.from(queue, ({ passed }) => passed) : undefined;
  }

  get count(): number {
    return this.#holds.length + this.#waiters.length;
  }

  *holds(): Generator<JsonValue, void, undefined> {
    for (const [at, hold] of this.#holds.entries()) yield encodeHold(hold, this.#states[at]);
  }

  *waiters(): Generator<JsonValue, void, undefined> {
    for (const [at, waiter] of this.#waiters.entries())
      yield encodeWaiter(waiter, this.#passed?.[at] ?? 0);
  }
}

function stateOf(hold: Hold): HoldState | undefined {
  const { units, fenceToken, holdCount, exclusiveCount, metadata, maxHoldExpiry } = hold;
  const isAsBegun =
    units === 1 && holdCount === 1 && exclusiveCount === 0 && fenceToken === hold.firstToken;
  return isAsBegun && metadata === undefined && maxHoldExpiry === undefined
    ? undefined
    : { units, fenceToken, holdCount, exclusiveCount, metadata, maxHoldExpiry };
}

function* linesOf(
  head: readonly JsonValue[],
  members: CapturedMembers,
): Generator<string, void, undefined> {
  if (members.count <= maxMembersPerLine) {
    yield JSON.stringify([...head, Array.from(members.holds()), Array.from(members.waiters())]);
    return;
  }
  yield JSON.stringify([...head, [], []]);
  for (const some of pieces(members.holds(), asTold)) yield JSON.stringify(['more', some, []]);
  for (const some of pieces(members.waiters(), asTold)) yield JSON.stringify(['more', [], some]);
}

const asTold = (member: JsonValue): JsonValue => member;

function encodeHold(
  { session, firstToken, acquiredAtMs }: Hold,
  state: HoldState | undefined,
): JsonValue {
  return [
    session.id,
    state?.units ?? 1,
    state?.fenceToken ?? firstToken,
    firstToken,
    state?.holdCount ?? 1,
    state?.exclusiveCount ?? 0,
    acquiredAtMs,
    state?.metadata === undefined ? null : [state.metadata],
    state?.maxHoldExpiry === undefined
      ? null
      : [state.maxHoldExpiry.dueMs, state.maxHoldExpiry.sequence],
  ];
}

function encodeWaiter(waiter: Waiter, passed: number): JsonValue {
  return [
    waiter.session.id,
    waiter.requestId,
    waiter.units,
    waiter.dueMs,
    waiter.sequence,
    waiter.acquiredAtMs,
    waiter.terms === undefined ? null : encodeTerms(waiter.terms),
    passed,
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
    pool.enqueue(waiter);
    tying.waiter(waiter);
  }
  pool.changeSize(size);
}

function decodeHold(tables: Tables, pool: Pool, fields: Fields): Hold {
  const session = sessionOf(tables, fields);
  const units = fields.number();
  const fenceToken = fields.number() as FenceToken;
  const firstToken = fields.number() as FenceToken;
  const holdCount = fields.number();
  const exclusiveCount = fields.number();
  const hold = new Hold(session, pool, units, firstToken, fields.number());
  if (fenceToken !== firstToken) hold.fenceToken = fenceToken;
  if (holdCount !== 1) hold.holdCount = holdCount;
  hold.exclusiveCount = exclusiveCount;
  hold.metadata = fields.optional(() => fields.list().json());
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
