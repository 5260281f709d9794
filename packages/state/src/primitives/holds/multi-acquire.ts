/**
 * Several locks and semaphores at once: all or none (STATE-GRANT-5).
 *
 * STATE-MULTI-1: either everything is given in one command or nothing is; nobody ever sees a part.
 * STATE-MULTI-2: who wants several stands in all the queues from the same command on, without a priority (STATE-QUEUE-4):
 *     of two that want the same, the same one is ahead everywhere, so that they cannot block each other.
 */
import {
  hasRoom,
  tooManyHolds,
  tooManyHoldsOf,
  tooManyOf,
  tooManyWaiters,
  tooManyWaits,
  tooMuchMetadata,
} from '../../kernel/at-capacity.ts';
import { invariant } from '../../kernel/invariant.ts';
import type { CommandOf, Once } from '../../kernel/primitive.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { ResourceKind } from '../../kernel/names.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import { undoEntering } from '../lock/entered.ts';
import { lockUnits, unitsOf } from '../lock/modes.ts';
import { lockBusy } from '../lock/refusals.ts';
import { cannotBeHad } from '../semaphore/capacity.ts';
import { noPermits } from '../semaphore/refusals.ts';
import { cancelledGrant, undoTaking } from './cancel.ts';
import type { GrantedMany, Queued, Wanted } from './commands.ts';
import { give, grantedMany } from './grants.ts';
import type { Ask } from './grants.ts';
import type { Answer, Pool, Session } from './pool.ts';
import { enqueueMultiAcquire, pass, placeOf } from './waits.ts';

type AcquireMany = CommandOf<'acquire_many'>;

export const acquireMany: Once<'acquire_many'> = {
  asked: ({ wanted }) => wanted,
  execute: (tables, session, command, answer) => {
    const { requestId, wanted, waitMs, acquiredAtMs, terms } = command;
    const verdict = judge(tables, session, command);
    if (typeof verdict === 'object') return verdict;
    const asks = wanted.map((one): { readonly pool: Pool; readonly ask: Ask } => ({
      pool: found(tables, one) ?? opened(tables, one),
      ask: { requestId, units: unitsWanted(one), acquiredAtMs, terms },
    }));
    const result =
      verdict === 'give'
        ? giveAll(tables, session, asks, answer)
        : (enqueueMultiAcquire(tables, session, asks, waitMs, answer) ?? queued(answer));
    // What was opened for a wait that is refused is not to stay (STATE-LOCK-4).
    for (const { pool } of asks) if (pool.isIdle) tables.forgetPool(pool);
    return result;
  },
  cancel: (tables, session, command, known) => {
    const { grant, last } = cancelledGrant(tables, session, command, known) ?? {};
    if (last === undefined || grant?.type !== 'granted_many') return undefined;
    if (typeof known.asked !== 'object' || known.asked === null) return undefined;
    for (const [index, wanted] of known.asked.entries()) {
      const fenceToken = grant.grants[index]?.fenceToken;
      if (fenceToken === undefined) continue;
      if (wanted.kind === 'semaphore')
        undoTaking(tables, session.permits.get(fenceToken), fenceToken, last);
      else undoEntering(tables, session, wanted.name, fenceToken, wanted.mode, last);
    }
    return undefined;
  },
};

/** STATE-MULTI-1. */
function giveAll(
  tables: Tables,
  session: Session,
  asks: readonly { readonly pool: Pool; readonly ask: Ask }[],
  answer: Answer,
): GrantedMany | Refusal {
  for (const { pool, ask } of asks) {
    const refusal = pass(tables, session, pool, ask, answer);
    if (refusal !== undefined) return refusal;
  }
  return grantedMany(
    tables,
    asks.map(({ pool, ask }) => give(tables, session, pool, ask)),
  );
}

function queued({ waiter }: Answer): Queued {
  invariant(waiter !== undefined, 'A request waits or is answered.');
  return { ok: true, type: 'queued', position: placeOf(waiter) };
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
  // STATE-MULTI-2: a place in every queue, also where it would be free.
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
  tables.pools[kind].get(name);

function opened(tables: Tables, wanted: Wanted): Pool {
  const { kind, name } = wanted;
  const size = kind === 'lock' ? lockUnits : (wanted.limit ?? wanted.permits);
  return tables.openPool(kind, name, size);
}

const unitsWanted = (wanted: Wanted): number =>
  wanted.kind === 'lock' ? unitsOf(wanted.mode) : wanted.permits;
