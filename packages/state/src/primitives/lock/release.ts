/**
 * Release, and the other ways in which a hold ends while its session lives.
 *
 * R1: a repeated request gets the first answer, and a request that was given up is never carried
 *     out afterwards (spec rule 2.6).
 * R2: only a session that holds a lock releases it, and a token from before its hold is refused.
 * R3: abandoning gives back what was granted to exactly this request, once.
 */
import { abandonEntering } from '../barrier/barriers.ts';
import { endHold, lower } from '../holds/grants.ts';
import { endWait, poolsOf } from '../holds/waits.ts';
import { endIfUnused } from '../../kernel/sessions/lifetimes.ts';
import { rememberGivenUp } from '../../kernel/sessions/making.ts';
import { lockUnits } from './modes.ts';
import type { Hold } from '../holds/pool.ts';
import {
  lockNotFound,
  notHolder,
  requestForgotten,
  requestReused,
  staleFenceToken,
  usedFor,
  waitAbandoned,
} from '../../kernel/refusals.ts';
import type { Answer, OtherAnswer, ReleaseAnswer, WaitingAnswer } from '../../kernel/requests.ts';
import type { LastRequest } from '../../kernel/sessions/ended-sessions.ts';
import type { Session } from '../../kernel/sessions/sessions.ts';
import { settle } from '../holds/settle.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { Command } from '../../kernel/commands.ts';
import type { FenceToken, Mode, RequestId, ResourceName } from '../../kernel/names.ts';
import type { CommandResult } from '../../kernel/outcomes.ts';

type Release = Extract<Command, { type: 'release' }>;
type Abandon = Extract<Command, { type: 'abandon' }>;
type ForceRelease = Extract<Command, { type: 'force_release' }>;

export function release(
  tables: Tables,
  command: Release,
  answeredBelow: number | undefined,
): CommandResult {
  const { sessionId, requestId } = command;
  const session = tables.sessions.get(sessionId);
  if (session === undefined) {
    const last = tables.tombstone(sessionId)?.last;
    if (requestId === undefined || last?.requestId !== requestId) {
      return tables.missingSession(sessionId);
    }
    return repeatRelease(command, requestId, last.answer); // R1
  }
  tables.heardFrom(session, answeredBelow);
  if (requestId === undefined) return releaseHold(tables, session, command);
  const known = session.requests.find(requestId);
  if (known === 'forgotten') {
    return requestForgotten(requestId, session.requests.forgottenThrough);
  }
  if (known !== undefined) return repeatRelease(command, requestId, known); // R1
  return releaseHold(tables, session, command);
}

function repeatRelease(
  { name, fenceToken }: Release,
  requestId: RequestId,
  known: Answer,
): CommandResult {
  if (known.kind !== 'release') return requestReused(requestId, usedFor(known));
  if (known.name !== name || known.fenceToken !== fenceToken) {
    return requestReused(requestId, `another release, of "${known.name}"`);
  }
  return known.result;
}

function releaseHold(tables: Tables, session: Session, command: Release): CommandResult {
  const { name, fenceToken, requestId } = command;
  const hold = session.holds.get(name);
  const result = judgeRelease(tables, hold, command);
  if (requestId !== undefined) {
    const answer: ReleaseAnswer = { kind: 'release', name, fenceToken, result };
    session.requests.remember(requestId, answer, tables.limits);
    if (hold !== undefined && result.ok) giveBack(tables, hold, { requestId, answer });
  } else if (hold !== undefined && result.ok) giveBack(tables, hold, undefined);
  return result;
}

/** R2. */
function judgeRelease(
  tables: Tables,
  hold: Hold | undefined,
  { name, fenceToken }: Release,
): CommandResult {
  if (hold === undefined) {
    const pool = tables.pools.get(name);
    const ended = tables.endedHoldOf('lock', name, fenceToken);
    return pool === undefined || pool.holds.length === 0
      ? lockNotFound(name, ended)
      : notHolder(pool, ended);
  }
  if (fenceToken !== undefined && !isOf(hold, fenceToken)) return staleFenceToken(hold, fenceToken);
  return {
    ok: true,
    type: 'released',
    fenceToken: hold.fenceToken,
    remainingHoldCount: hold.holdCount - 1,
  };
}

