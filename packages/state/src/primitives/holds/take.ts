/**
 * Taking units of a pool in a session: what permits of a semaphore and the leadership of an election
 * (a pool of one) have in common. Locks are apart (acquire.ts): they are entered, raised and counted.
 */
import { give } from './grants.ts';
import { enqueue, pass, placeOf } from './waits.ts';
import type { Ask } from './grants.ts';
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
import type { Asker } from '../../kernel/at-capacity.ts';
import type { Pool } from './pool.ts';
import { isNext } from './queue.ts';
import {
  limitMismatch,
  noPermits,
  notElected,
  ownHoldEnded,
  requestForgotten,
  requestReused,
  semaphoreNotFound,
  sessionExists,
  tooManyPermits,
  usedFor,
} from '../../kernel/refusals.ts';
import type { Answer, PermitsAnswer } from '../../kernel/requests.ts';
import type { Session } from '../../kernel/sessions/sessions.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { OwnSession, Terms } from '../../kernel/commands.ts';
import type { RequestId, ResourceName, SessionId } from '../../kernel/names.ts';
import type { CommandResult, Refusal } from '../../kernel/outcomes.ts';

/** What is asked of a semaphore or an election. */
interface Taking {
  readonly kind: 'semaphore' | 'election';
  readonly type: PermitsAnswer['kind'];
  readonly sessionId: SessionId;
  readonly requestId: RequestId;
  readonly name: ResourceName;
  readonly permits: number;
  readonly limit?: number;
  readonly waitMs: number;
  readonly acquiredAtMs: number;
  readonly terms?: Terms;
  readonly ownSession?: OwnSession;
}

export function take(
  tables: Tables,
  taking: Taking,
  answeredBelow: number | undefined,
): CommandResult {
  const { sessionId, requestId, ownSession } = taking;
  const session = tables.sessions.get(sessionId);
  if (session === undefined) {
    const last = tables.tombstone(sessionId)?.last;
    copyCameLate(tables, sessionId, ownSession?.stamp);
    if (last?.requestId === requestId) return repeated(taking, last.answer);
    if (ownSession === undefined) return tables.missingSession(sessionId);
    if (tables.tombstone(sessionId) !== undefined) return ownHoldEnded(requestId);
    return takeInOwnSession(tables, taking, ownSession);
  }
  if (ownSession !== undefined) copyCame(tables, session, ownSession.stamp, taking.waitMs);
  if (ownSession !== undefined && !(session.own && session.clientId === ownSession.clientId))
    return sessionExists(sessionId);
  tables.heardFrom(session, answeredBelow);
  const known = session.requests.find(requestId);
  if (known === 'forgotten') return requestForgotten(requestId, session.requests.forgottenThrough);
  if (known !== undefined) return repeated(taking, known);
  const verdict =
    tooManyAnswers(tables, session, requestId) ?? judgeTaking(tables, session, session, taking);
  return carryOut(tables, session, taking, verdict);
}

/** The session is made only when it is needed (A4). */
function takeInOwnSession(tables: Tables, taking: Taking, ownSession: OwnSession): CommandResult {
  const { clientId, timeoutMs, lockDelayMs, stamp, caller } = ownSession;
  const notMade = notToBeMade(tables, tables.ownEnded, stamp, caller);
  if (notMade !== undefined) return notMade;
  const use = tables.callers.of(caller);
  const tooMany = tooManySessions(tables, use);
  if (tooMany !== undefined && !remembersByTime(tables.limits)) return tooMany; // LIMIT-1
  const { sessionId: id, requestId, acquiredAtMs: createdAtMs } = taking;
  const verdict = tooMany ?? judgeTaking(tables, undefined, newAsker(use), taking);
  if (typeof verdict === 'object') {
    const answer: Answer = { ...newAnswer(taking), result: verdict };
    rememberRefused(tables, id, { requestId, answer }, ownSession);
    return verdict;
  }
  const facts = { id, clientId, timeoutMs, lockDelayMs, createdAtMs, own: true };
  const session = beginSession(tables, facts, use);
  copyCame(tables, session, stamp, taking.waitMs);
  return carryOut(tables, session, taking, verdict);
}

