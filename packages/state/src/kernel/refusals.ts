/**
 * What a refused command is told. Session ids are capabilities, so of another session only its
 * client id and fence token are shown.
 */
import { modeOf } from '../primitives/lock/modes.ts';
import type { Barrier, Latch } from './meetings.ts';
import type { Hold, Pool, Waiter } from '../primitives/holds/pool.ts';
import type { Answer } from './requests.ts';
import type { SessionEnd } from './sessions/sessions.ts';
import type { EndedHold } from './view-types.ts';
import type { JsonValue, RequestId, ResourceName, SessionId } from './names.ts';
import type { Refusal, RefusalCode } from './outcomes.ts';

/** Never more than so many holders are listed in a refusal. */
const maxHoldersShown = 10;

function refuse(
  code: RefusalCode,
  message: string,
  details: { readonly [key: string]: JsonValue },
): Refusal {
  return { ok: false, code, message, details };
}

export function sessionNotFound(id: SessionId): Refusal {
  return refuse('session_not_found', `There is no session "${id}". Create one first.`, {
    session_id: id,
  });
}

export function sessionEnded(id: SessionId, reason: SessionEnd): Refusal {
  const how = reason === 'expired' ? 'has expired' : 'was ended';
  return refuse('session_expired', `Session "${id}" ${how}. Create a new one.`, {
    session_id: id,
    reason,
  });
}

/** Of a hold by client id: the request is done, and what it got has ended. */
export function ownHoldEnded(requestId: RequestId): Refusal {
  return refuse(
    'session_expired',
    `What request ${shownId(requestId)} acquired has ended. Ask again with a new request id.`,
    { request_id: requestId },
  );
}

export function sessionExists(id: SessionId): Refusal {
  return refuse(
    'session_exists',
    `A session "${id}" of another client or kind exists already. Use another request id.`,
    { session_id: id },
  );
}

function holdersShown(pool: Pool): readonly JsonValue[] {
  const shown: JsonValue[] = [];
  for (let hold = pool.holds.first; hold !== undefined; hold = hold.next) {
    if (shown.length === maxHoldersShown) break;
    shown.push(holderShown(hold));
  }
  return shown;
}

function holderShown({ session, fenceToken, units, pool }: Hold): JsonValue {
  const who = { client_id: session.clientId, fence_token: fenceToken };
  if (pool.kind === 'lock') return { ...who, mode: modeOf(units) };
  return pool.kind === 'semaphore' ? { ...who, permits: units } : who;
}

/** The pool cannot give what was asked for at once. */
export function lockBusy(pool: Pool, timeMs: number): Refusal {
  const details = {
    resource: pool.name,
    holders: holdersShown(pool),
    holder_count: pool.holds.length,
    waiter_count: pool.queue.length,
  };
  if (pool.opening !== undefined) {
    const delayedForMs = Math.max(0, pool.opening.dueMs - timeMs);
    return refuse(
      'lock_delayed',
      `"${pool.name}" stays closed for ${String(delayedForMs)} ms because a holder's session expired. Wait or try again later.`,
      { ...details, delayed_for_ms: delayedForMs },
    );
  }
  const holder = pool.holds.first;
  const who =
    holder === undefined
      ? `${String(pool.queue.length)} waiters are ahead`
      : `it is held by client "${holder.session.clientId}" with fence token ${String(holder.fenceToken)}`;
  return refuse(
    'lock_held',
    `"${pool.name}" was not acquired: ${who}. Wait or try again later.`,
    details,
  );
}

export function waitTimeout(pool: Pool): Refusal {
  return refuse('wait_timeout', `The wait for "${pool.name}" ran out before it was free.`, {
    resource: pool.name,
    holders: holdersShown(pool),
    waiter_count: pool.queue.length,
  });
}

export function waitAbandoned(name: ResourceName, requestId: RequestId): Refusal {
  return refuse(
    'wait_abandoned',
    `Request ${shownId(requestId)} for "${name}" was given up. Ask again with a new request id.`,
    { resource: name, request_id: requestId },
  );
}

/**
 * Nobody in the circle could ever go on. Its members begin with who asked. The text is a part of the state, with the
 * answers that are remembered: in other words an old log would give another state than its snapshot.
 */
