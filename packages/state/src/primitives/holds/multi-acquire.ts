/**
 * Several locks and semaphores at once: all or none (G5).
 *
 * Y1: either everything is given in one command or nothing is; nobody ever sees a part.
 * Y2: who wants several stands in all the queues from the same command on, without a priority (L4):
 *     of two that want the same, the same one is ahead everywhere, so that they cannot block each other.
 */
import { encodeWanted } from '../../kernel/snapshot/answer-records.ts';
import { give, grantedMany } from './grants.ts';
import { enqueueTogether, pass, placeOf } from './waits.ts';
import type { Ask } from './grants.ts';
import { invariant } from '../../kernel/invariant.ts';
import {
  hasRoom,
  tooManyAnswers,
  tooManyHolds,
  tooManyHoldsOf,
  tooManyOf,
  tooManyWaiters,
  tooManyWaits,
  tooMuchMetadata,
} from '../../kernel/at-capacity.ts';
import { lockUnits, unitsOf } from '../lock/modes.ts';
import type { Pool } from './pool.ts';
import {
  lockBusy,
  noPermits,
  requestForgotten,
  requestReused,
  usedFor,
} from '../../kernel/refusals.ts';
import type { Answer, ManyAnswer } from '../../kernel/requests.ts';
import type { Session } from '../../kernel/sessions/sessions.ts';
import type { Tables } from '../../kernel/tables.ts';
import { cannotBeHad } from './take.ts';
import type { Command, Wanted } from '../../kernel/commands.ts';
import type { ResourceKind } from '../../kernel/names.ts';
import type { CommandResult, Refusal } from '../../kernel/outcomes.ts';

type AcquireMany = Extract<Command, { type: 'acquire_many' }>;

export function acquireMany(
  tables: Tables,
  command: AcquireMany,
  answeredBelow: number | undefined,
): CommandResult {
  const { sessionId, requestId, wanted, waitMs, acquiredAtMs, terms } = command;
  const session = tables.sessions.get(sessionId);
  if (session === undefined) return tables.missingSession(sessionId);
  tables.heardFrom(session, answeredBelow);
  const known = session.requests.find(requestId);
  if (known === 'forgotten') return requestForgotten(requestId, session.requests.forgottenThrough);
  if (known !== undefined) return repeated(command, known);

  const [first] = wanted;
  invariant(first !== undefined, 'Y1: something is wanted.');
  const { name } = first;
  const tooMany = tooManyAnswers(tables, session, requestId);
  const answer: ManyAnswer = {
    kind: 'acquire_many',
    name,
    wanted: tooMany === undefined ? wanted : undefined,
    result: undefined,
    waiter: undefined,
  };
  const verdict = tooMany ?? judge(tables, session, command);
  let result: CommandResult;
  if (typeof verdict === 'object') result = verdict;
  else {
    const asks = wanted.map((one): { readonly pool: Pool; readonly ask: Ask } => ({
      pool: found(tables, one) ?? opened(tables, one),
      ask: { requestId, units: unitsWanted(one), acquiredAtMs, terms },
    }));
    result =
      verdict === 'give'
        ? giveAll(tables, session, asks, answer)
        : (enqueueTogether(tables, session, asks, waitMs, answer) ?? queued(answer));
    // What was opened for a wait that is refused is not to stay (A4).
    for (const { pool } of asks) if (pool.isIdle) tables.forgetPool(pool);
  }
  if (answer.waiter === undefined) answer.result = result;
  session.requests.remember(requestId, answer, tables.limits);
  return result;
}

/** Y1. */
function giveAll(
  tables: Tables,
  session: Session,
  asks: readonly { readonly pool: Pool; readonly ask: Ask }[],
  answer: ManyAnswer,
): CommandResult {
  for (const { pool, ask } of asks) {
    const refusal = pass(tables, session, pool, ask, answer);
    if (refusal !== undefined) return refusal;
  }
  return grantedMany(
    tables,
    asks.map(({ pool, ask }) => give(tables, session, pool, ask)),
  );
}

