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
import { endHold } from '../holds/grants.ts';
import { endWait, poolsOf } from '../holds/waits.ts';
import { tooManyOf } from '../../kernel/at-capacity.ts';
import { endIfUnused } from '../../kernel/sessions/lifetimes.ts';
import type { Pool } from '../holds/pool.ts';
import {
  limitMismatch,
  notPermitHolder,
  requestForgotten,
  requestReused,
  semaphoreInUse,
  semaphoreNotFound,
  tooManyPermits,
  usedFor,
} from '../../kernel/refusals.ts';
import type { Answer } from '../../kernel/requests.ts';
import { settle } from '../holds/settle.ts';
import type { Tables } from '../../kernel/tables.ts';
import { take } from '../holds/take.ts';
import type { Command } from '../../kernel/commands.ts';
import type { SemaphoreView } from '../../kernel/view-types.ts';
import type { RequestId } from '../../kernel/names.ts';
import type { CommandResult } from '../../kernel/outcomes.ts';
import { semaphoreView } from '../../kernel/views.ts';

type AcquirePermits = Extract<Command, { type: 'acquire_permits' }>;
type ReleasePermits = Extract<Command, { type: 'release_permits' }>;

export function acquirePermits(
  tables: Tables,
  command: AcquirePermits,
  answeredBelow: number | undefined,
): CommandResult {
  return take(tables, { ...command, kind: 'semaphore' }, answeredBelow);
}

/** N1. */
export function releasePermits(
  tables: Tables,
  { sessionId, requestId, name, fenceToken }: ReleasePermits,
  answeredBelow: number | undefined,
): CommandResult {
  const session = tables.sessions.get(sessionId);
  const repeat = (known: Answer, id: RequestId): CommandResult => {
    const same =
      known.kind === 'release_permits' && known.name === name && known.fenceToken === fenceToken;
    return same ? known.result : requestReused(id, usedFor(known));
  };
  if (session === undefined) {
    const last = tables.tombstone(sessionId)?.last;
    return requestId === undefined || last?.requestId !== requestId
      ? tables.missingSession(sessionId)
      : repeat(last.answer, requestId);
  }
  tables.heardFrom(session, answeredBelow);
  const known = requestId === undefined ? undefined : session.requests.find(requestId);
  if (requestId !== undefined && known === 'forgotten')
    return requestForgotten(requestId, session.requests.forgottenThrough);
  if (requestId !== undefined && known !== undefined && known !== 'forgotten')
    return repeat(known, requestId);
  const hold = session.permits.get(fenceToken);
  const held = hold?.pool.name === name ? hold : undefined;
  const result: CommandResult =
    held === undefined
      ? notPermitHolder(name, fenceToken, tables.endedHoldOf('semaphore', name, fenceToken))
      : { ok: true, type: 'released', fenceToken, remainingHoldCount: 0 };
  const answer: Answer = { kind: 'release_permits', name, fenceToken, result };
  if (requestId !== undefined) session.requests.remember(requestId, answer, tables.limits);
  if (held !== undefined) {
    endHold(tables, held, 'released');
    endIfUnused(tables, session, requestId === undefined ? undefined : { requestId, answer });
    settle(tables, [held.pool]);
  }
  return result;
}

export function createSemaphore(
  tables: Tables,
  { name, limit }: Extract<Command, { type: 'create_semaphore' }>,
): CommandResult {
  const existing = tables.semaphores.get(name);
  if (existing !== undefined && existing.size !== limit) return limitMismatch(existing, limit); // N2
  const refusal = existing === undefined ? tooManyOf(tables, 'semaphore') : undefined;
  if (refusal !== undefined) return refusal;
  const pool = existing ?? tables.openPool('semaphore', name, limit);
  tables.changingPool(pool);
  if (!pool.stays) tell(tables, 'created', pool);
  pool.stays = true;
  return { ok: true, type: 'semaphore', semaphore: view(tables, pool) };
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
  tell(tables, 'resized', pool);
  const changed = new Set([pool]);
  const wantTooMuch = [...pool.queue].filter((waiter) => waiter.units > limit);
  for (const waiter of wantTooMuch) {
    const { session, requestId, answer } = waiter;
    endWait(tables, waiter, tooManyPermits(limit)); // N3
    endIfUnused(tables, session, { requestId, answer });
    for (const other of poolsOf(waiter)) changed.add(other);
  }
  settle(tables, changed);
  return { ok: true, type: 'semaphore', semaphore: view(tables, pool) };
}

const view = (tables: Tables, pool: Pool): SemaphoreView => semaphoreView(pool, tables.timeMs);

function tell(
  tables: Tables,
  change: 'created' | 'resized' | 'deleted',
  { name, size: limit }: Pool,
): void {
  tables.events.push({ type: 'semaphore_changed', name, change, limit });
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
  tell(tables, 'deleted', pool);
  settle(tables, [pool]);
  return { ok: true, type: 'semaphore', semaphore: view(tables, pool) };
}