export function deadlock(circle: readonly Waiter[]): Refusal {
  const members: JsonValue[] = circle.slice(0, maxHoldersShown).map(({ session, pool }) => ({
    client_id: session.clientId,
    kind: pool.kind,
    waits_for: pool.name,
  }));
  const steps = circle
    .slice(0, maxHoldersShown)
    .map(({ session, pool }) => `"${session.clientId}" waits for ${pool.kind} "${pool.name}"`);
  const [first] = circle;
  return refuse(
    'deadlock',
    `To wait would close a circle in which nobody goes on: ${steps.join(', ')}. Give back what others wait for first, and take several at once or always in the same order.`,
    { resource: first?.pool.name ?? '', members, member_count: circle.length },
  );
}

/** Somebody else leads, or is about to. */
export function notElected(pool: Pool, timeMs: number): Refusal {
  const leader = pool.holds.first;
  if (pool.opening !== undefined) return lockBusy(pool, timeMs);
  const who =
    leader === undefined
      ? `${String(pool.queue.length)} candidates are ahead`
      : `client "${leader.session.clientId}" leads with fence token ${String(leader.fenceToken)}`;
  return refuse('not_elected', `"${pool.name}" is not won: ${who}. Wait or try again later.`, {
    resource: pool.name,
    leader: leader === undefined ? null : holderShown(leader),
    candidate_count: pool.queue.length,
  });
}

/** This session does not lead with this token. */
export function notLeading(name: ResourceName, ended?: EndedHold, pool?: Pool): Refusal {
  const leader = pool?.holds.first;
  return refuse(
    'not_holder',
    `This session does not lead "${name}" with that token${howItEnded(ended)}.`,
    {
      resource: name,
      leader: leader === undefined ? null : holderShown(leader),
      ...endShown(ended),
    },
  );
}

/** Of a hold that others ended: how, for the message. */
function howItEnded(ended: EndedHold | undefined): string {
  if (ended === undefined) return '';
  const { reason, fenceToken } = ended;
  const how = {
    expired: 'expired',
    forced: 'was forced open',
    max_hold: 'reached its longest time',
  };
  return `: the hold with fence token ${String(fenceToken)} ${how[reason]}`;
}

function endShown(ended: EndedHold | undefined): { readonly [key: string]: JsonValue } {
  return ended === undefined ? {} : { end_reason: ended.reason, ended_at_revision: ended.revision };
}

export function barrierClosed({ name, parties, members }: Barrier): Refusal {
  return refuse(
    'barrier_closed',
    `All ${String(parties)} of barrier "${name}" have come, and ${String(members.size)} have not left. Enter its next round when they have.`,
    { resource: name, parties, inside: members.size },
  );
}

export function partiesMismatch({ name, parties }: Barrier, given: number): Refusal {
  return refuse(
    'limit_mismatch',
    `Barrier "${name}" is for ${String(parties)} parties in this round, not ${String(given)}.`,
    { resource: name, parties, given },
  );
}

/** It waited at a barrier, and is out again. */
export function enteredInVain(
  name: ResourceName,
  code: 'wait_timeout' | 'wait_abandoned',
): Refusal {
  const why = code === 'wait_timeout' ? 'did not open in time' : 'was given up by its caller';
  return refuse(code, `The wait for barrier "${name}" ${why}; this session is out again.`, {
    resource: name,
  });
}

export function notEntered(name: ResourceName): Refusal {
  return refuse('not_entered', `This session is not inside barrier "${name}".`, {
    resource: name,
  });
}

export function latchNotFound(name: ResourceName): Refusal {
  return refuse('latch_not_found', `There is no latch "${name}". Create it with its count first.`, {
    resource: name,
  });
}

export function countMismatch({ name, initialCount }: Latch, given: number): Refusal {
  return refuse(
    'limit_mismatch',
    `Latch "${name}" was made with a count of ${String(initialCount)}, not ${String(given)}. Delete it first, or use another name.`,
    { resource: name, count: initialCount, given },
  );
}

export const tooManyPermits = (limit: number): Refusal =>
  limitExceeded('semaphore_limit', limit, 'Ask for fewer permits, or have it resized.');

/** A semaphore has not that many permits now, or others wait. */
export function noPermits(pool: Pool, permits: number): Refusal {
  return refuse(
    'no_permits',
    `"${pool.name}" has ${String(Math.max(0, pool.free))} of ${String(pool.size)} permits free and ${String(pool.queue.length)} waiters; ${String(permits)} were asked for. Wait or try again later.`,
    {
      resource: pool.name,
      limit: pool.size,
      free: Math.max(0, pool.free),
      waiter_count: pool.queue.length,
      holders: holdersShown(pool),
    },
  );
}

export function limitMismatch(pool: Pool, given: number): Refusal {
  return refuse(
    'limit_mismatch',
    `Semaphore "${pool.name}" has a limit of ${String(pool.size)}, not ${String(given)}. Leave the limit out, or change it by a resize.`,
    { resource: pool.name, limit: pool.size, given },
  );
}

