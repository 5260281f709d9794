/**
 * Ties the holds and waits of a snapshot to their sessions, line by line: nothing is left that would
 * take one long pass at the end.
 *
 * SNAP-4: the holds and waits of a session are in the order in which they came to it, on a restored node
 *     as on the others: it decides who gets which fence token when the session ends. Most often the order
 *     of the places in the snapshot says it already; where it does not, the session is marked and lines
 *     of the kind `order` say it. Holds are in the order of their tokens (sessions.ts), but earlier versions that read the
 *     snapshot know it from these lines alone.
 */
import { SnapshotFormatError } from './fields.ts';
import type { Hold, Pool, Waiter } from '../../primitives/holds/pool.ts';
import type { SessionOrder, SessionRecord } from './session-records.ts';
import type { Session } from '../../primitives/holds/pool.ts';
import type { Tables } from '../tables.ts';
import { hashOfNumber, hashOfText } from '../collections/hash.ts';
import { OrderedMap } from '../collections/ordered-map.ts';

const rankOf = { lock: 0, semaphore: 1, election: 2 } as const;

/** What a walk over many tells after each so many that it has passed (SNAP-6). */
type Walk<Result> = Generator<number, Result, undefined>;

/** Some tenths of a ms. */
const walkedAtOnce = 512;

/** What the places in the order of the snapshot do not tell; undefined when they tell all. */
export function* orderOf({ session, holds, waits }: SessionRecord): Walk<SessionOrder | undefined> {
  let isTold = true;
  for (const some of holds) isTold &&= yield* areInFileOrder(walked(some));
  isTold &&= yield* areWaitsInFileOrder(walked(waits));
  if (isTold) return undefined;
  const tokens: number[] = [];
  const sequences: number[] = [];
  for (const some of holds)
    for (const member of walked(some))
      if (typeof member === 'number') yield member;
      else tokens.push(member.firstToken);
  for (const member of walked(waits))
    if (typeof member === 'number') yield member;
    else sequences.push(member.sequence);
  return { id: session.id, tokens, sequences };
}

/** The members, and between them how many there were since it was told last. */
function* walked<Member extends object>(
  members: Iterable<Member>,
): Generator<Member | number, void, undefined> {
  let count = 0;
  for (const member of members) {
    yield member;
    count += 1;
    if (count < walkedAtOnce) continue;
    yield count;
    count = 0;
  }
  if (count > 0) yield count;
}

/** Several holds of one pool are in the order of their tokens in both. */
function* areInFileOrder(holds: Iterable<Hold | number>): Walk<boolean> {
  let last: Pool | undefined;
  for (const hold of holds) {
    if (typeof hold === 'number') {
      yield hold;
      continue;
    }
    const { pool } = hold;
    if (last !== undefined && pool.isBefore(last)) return false;
    last = pool;
  }
  return true;
}

/** Several waits for one pool may have passed each other: they count as out of order. */
function* areWaitsInFileOrder(waits: Iterable<Waiter | number>): Walk<boolean> {
  let last: Pool | undefined;
  for (const wait of waits) {
    if (typeof wait === 'number') {
      yield wait;
      continue;
    }
    const { pool } = wait;
    if (last !== undefined) {
      const ranks = rankOf[pool.kind] - rankOf[last.kind];
      if (ranks < 0 || (ranks === 0 && !last.isBefore(pool))) return false;
    }
    last = pool;
  }
  return true;
}

interface Untied {
  readonly holds: OrderedMap<number, Hold>;
  readonly waiters: OrderedMap<number, Waiter>;
}

export class Ties {
  readonly #tables: Tables;
  /** What came of sessions whose order is told later. */
  readonly #untied = new OrderedMap<Session, Untied>(({ id }) => hashOfText(id));

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** The order of this session is told later. */
  awaitOrder(session: Session): void {
    this.#untied.set(session, {
      holds: new OrderedMap(hashOfNumber),
      waiters: new OrderedMap(hashOfNumber),
    });
  }

  hold(hold: Hold): void {
    const { pool, session } = hold;
    this.#tables.list(pool);
    if (pool.kind === 'lock' && pool.holdCount === 1) this.#tables.heldPools += 1;
    if (hold.maxHoldExpiry !== undefined) this.#tables.due.add(hold.maxHoldExpiry);
    const untied = this.#untied.get(session);
    if (untied === undefined) session.addHold(hold);
    else untied.holds.set(hold.firstToken, hold);
  }

  waiter(waiter: Waiter): void {
    const { session, together } = waiter;
    this.#tables.waiterCount += 1;
    this.#tables.list(waiter.pool);
    if (together === undefined || together.waiters[0] === waiter) this.#tables.due.add(waiter);
    const untied = this.#untied.get(session);
    if (untied === undefined) session.addWait(waiter);
    else untied.waiters.set(waiter.sequence, waiter);
  }

  order(session: Session, { tokens, sequences }: SessionOrder): void {
    const untied = this.#untied.get(session);
    for (const token of tokens) {
      const hold = untied?.holds.get(token);
      if (hold === undefined) throw outOfOrder(session);
      untied?.holds.delete(token);
      session.addHold(hold);
    }
    for (const sequence of sequences) {
      const waiter = untied?.waiters.get(sequence);
      if (waiter === undefined) throw outOfOrder(session);
      untied?.waiters.delete(sequence);
      session.addWait(waiter);
    }
  }

  /** All lines have come. */
  end(): void {
    for (const [session, { holds, waiters }] of this.#untied.entries())
      if (holds.size > 0 || waiters.size > 0) throw outOfOrder(session);
  }

  /** Version 3 of the format tells no order: the numbers are the order. One long pass, after an upgrade. */
  endByNumbers(): void {
    for (const [session, { holds, waiters }] of this.#untied.entries()) {
      for (const hold of holds.values()) session.addHold(hold); // In order by their tokens.
      for (const waiter of [...waiters.values()].sort((a, b) => a.sequence - b.sequence))
        session.addWait(waiter);
    }
  }
}

const outOfOrder = ({ id }: Session): SnapshotFormatError =>
  new SnapshotFormatError(`the order of what session "${id}" has does not match its places`);