const newAnswer = ({ type, name, permits }: Taking): PermitsAnswer => ({
  kind: type,
  name,
  permits,
  result: undefined,
  waiter: undefined,
});

function carryOut(
  tables: Tables,
  session: Session,
  taking: Taking,
  verdict: 'give' | 'wait' | Refusal,
): CommandResult {
  const { kind, requestId, name, permits, waitMs, acquiredAtMs, terms } = taking;
  const answer = newAnswer(taking);
  let result: CommandResult;
  if (typeof verdict === 'object') result = verdict;
  else {
    const pool =
      tables.poolsOf(kind).get(name) ?? tables.openPool(kind, name, taking.limit ?? permits);
    const ask: Ask = { requestId, units: permits, acquiredAtMs, terms };
    if (verdict === 'give') {
      result = pass(tables, session, pool, ask, answer) ?? give(tables, session, pool, ask);
    } else {
      const waiter = enqueue(tables, session, pool, ask, waitMs, answer);
      result = 'ok' in waiter ? waiter : { ok: true, type: 'queued', position: placeOf(waiter) };
    }
  }
  if (answer.waiter === undefined) answer.result = result;
  if (!result.ok) endIfUnused(tables, session, { requestId, answer });
  session.requests.remember(requestId, answer, tables.limits);
  return result;
}

/** The first answer, or the place in the queue as of now. */
function repeated(
  { requestId, type, name, permits, waitMs }: Taking,
  known: Answer,
): CommandResult {
  if (known.kind !== type || known.name !== name || !('permits' in known))
    return requestReused(requestId, usedFor(known));
  if (known.permits !== undefined && known.permits !== permits)
    return requestReused(requestId, usedFor(known));
  if (known.waiter !== undefined && waitMs <= 0)
    return requestReused(requestId, `${usedFor(known)} that is still waiting`);
  if (known.waiter !== undefined)
    return { ok: true, type: 'queued', position: placeOf(known.waiter) };
  invariant(known.result !== undefined, 'A request waits or is answered.', known.name);
  return known.result;
}

/** What is to be done with it, the room for one more hold included. */
function judgeTaking(
  tables: Tables,
  session: Session | undefined,
  asker: Asker,
  taking: Taking,
): 'give' | 'wait' | Refusal {
  const verdict = judgeUnits(tables, session, asker, taking);
  if (typeof verdict === 'object') return verdict;
  return tooMuchMetadata(tables, asker, { value: taking.terms?.metadata }) ?? verdict;
}

function judgeUnits(
  tables: Tables,
  session: Session | undefined,
  asker: Asker,
  taking: Taking,
): 'give' | 'wait' | Refusal {
  const { kind, name, waitMs, permits, terms } = taking;
  const pool = tables.poolsOf(kind).get(name);
  const refusal = cannotBeHad(tables, pool, taking);
  if (refusal !== undefined) return refusal;
  if (session !== undefined && pool?.heldBy(session) !== undefined) return 'give'; // O2
  const laden = tooManyHolds(tables, asker);
  if (laden !== undefined) return laden;
  if (pool === undefined) return 'give';
  if (pool.fits(permits, undefined) && isNext(pool, undefined, terms)) {
    return hasRoom(tables, pool, session) ? 'give' : tooManyHoldsOf(tables, pool); // N4, O1
  }
  if (waitMs <= 0)
    return kind === 'semaphore' ? noPermits(pool, permits) : notElected(pool, tables.timeMs);
  return tooManyWaits(tables, asker) ?? tooManyWaiters(tables, pool) ?? 'wait';
}

/** Why it could never be had as it is asked for. */
export function cannotBeHad(
  tables: Tables,
  pool: Pool | undefined,
  {
    kind,
    name,
    permits,
    limit,
  }: Pick<Taking, 'kind' | 'name' | 'permits'> & { readonly limit?: number },
): Refusal | undefined {
  if (kind === 'semaphore') {
    if (pool === undefined && limit === undefined) return semaphoreNotFound(name);
    if (pool !== undefined && limit !== undefined && limit !== pool.size)
      return limitMismatch(pool, limit); // N2
    const size = pool?.size ?? limit ?? 0;
    if (permits > size) return tooManyPermits(size);
  }
  return pool === undefined ? tooManyOf(tables, kind) : undefined;
}
