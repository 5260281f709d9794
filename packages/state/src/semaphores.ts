/**
 * Semaphores: pools whose units are permits.
 *
 * N1: every acquire is a hold of its own, with its own token; it is given back as a whole, once, by its
 *     token.
 * N2: the limit is that of the first acquire or of a create; another one given later is refused, and
 *     only a resize changes it.
 * N3: after a limit was lowered nobody waits for more permits than there can ever be.
 * N4: who needs many permits is not passed by those who need few (P2).
 */
import { enqueue, endHold, endWait, give, positionOf, settle } from './grants.ts';
import type { Ask } from './grants.ts';
import { invariant } from './invariant.ts';
import { isLaden, tooManyHolds, tooManyResources, tooManyWaiters } from './laden.ts';
import type { Pool } from './pool.ts';
import {
  limitExceeded,
  limitMismatch,
  noPermits,
  notPermitHolder,
  requestForgotten,
  requestReused,
  semaphoreInUse,
  semaphoreNotFound,
  usedFor,
} from './refusals.ts';
import type { Answer, PermitsAnswer } from './requests.ts';
import type { Session } from './sessions.ts';
import type { Tables } from './tables.ts';
import type { Command, CommandResult, Refusal, ResourceName } from './types.ts';
import { semaphoreView } from './views.ts';

type AcquirePermits = Extract<Command, { type: 'acquire_permits' }>;
type ReleasePermits = Extract<Command, { type: 'release_permits' }>;

export function acquirePermits(
  tables: Tables,
  command: AcquirePermits,
  answeredBelow: number | undefined,
): CommandResult {
  const { sessionId, requestId, name, permits, waitMs, acquiredAtMs } = command;
  const session = tables.sessions.get(sessionId);
  if (session === undefined) return tables.missingSession(sessionId);
  tables.heardFrom(session, answeredBelow);
  const known = session.requests.find(requestId);
  if (known === 'forgotten') return requestForgotten(requestId, session.requests.forgottenThrough);
  if (known !== undefined) return repeated(command, known);

  const verdict = judge(tables, session, command);
  const answer: PermitsAnswer = {
    kind: 'acquire_permits',
    name,
    permits,
    result: undefined,
    waiter: undefined,
  };
  let result: CommandResult;
  if (typeof verdict === 'object') {
    result = verdict;
    answer.result = verdict;
  } else {
    const pool =
      tables.semaphores.get(name) ?? tables.openPool('semaphore', name, command.limit ?? permits);
    const ask: Ask = { requestId, units: permits, acquiredAtMs };
    if (verdict === 'give') {
      result = give(tables, session, pool, ask);
      answer.result = result;
    } else {
      const position = enqueue(tables, session, pool, ask, waitMs, answer);
      result = { ok: true, type: 'queued', position };
    }
  }
  session.requests.remember(requestId, answer, tables.limits.maxResultsPerSession);
  return result;
}

/** The first answer, or the place in the queue as of now. */
function repeated({ requestId, name, permits }: AcquirePermits, known: Answer): CommandResult {
  if (known.kind !== 'acquire_permits') return requestReused(requestId, usedFor(known));
  if (known.name !== name || (known.permits !== undefined && known.permits !== permits))
    return requestReused(requestId, usedFor(known));
  if (known.waiter !== undefined)
    return { ok: true, type: 'queued', position: positionOf(known.waiter) };
  invariant(known.result !== undefined, 'A request waits or is answered.', known.name);
  return known.result;
}

function judge(
  tables: Tables,
  session: Session,
  { name, permits, limit, waitMs }: AcquirePermits,
): 'give' | 'wait' | Refusal {
  const pool = tables.semaphores.get(name);
  if (pool === undefined && limit === undefined) return semaphoreNotFound(name);
  if (pool !== undefined && limit !== undefined && limit !== pool.size)
    return limitMismatch(pool, limit); // N2
  const size = pool?.size ?? limit ?? 0;
  if (permits > size) return tooManyPermits(size);
  if (pool === undefined && tables.poolCount >= tables.limits.maxResources)
    return tooManyResources(tables);
  if (isLaden(tables, session)) return tooManyHolds(tables);
  if (pool === undefined) return 'give';
  if (pool.queue.length === 0 && pool.fits(permits, undefined)) return 'give'; // N4
  if (waitMs <= 0) return noPermits(pool, permits);
  return tooManyWaiters(tables, pool) ?? 'wait';
}