export function semaphoreNotFound(name: ResourceName): Refusal {
  return refuse(
    'semaphore_not_found',
    `There is no semaphore "${name}". Create it, or give a limit with the first acquire.`,
    { resource: name },
  );
}

export function semaphoreInUse(pool: Pool): Refusal {
  return refuse(
    'semaphore_in_use',
    `Semaphore "${pool.name}" has ${String(pool.holds.length)} holders and ${String(pool.queue.length)} waiters. Delete it when they are gone.`,
    {
      resource: pool.name,
      holder_count: pool.holds.length,
      waiter_count: pool.queue.length,
    },
  );
}

export function notPermitHolder(
  name: ResourceName,
  fenceToken: number,
  ended: EndedHold | undefined,
): Refusal {
  const how = ended === undefined ? ' (they may have been given back already)' : howItEnded(ended);
  return refuse(
    'not_holder',
    `This session has no permits of "${name}" with fence token ${String(fenceToken)}${how}.`,
    { resource: name, fence_token: fenceToken, ...endShown(ended) },
  );
}

export function lockNotFound(name: ResourceName, ended?: EndedHold): Refusal {
  return refuse('lock_not_found', `Nobody holds "${name}"${howItEnded(ended)}.`, {
    resource: name,
    ...endShown(ended),
  });
}

export function notHolder(pool: Pool, ended?: EndedHold): Refusal {
  return refuse(
    'not_holder',
    `This session does not hold "${pool.name}"; somebody else does${howItEnded(ended)}. Only its holder can act on it.`,
    { resource: pool.name, holders: holdersShown(pool), ...endShown(ended) },
  );
}

export function staleFenceToken(hold: Hold, given: number): Refusal {
  return refuse(
    'stale_fence_token',
    `Fence token ${String(given)} is not of the current hold of "${hold.pool.name}", which has ${String(hold.fenceToken)}.`,
    {
      resource: hold.pool.name,
      fence_token: given,
      current_fence_token: hold.fenceToken,
    },
  );
}

export function requestForgotten(requestId: RequestId, forgottenThrough: number): Refusal {
  const numbered = typeof requestId === 'number';
  const through = numbered ? ` (requests up to ${String(forgottenThrough)} may be forgotten)` : '';
  return refuse(
    'request_forgotten',
    `The answer to request ${shownId(requestId)} is no longer known${through}, and it is not carried out again. Look up the lock's status.`,
    { request_id: requestId, ...(numbered ? { forgotten_through: forgottenThrough } : {}) },
  );
}

/** A copy that comes so late that nobody remembers whether it was carried out (MEM-1). */
export function requestTooOld(
  { madeAtMs, liveMs }: { readonly madeAtMs: number; readonly liveMs: number },
  timeMs: number,
): Refusal {
  return refuse(
    'request_forgotten',
    `This request was made ${String(timeMs - madeAtMs)} ms ago and may be carried out for ${String(liveMs)} ms. It is not carried out. Ask again.`,
    { age_ms: timeMs - madeAtMs, limit_ms: liveMs, cluster_time_ms: timeMs },
  );
}

/** `earlier` says what the id was used for. */
export function requestReused(requestId: RequestId, earlier: string): Refusal {
  return refuse(
    'request_reused',
    `Request id ${shownId(requestId)} was used in this session for ${earlier}. Use a new id for a new request.`,
    { request_id: requestId },
  );
}

/** What a request id was used for, in words. */
export function usedFor({
  kind,
  name,
}: {
  readonly kind: Answer['kind'];
  readonly name: string;
}): string {
  const words: Readonly<Record<Answer['kind'], string>> = {
    acquire: 'an acquire of',
    release: 'a release of',
    acquire_permits: 'an acquire of permits of',
    acquire_many: 'an acquire of several, the first',
    campaign: 'a campaign for',
    resign: 'a resignation from',
    proclaim: 'a proclamation in',
    enter_barrier: 'entering barrier',
    leave_barrier: 'leaving barrier',
    count_down: 'counting down latch',
    release_permits: 'a release of permits of',
  };
  return `${words[kind]} "${name}"`;
}

export function limitExceeded(limit: string, value: number, remedy: string): Refusal {
  return refuse('limit_exceeded', `The limit ${limit} of ${String(value)} is reached. ${remedy}`, {
    limit,
    value,
  });
}

function shownId(requestId: RequestId): string {
  return typeof requestId === 'number' ? String(requestId) : `"${requestId}"`;
}