/** All tokens that this hold ever had: when it is raised, those who entered before keep theirs. */
function isOf(hold: Hold, fenceToken: FenceToken): boolean {
  return fenceToken >= hold.firstToken && fenceToken <= hold.fenceToken;
}

/** One entering of the hold is given back; with the last one it ends. */
function giveBack(tables: Tables, hold: Hold, last: LastRequest | undefined): void {
  tables.changingPool(hold.pool);
  hold.holdCount -= 1;
  if (hold.holdCount > 0) {
    if (hold.exclusiveCount > hold.holdCount) hold.exclusiveCount = hold.holdCount;
    return;
  }
  endHold(tables, hold, 'released');
  endIfUnused(tables, hold.session, last);
  settle(tables, [hold.pool]);
}

export function abandon(
  tables: Tables,
  command: Abandon,
  answeredBelow: number | undefined,
): CommandResult {
  const { sessionId, requestId, name, kind } = command;
  const session = tables.sessions.get(sessionId);
  const answer = earlyAnswer(kind ?? 'lock', name, waitAbandoned(name, requestId));
  if (session === undefined) {
    const refusal = tables.missingSession(sessionId);
    if (tables.tombstone(sessionId) === undefined) {
      // It may overtake the acquire that would make this session.
      const refused = rememberGivenUp(tables, sessionId, { requestId, answer }, command); // R1
      if (refused !== undefined) return refused;
    }
    return refusal;
  }
  tables.heardFrom(session, answeredBelow);
  const known = session.requests.find(requestId);
  if (known === 'forgotten') {
    return requestForgotten(requestId, session.requests.forgottenThrough);
  }
  if (known === undefined) {
    session.requests.remember(requestId, answer, tables.limits); // R1
    return { ok: true, type: 'abandoned' };
  }
  if (known.kind !== answer.kind || known.name !== name)
    return requestReused(requestId, usedFor(known));
  if ('waiter' in known) giveUp(tables, session, command, known);
  else if (known.kind === 'enter_barrier') {
    const inside = abandonEntering(tables, session, command, known);
    if (inside !== undefined) return inside;
  }
  return { ok: true, type: 'abandoned' };
}

/** What a request that was given up before it arrived is answered when it does. */
function earlyAnswer(
  kind: NonNullable<Abandon['kind']>,
  name: ResourceName,
  result: CommandResult,
): WaitingAnswer | OtherAnswer {
  const early = { name, result, waiter: undefined };
  switch (kind) {
    case 'lock':
      return { kind: 'acquire', mode: undefined, ...early };
    case 'semaphore':
      return { kind: 'acquire_permits', permits: undefined, ...early };
    case 'election':
      return { kind: 'campaign', permits: undefined, ...early };
    case 'many':
      return { kind: 'acquire_many', wanted: undefined, ...early };
    case 'barrier':
      return { kind: 'enter_barrier', name, result, asked: undefined };
  }
}