const tooManyPermits = (limit: number): Refusal =>
  limitExceeded('semaphore_limit', limit, 'Ask for fewer permits, or have it resized.');

/** N1. */
export function releasePermits(
  tables: Tables,
  { sessionId, requestId, name, fenceToken }: ReleasePermits,
  answeredBelow: number | undefined,
): CommandResult {
  const session = tables.sessions.get(sessionId);
  if (session === undefined) return tables.missingSession(sessionId);
  tables.heardFrom(session, answeredBelow);
  if (requestId !== undefined) {
    const known = session.requests.find(requestId);
    if (known === 'forgotten')
      return requestForgotten(requestId, session.requests.forgottenThrough);
    if (known !== undefined) {
      const same =
        known.kind === 'release_permits' && known.name === name && known.fenceToken === fenceToken;
      return same ? known.result : requestReused(requestId, usedFor(known));
    }
  }
  const result = giveBack(tables, session, name, fenceToken);
  if (requestId !== undefined) {
    const answer: Answer = { kind: 'release_permits', name, fenceToken, result };
    session.requests.remember(requestId, answer, tables.limits.maxResultsPerSession);
  }
  return result;
}

function giveBack(
  tables: Tables,
  session: Session,
  name: ResourceName,
  fenceToken: ReleasePermits['fenceToken'],
): CommandResult {
  const hold = session.permits.get(fenceToken);
  if (hold === undefined || hold.pool.name !== name) return notPermitHolder(name, fenceToken);
  endHold(tables, hold, 'released');
  settle(tables, hold.pool);
  return { ok: true, type: 'released', fenceToken, remainingHoldCount: 0 };
}

export function createSemaphore(
  tables: Tables,
  { name, limit }: Extract<Command, { type: 'create_semaphore' }>,
): CommandResult {
  const existing = tables.semaphores.get(name);
  if (existing !== undefined && existing.size !== limit) return limitMismatch(existing, limit); // N2
  if (existing === undefined && tables.poolCount >= tables.limits.maxResources)
    return tooManyResources(tables);
  const pool = existing ?? tables.openPool('semaphore', name, limit);
  tables.changingPool(pool);
  pool.stays = true;
  return { ok: true, type: 'semaphore', semaphore: semaphoreView(pool) };
}

/** N2, N3. */
export function resizeSemaphore(
  tables: Tables,
  { name, limit }: Extract<Command, { type: 'resize_semaphore' }>,
): CommandResult {
  const pool = tables.semaphores.get(name);
  if (pool === undefined) return semaphoreNotFound(name);
  tables.changingPool(pool);
  pool.changeSize(limit);
  for (let waiter = pool.queue.first; waiter !== undefined;) {
    const { next } = waiter;
    if (waiter.units > limit) endWait(tables, waiter, tooManyPermits(limit));
    waiter = next;
  }
  const semaphore = afterSettling(tables, pool);
  return { ok: true, type: 'semaphore', semaphore };
}

function afterSettling(tables: Tables, pool: Pool): ReturnType<typeof semaphoreView> {
  settle(tables, pool);
  return semaphoreView(pool);
}

export function deleteSemaphore(
  tables: Tables,
  { name }: Extract<Command, { type: 'delete_semaphore' }>,
): CommandResult {
  const pool = tables.semaphores.get(name);
  if (pool === undefined) return semaphoreNotFound(name);
  if (pool.holds.length > 0 || pool.queue.length > 0) return semaphoreInUse(pool);
  tables.changingPool(pool);
  pool.stays = false;
  return { ok: true, type: 'semaphore', semaphore: afterSettling(tables, pool) };
}
