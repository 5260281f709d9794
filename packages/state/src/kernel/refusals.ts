/**
 * What a refused command is told. Session ids are capabilities, so of another session only its
 * client id and fence token are shown.
 *
 * An answer that is remembered is part of the state, its text too: members of different releases would differ. The texts
 * of this package change with a feature level alone; whoever shows one to people may say more.
 */
import { commandDeclarations } from '../primitives/declared.ts';
import type { OnceType } from '../primitives/declared.ts';
import type { SessionEnd } from './sessions/sessions.ts';
import type { JsonValue, RequestId, ResourceName, SessionId } from './names.ts';
import type { Refusal, RefusalCode } from './outcomes.ts';

export function refuse(
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

export function waitCancelled(name: ResourceName, requestId: RequestId): Refusal {
  return refuse(
    'wait_abandoned',
    `Request ${shownId(requestId)} for "${name}" was given up. Ask again with a new request id.`,
    { resource: name, request_id: requestId },
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

/** Of a cancelling: what it names may have been executed, or may still be (STATE-REQUEST-6). */
export function outcomeForgotten(requestId: RequestId): Refusal {
  return refuse(
    'request_forgotten',
    `It is no longer known whether request ${shownId(requestId)} was executed; it was not cancelled. Look up the status of the resource, and release what this session holds there.`,
    { request_id: requestId, cancelled: false },
  );
}

/** A copy that comes so late that nobody remembers whether it was executed (MEM-1). */
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
export const usedFor = ({
  kind,
  name,
}: {
  readonly kind: OnceType;
  readonly name: string;
}): string => `${commandDeclarations[kind].usedFor} "${name}"`;

/** The same where another one of its kind was meant. */
export function usedForAnother(known: { readonly kind: OnceType; readonly name: string }): string {
  const declared = commandDeclarations[known.kind];
  return 'usedForAnother' in declared
    ? `${declared.usedForAnother} "${known.name}"`
    : usedFor(known);
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
