/**
 * Locks, on top of pools: held by one exclusively or by several who share.
 *
 * STATE-LOCK-2: holds are re-entrant per session and counted; a weaker mode enters a stronger hold.
 * STATE-LOCK-3: a session that holds shared and asks exclusive is upgraded at once when it is the only holder,
 *     else it waits at the head. (When another holder waits for the same, that closes a cycle: STATE-GRANT-6.)
 * STATE-RELEASE-2: only a session that holds a lock releases it, and a token from before its hold is refused.
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
import type { Tables } from '../../kernel/tables.ts';
import { rowsInAList, weigh } from '../../kernel/weigh-rows.ts';
import type { OutcomeOf } from '../../kernel/outcomes.ts';
import { acquiring } from '../holds/acquire.ts';
import type { Acquiring } from '../holds/acquire.ts';
import { cancelledGrant } from '../holds/cancel.ts';
import { downgradeHold } from '../holds/grants.ts';
import type { Hold, Pool } from '../holds/pool.ts';
import { isNext } from '../holds/queue.ts';
import { encodePool, poolLines } from '../holds/records.ts';
import { settle } from '../holds/settle.ts';
import { listedPool } from '../holds/views.ts';
import { giveBack, isTokenOf, undoEntering } from './entered.ts';
import { lockUnits, unitsOf } from './modes.ts';
import { lockBusy, lockNotFound, notHolder, staleFenceToken } from './refusals.ts';
import { lockView } from './view.ts';

const asking: Acquiring<CommandOf<'acquire'>> = {
  kind: 'lock',
  unitsOf: ({ mode }) => unitsOf(mode),
  sizeFor: () => lockUnits,
  judge: (tables, pool, session, asker, command) => {
    const units = unitsOf(command.mode);
    const held = session === undefined ? undefined : pool?.heldBy(session);
    if (held !== undefined && held.units >= units) return 'give'; // STATE-LOCK-2
    const tooMany = pool === undefined ? tooManyOf(tables, 'lock') : undefined;
    if (tooMany !== undefined) return tooMany;
    const atCapacity = held === undefined ? tooManyHolds(tables, asker) : undefined;
    if (atCapacity !== undefined) return atCapacity;
    if (pool === undefined) return 'give';
    if (pool.fits(units, held) && isNext(pool, held, command.terms)) {
      if (held === undefined && !hasRoom(tables, pool, session))
        return tooManyHoldsOf(tables, pool);
      return 'give'; // STATE-POOL-2, STATE-LOCK-3
    }
    if (command.waitMs <= 0) return lockBusy(pool, tables.timeMs);
    return (
      tooManyHolds(tables, asker) ??
      tooManyWaits(tables, asker) ??
      tooManyWaiters(tables, pool) ??
      'wait'
    );
  },
  replaced: (session, pool) => pool?.heldBy(session)?.metadata,
};

const acquire: Once<'acquire'> = {
  asked: ({ mode }) => mode,
  ...acquiring(asking),
  cancel: (tables, session, command, known) => {
    const { grant, last } = cancelledGrant(tables, session, command, known) ?? {};
    if (last === undefined || grant?.type !== 'granted') return undefined;
    const mode = known.asked === 'exclusive' ? 'exclusive' : 'shared';
    undoEntering(tables, session, command.name, grant.fenceToken, mode, last);
    return undefined;
  },
};

const release: Once<'release'> = {
  asked: ({ fenceToken }) => fenceToken ?? null,
  givesBack: true,
  execute: (tables, session, command, answer) => {
    const { name, requestId } = command;
    const pool = tables.pools.lock.get(name);
    const hold = pool?.heldBy(session);
    const result = judgeRelease(tables, pool, hold, command);
    noteAnswer(tables, session, requestId, answer, result);
    if (hold !== undefined && result.ok)
      giveBack(tables, hold, requestId === undefined ? undefined : { requestId, answer });
    return result;
  },
};

/** STATE-RELEASE-2. */
function judgeRelease(
  tables: Tables,
  pool: Pool | undefined,
  hold: Hold | undefined,
  { name, fenceToken }: CommandOf<'release'>,
): OutcomeOf<'release'> {
  if (hold === undefined) {
    const ended = tables.refusedEndOf('lock', name, fenceToken);
    return pool === undefined || pool.holdCount === 0
      ? lockNotFound(name, ended)
      : notHolder(pool, ended);
  }
  if (fenceToken !== undefined && !isTokenOf(hold, fenceToken))
    return staleFenceToken(hold, fenceToken);
  return {
    ok: true,
    type: 'released',
    fenceToken: hold.fenceToken,
    remainingHoldCount: hold.holdCount - 1,
  };
}

/** In the same hold, under the same token, however often it was entered. */
const downgrade: Execute<'downgrade'> = (tables, { sessionId, name, fenceToken }, ackedBelow) => {
  const session = tables.sessions.get(sessionId);
  if (session === undefined) return tables.missingSession(sessionId);
  tables.touch(session, ackedBelow);
  const pool = tables.pools.lock.get(name);
  const hold = pool?.heldBy(session);
  if (hold === undefined) {
    const ended = tables.refusedEndOf('lock', name, fenceToken);
    return pool === undefined ? lockNotFound(name, ended) : notHolder(pool, ended);
  }
  // Not any token of the hold: a late repetition is not to downgrade what was upgraded since.
  if (hold.fenceToken !== fenceToken) return staleFenceToken(hold, fenceToken);
  if (hold.units === lockUnits) {
    downgradeHold(tables, hold);
    settle(tables, [hold.pool]);
  }
  return { ok: true, type: 'downgraded', fenceToken };
};

export const locks: Primitive<'lock'> = {
  kind: 'lock',
  handlers: { acquire, release, downgrade },
  view: (tables, name, { limit, fenceToken, timeMs }) =>
    lockView(name, tables.pools.lock.get(name), tables.shownAtMs(timeMs), limit, fenceToken),
  listed: (tables, name, timeMs) =>
    listedPool(tables.pools.lock.get(name), (pool) => {
      const view = lockView(name, pool, tables.shownAtMs(timeMs), rowsInAList);
      return { view, rows: weigh(name, view.holders, view.waiters) };
    }),
  encode: encodePool,
  lines: poolLines,
};
