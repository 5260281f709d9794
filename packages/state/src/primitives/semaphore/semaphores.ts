/**
 * Semaphores: pools whose units are permits.
 *
 * STATE-SEMAPHORE-1: every acquire is a hold of its own, with its own token; it is given back as a whole, once, by its
 *     token.
 * STATE-SEMAPHORE-2: the limit is that of the first acquire or of a create; another one given later is refused, and
 *     only a resize changes it.
 * STATE-SEMAPHORE-3: after a limit was lowered nobody waits for more permits than there can ever be, once that is done (too-large.ts).
 * STATE-SEMAPHORE-4: who needs many permits is not passed by those who need few (STATE-POOL-2).
 */
import {
  hasRoom,
  tooManyHolds,
  tooManyHoldsOf,
  tooManyOf,
  tooManyWaiters,
  tooManyWaits,
} from '../../kernel/at-capacity.ts';
import { noteAnswer } from '../../kernel/once.ts';
import type { CommandOf, Execute, Once, Primitive } from '../../kernel/primitive.ts';
import { endIfUnused } from '../../kernel/sessions/lifetimes.ts';
import type { Tables } from '../../kernel/tables.ts';
import { rowsInAList, weigh } from '../../kernel/weigh-rows.ts';
import type { OutcomeOf } from '../../kernel/outcomes.ts';
import { acquiring } from '../holds/acquire.ts';
import type { Acquiring } from '../holds/acquire.ts';
import { cancelledGrant, undoTaking } from '../holds/cancel.ts';
import { endHold } from '../holds/grants.ts';
import type { Pool } from '../holds/pool.ts';
import { isNext } from '../holds/queue.ts';
import { encodePool, poolLines } from '../holds/records.ts';
import { settle } from '../holds/settle.ts';
import { listedPool } from '../holds/views.ts';
import { cannotBeHad } from './capacity.ts';
import type { SemaphoreView } from './commands.ts';
import {
  limitMismatch,
  noPermits,
  notPermitHolder,
  semaphoreInUse,
  semaphoreNotFound,
} from './refusals.ts';
import { endTooLarge } from './too-large.ts';
import { semaphoreView } from './view.ts';

const asking: Acquiring<CommandOf<'acquire_permits'>> = {
  kind: 'semaphore',
  unitsOf: ({ permits }) => permits,
  sizeFor: ({ limit, permits }) => limit ?? permits,
  judge: (tables, pool, session, asker, command) => {
    const { permits, terms, waitMs } = command;
    const refusal = cannotBeHad(tables, pool, command) ?? tooManyHolds(tables, asker);
    if (refusal !== undefined) return refusal;
    if (pool === undefined) return 'give';
    if (pool.fits(permits, undefined) && isNext(pool, undefined, terms))
      return hasRoom(tables, pool, session) ? 'give' : tooManyHoldsOf(tables, pool); // STATE-SEMAPHORE-4
    if (waitMs <= 0) return noPermits(pool, permits);
    return tooManyWaits(tables, asker) ?? tooManyWaiters(tables, pool) ?? 'wait';
  },
};

const acquirePermits: Once<'acquire_permits'> = {
  asked: ({ permits }) => permits,
  ...acquiring(asking),
  cancel: (tables, session, command, known) => {
    const { grant, last } = cancelledGrant(tables, session, command, known) ?? {};
    if (last === undefined || grant?.type !== 'granted') return undefined;
    const { fenceToken } = grant;
    undoTaking(tables, session.permits.get(fenceToken), fenceToken, last);
    return undefined;
  },
};

/** STATE-SEMAPHORE-1. */
const releasePermits: Once<'release_permits'> = {
  asked: ({ fenceToken }) => fenceToken,
  givesBack: true,
  execute: (tables, session, { requestId, name, fenceToken }, answer) => {
    const hold = session.permits.get(fenceToken);
    const held = hold?.pool.name === name ? hold : undefined;
    const result: OutcomeOf<'release_permits'> =
      held === undefined
        ? notPermitHolder(name, fenceToken, tables.refusedEndOf('semaphore', name, fenceToken))
        : { ok: true, type: 'released', fenceToken, remainingHoldCount: 0 };
    noteAnswer(tables, session, requestId, answer, result);
    if (held !== undefined) {
      endHold(tables, held, 'released');
      endIfUnused(tables, session, requestId === undefined ? undefined : { requestId, answer });
      settle(tables, [held.pool]);
    }
    return result;
  },
};

const create: Execute<'create_semaphore'> = (tables, { name, limit }) => {
  const existing = tables.pools.semaphore.get(name);
  if (existing !== undefined && existing.size !== limit) return limitMismatch(existing, limit); // STATE-SEMAPHORE-2
  const refusal = existing === undefined ? tooManyOf(tables, 'semaphore') : undefined;
  if (refusal !== undefined) return refusal;
  const pool = existing ?? tables.openPool('semaphore', name, limit);
  tables.changingPool(pool);
  if (!pool.persistent) tell(tables, 'created', pool);
  pool.persistent = true;
  return { ok: true, type: 'semaphore', semaphore: view(tables, pool) };
};

/** STATE-SEMAPHORE-2, STATE-SEMAPHORE-3. */
const resize: Execute<'resize_semaphore'> = (tables, { name, limit }) => {
  const pool = tables.pools.semaphore.get(name);
  if (pool === undefined) return semaphoreNotFound(name);
  tables.changingPool(pool);
  pool.changeSize(limit);
  tell(tables, 'resized', pool);
  endTooLarge(tables, pool); // STATE-SEMAPHORE-3
  return { ok: true, type: 'semaphore', semaphore: view(tables, pool) };
};

const view = (tables: Tables, pool: Pool): SemaphoreView => semaphoreView(pool, tables.timeMs);

function tell(
  tables: Tables,
  change: 'created' | 'resized' | 'deleted',
  { name, size: limit }: Pool,
): void {
  tables.events.push({ type: 'semaphore_changed', name, change, limit });
}

const remove: Execute<'delete_semaphore'> = (tables, { name }) => {
  const pool = tables.pools.semaphore.get(name);
  if (pool === undefined) return semaphoreNotFound(name);
  if (pool.holdCount > 0 || pool.queue.length > 0) return semaphoreInUse(pool);
  tables.changingPool(pool);
  pool.persistent = false;
  tell(tables, 'deleted', pool);
  settle(tables, [pool]);
  return { ok: true, type: 'semaphore', semaphore: view(tables, pool) };
};

export const semaphores: Primitive<'semaphore'> = {
  kind: 'semaphore',
  handlers: {
    acquire_permits: acquirePermits,
    release_permits: releasePermits,
    create_semaphore: create,
    resize_semaphore: resize,
    delete_semaphore: remove,
  },
  view: (tables, name, { limit, fenceToken, timeMs }) => {
    const pool = tables.pools.semaphore.get(name);
    return pool && semaphoreView(pool, tables.shownAtMs(timeMs), limit, fenceToken);
  },
  listed: (tables, name, timeMs) =>
    listedPool(tables.pools.semaphore.get(name), (pool) => {
      const view = semaphoreView(pool, tables.shownAtMs(timeMs), rowsInAList);
      return { view, rows: weigh(name, view.holders, view.waiters) };
    }),
  encode: encodePool,
  lines: poolLines,
};