function queued({ waiter }: ManyAnswer): CommandResult {
  invariant(waiter !== undefined, 'A request waits or is answered.');
  return { ok: true, type: 'queued', position: placeOf(waiter) };
}

/** The first answer, or the place in the queue as of now. */
function repeated({ requestId, wanted, waitMs }: AcquireMany, known: Answer): CommandResult {
  if (known.kind !== 'acquire_many') return requestReused(requestId, usedFor(known));
  if (known.wanted !== undefined && !isSame(known.wanted, wanted))
    return requestReused(requestId, usedFor(known));
  if (known.waiter !== undefined && waitMs <= 0)
    return requestReused(requestId, `${usedFor(known)} that is still waiting`);
  if (known.waiter !== undefined) return queued(known);
  invariant(known.result !== undefined, 'A request waits or is answered.', known.name);
  return known.result;
}

/** By what they say: one from a snapshot may have its fields in another order than one from the log. */
function isSame(known: readonly Wanted[], wanted: readonly Wanted[]): boolean {
  const told = (list: readonly Wanted[]): string => JSON.stringify(list.map(encodeWanted));
  return told(known) === told(wanted);
}

/** Nothing is opened or changed here. */
function judge(
  tables: Tables,
  session: Session,
  { wanted, waitMs, terms }: AcquireMany,
): 'give' | 'wait' | Refusal {
  const metadata = { value: terms?.metadata, times: wanted.length };
  const tooMuch =
    tooManyHolds(tables, session, wanted.length) ?? tooMuchMetadata(tables, session, metadata);
  if (tooMuch !== undefined) return tooMuch;
  const opened: Record<ResourceKind, number> = { lock: 0, semaphore: 0, election: 0 };
  let busy: { readonly pool: Pool; readonly one: Wanted } | undefined;
  for (const one of wanted) {
    const pool = found(tables, one);
    const refusal = one.kind === 'semaphore' ? cannotBeHad(tables, pool, one) : undefined;
    if (refusal !== undefined) return refusal;
    if (pool === undefined) {
      opened[one.kind] += 1;
      const tooMany = tooManyOf(tables, one.kind, opened[one.kind]);
      if (tooMany !== undefined) return tooMany;
    } else if (!hasRoom(tables, pool, session)) {
      return tooManyHoldsOf(tables, pool);
    } else if (busy === undefined && !isFree(pool, session, unitsWanted(one))) {
      busy = { pool, one };
    }
  }
  if (busy === undefined) return 'give';
  if (waitMs <= 0) {
    const { pool, one } = busy;
    return one.kind === 'lock' ? lockBusy(pool, tables.timeMs) : noPermits(pool, one.permits);
  }
  const waits = tooManyWaits(tables, session, wanted.length);
  if (waits !== undefined) return waits;
  // Y2: a place in every queue, also where it would be free.
  for (const one of wanted) {
    const pool = found(tables, one);
    const tooMany = pool === undefined ? undefined : tooManyWaiters(tables, pool);
    if (tooMany !== undefined) return tooMany;
  }
  return 'wait';
}

/** It is this session's turn there, and there is enough. */
function isFree(pool: Pool, session: Session, units: number): boolean {
  const held = pool.heldBy(session);
  return (held !== undefined || pool.queue.length === 0) && pool.fits(units, held);
}

const found = (tables: Tables, { kind, name }: Wanted): Pool | undefined =>
  tables.poolsOf(kind).get(name);

function opened(tables: Tables, wanted: Wanted): Pool {
  const { kind, name } = wanted;
  const size = kind === 'lock' ? lockUnits : (wanted.limit ?? wanted.permits);
  return tables.openPool(kind, name, size);
}

const unitsWanted = (wanted: Wanted): number =>
  wanted.kind === 'lock' ? unitsOf(wanted.mode) : wanted.permits;