/** R3: leaves the queue, or gives back what was granted to exactly this request. */
function giveUp(
  tables: Tables,
  session: Session,
  { requestId, name }: Abandon,
  known: WaitingAnswer,
): void {
  const { waiter, result } = known;
  if (waiter !== undefined) {
    endWait(tables, waiter, waitAbandoned(name, requestId));
    endIfUnused(tables, session, { requestId, answer: known });
    settle(tables, poolsOf(waiter));
    return;
  }
  if (result === undefined || !result.ok) return;
  if (result.type !== 'granted' && result.type !== 'granted_many') return;
  // R1, R3: a second abandon finds nothing to give back.
  session.requests.change(requestId, known, waitAbandoned(name, requestId), tables.limits);
  const last = { requestId, answer: known };
  if (result.type === 'granted_many') {
    if (known.kind !== 'acquire_many' || known.wanted === undefined) return;
    for (const [index, wanted] of known.wanted.entries()) {
      const fenceToken = result.grants[index]?.fenceToken;
      if (fenceToken === undefined) continue;
      if (wanted.kind === 'semaphore')
        undoTaking(tables, session.permits.get(fenceToken), fenceToken, last);
      else undoEntering(tables, session, wanted.name, fenceToken, wanted.mode, last);
    }
  } else if (known.kind === 'acquire') {
    undoEntering(tables, session, name, result.fenceToken, known.mode, last);
  } else if (known.kind === 'campaign') {
    // What other requests were told as well stays theirs.
    const led = session.leads.get(name);
    if (led !== undefined && result.holdCount > led.exclusiveCount) return; // It was not counted (LIMIT-1).
    if (led?.fenceToken === result.fenceToken && led.holdCount > 1) {
      tables.changingPool(led.pool);
      led.holdCount -= 1;
    } else undoTaking(tables, led, result.fenceToken, last);
  } else undoTaking(tables, session.permits.get(result.fenceToken), result.fenceToken, last);
}

function undoTaking(
  tables: Tables,
  hold: Hold | undefined,
  fenceToken: FenceToken,
  last: LastRequest | undefined,
): void {
  if (hold === undefined || hold.fenceToken !== fenceToken) return;
  endHold(tables, hold, 'released');
  endIfUnused(tables, hold.session, last);
  settle(tables, [hold.pool]);
}

function undoEntering(
  tables: Tables,
  session: Session,
  name: ResourceName,
  fenceToken: FenceToken,
  mode: Mode | undefined,
  last: LastRequest | undefined,
): void {
  const hold = session.living ? session.holds.get(name) : undefined;
  if (hold === undefined || !isOf(hold, fenceToken)) return;
  tables.changingPool(hold.pool);
  if (mode === 'exclusive' && hold.exclusiveCount > 0) hold.exclusiveCount -= 1;
  giveBack(tables, hold, last);
  if (hold.holdCount > 0 && hold.exclusiveCount === 0 && hold.units === lockUnits) {
    // Nobody is left who asked for all of it.
    lower(tables, hold);
    settle(tables, [hold.pool]);
  }
}

/** In the same hold, under the same token, however often it was entered. */
export function downgrade(
  tables: Tables,
  { sessionId, name, fenceToken }: Extract<Command, { type: 'downgrade' }>,
  answeredBelow: number | undefined,
): CommandResult {
  const session = tables.sessions.get(sessionId);
  if (session === undefined) return tables.missingSession(sessionId);
  tables.heardFrom(session, answeredBelow);
  const hold = session.holds.get(name);
  if (hold === undefined) {
    const pool = tables.pools.get(name);
    const ended = tables.endedHoldOf('lock', name, fenceToken);
    return pool === undefined ? lockNotFound(name, ended) : notHolder(pool, ended);
  }
  // Not any token of the hold: a late repetition is not to lower what was raised since.
  if (hold.fenceToken !== fenceToken) return staleFenceToken(hold, fenceToken);
  if (hold.units === lockUnits) {
    lower(tables, hold);
    settle(tables, [hold.pool]);
  }
  return { ok: true, type: 'downgraded', fenceToken };
}

export function forceRelease(tables: Tables, { kind, name, reason }: ForceRelease): CommandResult {
  const pool = tables.poolsOf(kind ?? 'lock').get(name);
  if (pool === undefined || pool.holds.length === 0) return lockNotFound(name);
  const releasedCount = pool.holds.length;
  const note = reason === '' ? undefined : reason;
  for (let hold = pool.holds.first; hold !== undefined; hold = pool.holds.first) {
    endHold(tables, hold, 'forced', note);
    endIfUnused(tables, hold.session);
  }
  settle(tables, [pool]);
  return { ok: true, type: 'forced', releasedCount };
}
