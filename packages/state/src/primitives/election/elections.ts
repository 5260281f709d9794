/**
 * Elections: one leads, the others queue, and the leader tells a value.
 *
 * STATE-ELECTION-1: at most one session leads, and its fence token is larger than any before.
 * STATE-ELECTION-2: a leader that campaigns again is told that it leads, under the same token.
 * STATE-ELECTION-3: only the leader of that very token proclaims a value or resigns.
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
import type { CommandOf, Once, Primitive } from '../../kernel/primitive.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { FenceToken } from '../../kernel/names.ts';
import { rowsInAList, weigh } from '../../kernel/weigh-rows.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import { acquiring } from '../holds/acquire.ts';
import type { Acquiring } from '../holds/acquire.ts';
import { cancelledGrant, undoTaking } from '../holds/cancel.ts';
import { endHold } from '../holds/grants.ts';
import type { Hold } from '../holds/pool.ts';
import { isNext } from '../holds/queue.ts';
import { encodePool, poolLines } from '../holds/records.ts';
import { settle } from '../holds/settle.ts';
import { listedPool } from '../holds/views.ts';
import { notElected, notLeading } from './refusals.ts';
import { electionView } from './view.ts';

const asking: Acquiring<CommandOf<'campaign'>> = {
  kind: 'election',
  unitsOf: () => 1,
  sizeFor: () => 1,
  judge: (tables, pool, session, asker, { terms, waitMs }) => {
    const tooMany = pool === undefined ? tooManyOf(tables, 'election') : undefined;
    if (tooMany !== undefined) return tooMany;
    if (session !== undefined && pool?.heldBy(session) !== undefined) return 'give'; // STATE-ELECTION-2
    const atCapacity = tooManyHolds(tables, asker);
    if (atCapacity !== undefined) return atCapacity;
    if (pool === undefined) return 'give';
    if (pool.fits(1, undefined) && isNext(pool, undefined, terms))
      return hasRoom(tables, pool, session) ? 'give' : tooManyHoldsOf(tables, pool); // STATE-ELECTION-1
    if (waitMs <= 0) return notElected(pool, tables.timeMs);
    return tooManyWaits(tables, asker) ?? tooManyWaiters(tables, pool) ?? 'wait';
  },
};

const campaign: Once<'campaign'> = {
  asked: () => 1,
  ...acquiring(asking),
  cancel: (tables, session, command, known) => {
    const { grant, last } = cancelledGrant(tables, session, command, known) ?? {};
    if (last === undefined || grant?.type !== 'granted') return undefined;
    // What other requests were told as well stays theirs.
    const led = tables.pools.election.get(command.name)?.heldBy(session);
    if (led !== undefined && grant.holdCount > led.exclusiveCount) return undefined; // It was not counted (LIMIT-1).
    if (led?.fenceToken === grant.fenceToken && led.holdCount > 1) {
      tables.changingPool(led.pool);
      led.holdCount -= 1;
    } else undoTaking(tables, led, grant.fenceToken, last);
    return undefined;
  },
};

const resign: Once<'resign'> = {
  asked: ({ fenceToken }) => String(fenceToken),
  givesBack: true,
  execute: (tables, session, command) => {
    const { name } = command;
    const hold = tables.pools.election.get(name)?.heldBy(session);
    const refusal = wrongLeader(tables, hold, command);
    if (hold === undefined || refusal !== undefined) return refusal ?? notLeading(name);
    const { fenceToken } = hold;
    endHold(tables, hold, 'released');
    settle(tables, [hold.pool]);
    return { ok: true, type: 'released', fenceToken, remainingHoldCount: 0 };
  },
};

const proclaim: Once<'proclaim'> = {
  asked: ({ fenceToken, value }) => `${String(fenceToken)} ${JSON.stringify(value)}`,
  execute: (tables, session, command) => {
    const { name, fenceToken, value } = command;
    const hold = tables.pools.election.get(name)?.heldBy(session);
    const refusal = wrongLeader(tables, hold, command);
    if (hold === undefined || refusal !== undefined) return refusal ?? notLeading(name);
    const tooMuch = tooMuchMetadata(tables, session, { value }, hold.metadata);
    if (tooMuch !== undefined) return tooMuch;
    tables.changingPool(hold.pool);
    session.setMetadata(hold, value);
    const { id: sessionId, clientId } = session;
    tables.events.push({ type: 'proclaimed', name, sessionId, clientId, fenceToken, value });
    return { ok: true, type: 'proclaimed', fenceToken, revision: tables.index };
  },
};

/** STATE-ELECTION-3. */
function wrongLeader(
  tables: Tables,
  hold: Hold | undefined,
  { name, fenceToken }: { readonly name: Hold['pool']['name']; readonly fenceToken?: FenceToken },
): Refusal | undefined {
  if (hold !== undefined && (fenceToken === undefined || hold.fenceToken === fenceToken))
    return undefined;
  const ended = tables.refusedEndOf('election', name, fenceToken);
  return notLeading(name, ended, tables.pools.election.get(name));
}

export const elections: Primitive<'election'> = {
  kind: 'election',
  handlers: { campaign, resign, proclaim },
  view: (tables, name, { limit, timeMs }) =>
    electionView(name, tables.pools.election.get(name), tables.shownAtMs(timeMs), limit),
  listed: (tables, name, timeMs) =>
    listedPool(tables.pools.election.get(name), (pool) => {
      const view = electionView(name, pool, tables.shownAtMs(timeMs), rowsInAList);
      const leaders = view.leader === undefined ? [] : [view.leader];
      return { view, rows: weigh(name, leaders, view.candidates) };
    }),
  encode: encodePool,
  lines: poolLines,
};
