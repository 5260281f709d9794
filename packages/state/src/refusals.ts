/**
 * What a refused command is told. Session ids are capabilities, so of another session only its
 * client id and fence token are shown.
 */
import { modeOf } from './modes.ts';
import type { Hold, Pool } from './pool.ts';
import type { Answer } from './requests.ts';
import type { SessionEnd } from './sessions.ts';
import type {
  JsonValue,
  Refusal,
  RefusalCode,
  RequestId,
  ResourceName,
  SessionId,
} from './types.ts';

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
  return pool.kind === 'lock' ? { ...who, mode: modeOf(units) } : { ...who, permits: units };
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
    const delayedForMs = pool.opening.dueMs - timeMs;
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

export function upgradeDeadlock(pool: Pool, rival: Hold): Refusal {
  return refuse(
    'deadlock',
    `Client "${rival.session.clientId}" holds "${pool.name}" shared and waits to hold it exclusively, as this request would: neither could go on. Release the shared hold first.`,
    { resource: pool.name, members: [holderShown(rival)] },
  );
}

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

export function notPermitHolder(name: ResourceName, fenceToken: number): Refusal {
  return refuse(
    'not_holder',
    `This session has no permits of "${name}" with fence token ${String(fenceToken)}. They may have been given back already.`,
    { resource: name, fence_token: fenceToken },
  );
}

export function lockNotFound(name: ResourceName): Refusal {
  return refuse('lock_not_found', `Nobody holds "${name}".`, { resource: name });
}

export function notHolder(pool: Pool): Refusal {
  return refuse(
    'not_holder',
    `This session does not hold "${pool.name}"; somebody else does. Only its holder can release it.`,
    { resource: pool.name, holders: holdersShown(pool) },
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
  return refuse(
    'request_forgotten',
    `The answer to request ${shownId(requestId)} is no longer known (requests up to ${String(forgottenThrough)} may be forgotten), and it is not carried out again. Look up the lock's status.`,
    { request_id: requestId, forgotten_through: forgottenThrough },
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
