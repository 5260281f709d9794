/**
 * Acquire: locks on top of pools.
 *
 * A1: a repeated request gets the first answer and changes nothing but the renewal (spec rule 2.6).
 * A2: holds are re-entrant per session and counted; a weaker mode enters a stronger hold.
 * A3: a session that holds shared and asks exclusive is raised at once when it is the only holder,
 *     else it waits at the head. (When another holder waits for the same, that closes a circle: G6.)
 * A4: a refused acquire leaves nothing behind but its answer.
 */
import { give } from '../holds/grants.ts';
import { enqueue, pass, placeOf } from '../holds/waits.ts';
import type { Ask } from '../holds/grants.ts';
import { invariant } from '../../kernel/invariant.ts';
import {
  hasRoom,
  newAsker,
  tooManyAnswers,
  tooManyHolds,
  tooManyHoldsOf,
  tooManyOf,
  tooManyWaiters,
  tooManyWaits,
  tooMuchMetadata,
} from '../../kernel/at-capacity.ts';
import { beginSession, endIfUnused, tooManySessions } from '../../kernel/sessions/lifetimes.ts';
import { remembersByTime } from '../../kernel/limits.ts';
import {
  copyCame,
  copyCameLate,
  notToBeMade,
  rememberRefused,
} from '../../kernel/sessions/making.ts';
import { lockUnits, unitsOf } from './modes.ts';
import type { Pool } from '../holds/pool.ts';
import { isNext } from '../holds/queue.ts';
import {
  lockBusy,
  requestForgotten,
  requestReused,
  sessionExists,
  usedFor,
  ownHoldEnded,
} from '../../kernel/refusals.ts';
import type { Asker } from '../../kernel/at-capacity.ts';
import type { AcquireAnswer, Answer } from '../../kernel/requests.ts';
import type { Session } from '../../kernel/sessions/sessions.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { Command, OwnSession } from '../../kernel/commands.ts';
import type { CommandResult, Refusal } from '../../kernel/outcomes.ts';

type Acquire = Extract<Command, { type: 'acquire' }>;

export function acquire(
  tables: Tables,
  command: Acquire,
  answeredBelow: number | undefined,
): CommandResult {
  const { sessionId, requestId, ownSession } = command;
  const session = tables.sessions.get(sessionId);
  if (session === undefined) {
    const last = tables.tombstone(sessionId)?.last;
    copyCameLate(tables, sessionId, ownSession?.stamp);
    if (last?.requestId === requestId) return repeatAcquire(command, last.answer); // A1
    if (ownSession === undefined) return tables.missingSession(sessionId);
    if (tables.tombstone(sessionId) !== undefined) return ownHoldEnded(requestId);
    return acquireWithOwnSession(tables, command, ownSession);
  }
  if (ownSession !== undefined) copyCame(tables, session, ownSession.stamp, command.waitMs);
  if (ownSession !== undefined && !(session.own && session.clientId === ownSession.clientId)) {
    return sessionExists(sessionId);
  }
  tables.heardFrom(session, answeredBelow);
  const known = session.requests.find(requestId);
  if (known === 'forgotten') {
    return requestForgotten(requestId, session.requests.forgottenThrough);
  }
  if (known !== undefined) return repeatAcquire(command, known);
  const pool = tables.pools.get(command.name);
  const verdict =
    tooManyAnswers(tables, session, requestId) ?? judge(tables, pool, session, session, command);
  return carryOut(tables, session, pool, command, verdict);
}

/** A1. */
function repeatAcquire({ requestId, name, mode, waitMs }: Acquire, known: Answer): CommandResult {
  if (known.kind !== 'acquire') return requestReused(requestId, usedFor(known));
  if (known.name !== name || (known.mode !== undefined && known.mode !== mode)) {
    return requestReused(requestId, `another acquire, of "${known.name}"`);
  }
  if (known.waiter !== undefined && waitMs <= 0) {
    return requestReused(requestId, `an acquire of "${name}" that is still waiting`);
  }
  return answerOf(known);
}

/** The answer as of now: a place in the queue while it waits, then the first answer. */
function answerOf(known: AcquireAnswer): CommandResult {
  if (known.waiter !== undefined) {
    return { ok: true, type: 'queued', position: placeOf(known.waiter) };
  }
  invariant(known.result !== undefined, 'A request waits or is answered.', known.name);
  return known.result;
}

type Verdict = 'give' | 'wait' | Refusal;

