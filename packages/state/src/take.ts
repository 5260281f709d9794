/**
 * Taking units of a pool in a session: what permits of a semaphore and the leadership of an election
 * (a pool of one) have in common. Locks are apart (acquire.ts): they are entered, raised and counted.
 */
import { enqueue, give, pass, placeOf } from './grants.ts';
import type { Ask } from './grants.ts';
import { invariant } from './invariant.ts';
import { isLaden, tooManyHolds, tooManyOf, tooManyWaiters } from './laden.ts';
import type { Pool } from './pool.ts';
import { isNext } from './queue.ts';
import {
  limitMismatch,
  noPermits,
  notElected,
  requestForgotten,
  requestReused,
  semaphoreNotFound,
  tooManyPermits,
  usedFor,
} from './refusals.ts';
import type { Answer, PermitsAnswer } from './requests.ts';
import type { Session } from './sessions.ts';
import type { Tables } from './tables.ts';
import type { CommandResult, Refusal, RequestId, ResourceName, SessionId, Terms } from './types.ts';

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
}

export function take(
  tables: Tables,
  taking: Taking,
  answeredBelow: number | undefined,
): CommandResult {
  const { kind, type, sessionId, requestId, name, permits, waitMs, acquiredAtMs, terms } = taking;
  const session = tables.sessions.get(sessionId);
  if (session === undefined) return tables.missingSession(sessionId);
  tables.heardFrom(session, answeredBelow);
  const known = session.requests.find(requestId);
  if (known === 'forgotten') return requestForgotten(requestId, session.requests.forgottenThrough);
  if (known !== undefined) return repeated(taking, known);

  const verdict = judgeTaking(tables, session, taking);
  const answer: PermitsAnswer = { kind: type, name, permits, result: undefined, waiter: undefined };
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
  session.requests.remember(requestId, answer, tables.limits.maxResultsPerSession);
  return result;
}

/** The first answer, or the place in the queue as of now. */
function repeated({ requestId, type, name, permits }: Taking, known: Answer): CommandResult {
  if (known.kind !== type || known.name !== name || !('permits' in known))
    return requestReused(requestId, usedFor(known));
  if (known.permits !== undefined && known.permits !== permits)
    return requestReused(requestId, usedFor(known));
  if (known.waiter !== undefined)
    return { ok: true, type: 'queued', position: placeOf(known.waiter) };
  invariant(known.result !== undefined, 'A request waits or is answered.', known.name);
  return known.result;
}

/** What is to be done with it, the room for one more hold included. */
function judgeTaking(tables: Tables, session: Session, taking: Taking): 'give' | 'wait' | Refusal {
  const { kind, name, waitMs, permits, terms } = taking;
  const pool = tables.poolsOf(kind).get(name);
  const refusal = cannotBeHad(tables, pool, taking);
  if (refusal !== undefined) return refusal;
  if (pool?.heldBy(session) !== undefined) return 'give'; // O2
  if (isLaden(tables, session)) return tooManyHolds(tables);
  if (pool === undefined) return 'give';
  if (isNext(pool, undefined, terms) && pool.fits(permits, undefined)) return 'give'; // N4, O1
  if (waitMs <= 0)
    return kind === 'semaphore' ? noPermits(pool, permits) : notElected(pool, tables.timeMs);
  return tooManyWaiters(tables, pool) ?? 'wait';
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