/**
 * What is to be done with a new acquire.
 *
 * @param session Undefined when it would be made for it; then the asker is `newAsker` of its caller.
 */
function judge(
  tables: Tables,
  pool: Pool | undefined,
  session: Session | undefined,
  asker: Asker,
  command: Acquire,
): Verdict {
  const verdict = judgeUnits(tables, pool, session, asker, command);
  if (typeof verdict === 'object') return verdict;
  const value = command.terms?.metadata;
  // While it waits, what it holds keeps its own.
  const replaced = verdict === 'give' ? session?.holds.get(command.name)?.metadata : undefined;
  return tooMuchMetadata(tables, asker, { value }, replaced) ?? verdict;
}

function judgeUnits(
  tables: Tables,
  pool: Pool | undefined,
  session: Session | undefined,
  asker: Asker,
  command: Acquire,
): Verdict {
  const units = unitsOf(command.mode);
  const held = session?.holds.get(command.name);
  if (held !== undefined && held.units >= units) return 'give'; // A2
  const tooMany = pool === undefined ? tooManyOf(tables, 'lock') : undefined;
  if (tooMany !== undefined) return tooMany;
  const laden = held === undefined ? tooManyHolds(tables, asker) : undefined;
  if (laden !== undefined) return laden;
  if (pool === undefined) return 'give';
  if (pool.fits(units, held) && isNext(pool, held, command.terms)) {
    if (held === undefined && !hasRoom(tables, pool, session)) return tooManyHoldsOf(tables, pool);
    return 'give'; // P2, A3
  }
  if (command.waitMs <= 0) return lockBusy(pool, tables.timeMs);
  return (
    tooManyHolds(tables, asker) ??
    tooManyWaits(tables, asker) ??
    tooManyWaiters(tables, pool) ??
    'wait'
  );
}

function carryOut(
  tables: Tables,
  session: Session,
  found: Pool | undefined,
  command: Acquire,
  verdict: Verdict,
): CommandResult {
  const { name, mode, requestId, acquiredAtMs, terms } = command;
  const answer: AcquireAnswer = {
    kind: 'acquire',
    name,
    mode,
    result: undefined,
    waiter: undefined,
  };
  let result: CommandResult;
  if (typeof verdict === 'object') {
    result = verdict;
    answer.result = verdict;
  } else {
    const pool = found ?? tables.openPool('lock', name, lockUnits);
    const ask: Ask = { requestId, units: unitsOf(mode), acquiredAtMs, terms };
    if (verdict === 'give') {
      result = pass(tables, session, pool, ask, answer) ?? give(tables, session, pool, ask);
      answer.result = result;
    } else {
      const waiter = enqueue(tables, session, pool, ask, command.waitMs, answer);
      if ('ok' in waiter) answer.result = waiter;
      result = 'ok' in waiter ? waiter : { ok: true, type: 'queued', position: placeOf(waiter) };
    }
    if (!result.ok) endIfUnused(tables, session, { requestId, answer });
  }
  session.requests.remember(requestId, answer, tables.limits);
  return result;
}

/** A4: the session is made only when it is needed. */
function acquireWithOwnSession(
  tables: Tables,
  command: Acquire,
  ownSession: OwnSession,
): CommandResult {
  const { clientId, timeoutMs, lockDelayMs, stamp, caller } = ownSession;
  const { sessionId: id, requestId, name, mode } = command;
  const notMade = notToBeMade(tables, tables.ownEnded, stamp, caller);
  if (notMade !== undefined) return notMade;
  const use = tables.callers.of(caller);
  const tooMany = tooManySessions(tables, use);
  if (tooMany !== undefined && !remembersByTime(tables.limits)) return tooMany; // LIMIT-1
  const pool = tables.pools.get(name);
  const verdict = tooMany ?? judge(tables, pool, undefined, newAsker(use), command);
  if (typeof verdict === 'object') {
    const answer: Answer = { kind: 'acquire', name, mode, result: verdict, waiter: undefined };
    rememberRefused(tables, id, { requestId, answer }, ownSession);
    return verdict;
  }
  const createdAtMs = command.acquiredAtMs;
  const facts = { id, clientId, timeoutMs, lockDelayMs, createdAtMs, own: true };
  const session = beginSession(tables, facts, use);
  copyCame(tables, session, stamp, command.waitMs);
  return carryOut(tables, session, pool, command, verdict);
}
