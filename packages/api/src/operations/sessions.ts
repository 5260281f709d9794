/**
 * Sessions: create, look, keep alive, end.
 *
 * GONE-1: the end of a session that is not there, or is of another identity, is answered from what the leader knows, and no
 *     entry of the log is written for it: whoever may have a session may ask for any id, as often as it likes.
 */
import type {
  CreateSessionAnswer,
  CreateSessionBody,
  EndSessionAnswer,
  CancelAnswer,
  CancelBody,
  KeepAliveAnswer,
  ReadSessionBody,
  SessionAnswer,
  SessionLocksAnswer,
  SessionLocksBody,
  SessionRef,
  SessionWaitsAnswer,
  SessionWaitsBody,
} from '@holdfast/protocol';
import type { QueryAnswer } from '@holdfast/engine';
import type { SessionId } from '@holdfast/state';
import {
  RequestError,
  requestErrorOf,
  requestErrorWhere,
  UnloggedRefusal,
} from '../request-error.ts';
import { callOptions } from './context.ts';
import { idsAreWrong, invalid, whoIsWrong } from './who.ts';
import type { OperationContext, Outcome } from './context.ts';
import {
  asResourceName,
  asSessionId,
  newSessionId,
  ownedName,
  implicitSessionId,
  unnamedClientId,
} from './identities.ts';
import { copiesLiveMs } from '@holdfast/engine/parts';

export async function createSession(
  body: CreateSessionBody,
  context: OperationContext,
): Promise<Outcome<CreateSessionAnswer>> {
  const { limits, engine, now } = context.service;
  if ((body.timeout ?? body.timeout_seconds) !== (body.timeout_seconds ?? body.timeout))
    return invalid(
      'timeout_seconds',
      `"timeout" (${String(body.timeout)}) and "timeout_seconds" (${String(body.timeout_seconds)}) mean the same; provide one of them.`,
    );
  const field = body.timeout === undefined ? 'timeout_seconds' : 'timeout';
  const timeout = body.timeout ?? body.timeout_seconds ?? limits.defaultSessionTimeoutSeconds;
  const refused = timeoutTooLong(field, timeout, context);
  if (refused !== undefined) return refused;
  const clientId = body.client_id ?? unnamedClientId(body.request_id);
  const result = await engine.submit(
    {
      type: 'create_session',
      sessionId: newSessionId(context.caller.identity, clientId, body.request_id),
      clientId,
      timeoutMs: Math.round(timeout * 1000),
      lockDelayMs: Math.round((body.lock_delay_seconds ?? 0) * 1000),
      createdAtMs: now(),
      ...(context.caller.share === undefined ? {} : { caller: context.caller.share }),
    },
    callOptions(context),
  );
  if (!result.ok) return requestErrorOf(result);
  const { session } = result;
  const timeoutSeconds = session.timeoutMs / 1000;
  const intervalSeconds = Math.max(1, Math.floor(session.timeoutMs / 3000));
  return {
    session_id: session.sessionId,
    client_id: session.clientId,
    timeout: timeoutSeconds,
    timeout_seconds: timeoutSeconds,
    keepalive_interval: intervalSeconds,
    keepalive_interval_seconds: intervalSeconds,
  };
}

export async function getSession(
  body: ReadSessionBody,
  context: OperationContext,
): Promise<Outcome<SessionAnswer>> {
  const result = await findSession(body, context);
  if (result instanceof RequestError) return result;
  const { session, lastKeepAliveMs, revision } = result;
  return {
    session_id: session.sessionId,
    client_id: session.clientId,
    timeout: session.timeoutMs / 1000,
    timeout_seconds: session.timeoutMs / 1000,
    created_at: session.createdAtMs / 1000,
    last_keepalive: lastKeepAliveMs / 1000,
    locks_held: session.holds.map((hold) => hold.name),
    semaphores_held: [...new Set(session.permits.map((hold) => hold.name))],
    elections_led: session.leads.map((hold) => hold.name),
    barriers_inside: session.barriers,
    lock_count: session.counts.locks,
    permit_hold_count: session.counts.permits,
    leadership_count: session.counts.leads,
    barrier_count: session.counts.barriers,
    consistency: body.consistency ?? 'linearizable',
    revision,
  };
}

/** Whoever does not page has what most sessions hold on one page. */
const holdsOnAPage = 1000;
const placesOnAPage = 100;

export async function sessionLocks(
  body: SessionLocksBody,
  context: OperationContext,
): Promise<Outcome<SessionLocksAnswer>> {
  const { after = 0, limit = holdsOnAPage, consistency = 'linearizable' } = body;
  const result = await context.service.engine.query(
    { type: 'session_holds', sessionId: asSessionId(body.session_id), after, limit },
    consistency,
    callOptions(context),
  );
  if (result.type === 'session_missing') return requestErrorOf(result.refusal);
  const { counts, digest, holds, permits, leads, nextAfter } = result.page;
  return {
    locks: holds.map((hold) => hold.name),
    total_locks: counts.locks,
    total_holds: counts.locks + counts.permits + counts.leads,
    digest,
    next_after: nextAfter ?? null,
    consistency,
    revision: result.revision,
    holds: holds.map((hold) => ({
      resource: hold.name,
      fence_token: hold.fenceToken,
      mode: hold.mode,
      hold_count: hold.holdCount,
      first_fence_token: hold.firstToken,
    })),
    permits: permits.map((hold) => ({
      resource: hold.name,
      fence_token: hold.fenceToken,
      permits: hold.permits,
    })),
    leaderships: leads.map((hold) => ({ resource: hold.name, fence_token: hold.fenceToken })),
  };
}

/** Where it waits for one resource; undefined: it does not, or behind so many others that this page does not tell. */
export async function placeOfSession(
  sessionId: SessionId,
  wanted: { readonly kind: string; readonly name: string },
  context: OperationContext,
): Promise<number | undefined> {
  const query = { type: 'places', sessionId, after: 0, limit: placesOnAPage } as const;
  const result = await context.service.engine.query(query, 'stale', callOptions(context));
  if (result.type === 'session_missing') return undefined;
  return result.page.places.find(({ kind, name }) => kind === wanted.kind && name === wanted.name)
    ?.position;
}

export async function sessionWaits(
  body: SessionWaitsBody,
  context: OperationContext,
): Promise<Outcome<SessionWaitsAnswer>> {
  const { after = 0, limit = placesOnAPage, consistency = 'linearizable' } = body;
  const result = await context.service.engine.query(
    { type: 'places', sessionId: asSessionId(body.session_id), after, limit },
    consistency,
    callOptions(context),
  );
  if (result.type === 'session_missing') return requestErrorOf(result.refusal);
  const { count, places, nextAfter } = result.page;
  return {
    wait_count: count,
    next_after: nextAfter ?? null,
    consistency,
    revision: result.revision,
    waits: places.map(({ kind, name, position, ahead }) => ({
      kind,
      resource: name,
      position,
      ahead,
    })),
  };
}

export async function cancelRequest(
  body: CancelBody,
  context: OperationContext,
): Promise<Outcome<CancelAnswer>> {
  const { request_id, cancel_id, kind, name } = body;
  const requestId = request_id ?? cancel_id;
  if (requestId === undefined)
    return invalid(
      'request_id',
      'Provide the request_id of the acquire that is to be cancelled, or its cancel_id.',
    );
  const sessionId = sessionThatAsked(body, context);
  if (sessionId instanceof RequestError) return sessionId;
  const result = await context.service.engine.submit(
    {
      type: 'abandon',
      kind,
      sessionId,
      name: asResourceName(name),
      requestId,
      // Copies of an acquire by client id may come for so long.
      ...(body.session_id === undefined
        ? {
            liveMs: context.service.limits.maxWaitSeconds * 1000 + copiesLiveMs,
            ...(context.caller.share === undefined ? {} : { caller: context.caller.share }),
          }
        : {}),
    },
    callOptions(context),
  );
  if (result.ok) return { cancelled: true };
  // No answer to the request: it may still come, and has to be cancelled again (state: SHARE-3).
  if (result.code === 'limit_exceeded')
    return new RequestError('overloaded', requestErrorOf(result).message);
  // An implicit session that has ended, or was never made, holds nothing, and is not made any more.
  const isGone = result.code === 'session_not_found' || result.code === 'session_expired';
  return isGone && body.client_id !== undefined ? { cancelled: true } : requestErrorOf(result);
}

/** The session of a request, which may have been made by it. */
function sessionThatAsked(body: CancelBody, { caller }: OperationContext): Outcome<SessionId> {
  const { session_id, client_id = '', request_id, kind, name } = body;
  const wrong = whoIsWrong(body) ?? idsAreWrong(body);
  if (wrong !== undefined) return wrong;
  if (session_id !== undefined) return asSessionId(session_id);
  if (kind === 'many' || kind === 'barrier')
    return invalid(
      'client_id',
      `An acquire of the kind "${kind}" belongs to a session. Provide session_id.`,
    );
  return implicitSessionId(caller.identity, client_id, ownedName(kind, name), request_id);
}

export async function keepAlive(
  body: SessionRef,
  context: OperationContext,
): Promise<Outcome<KeepAliveAnswer>> {
  const sessionId = asSessionId(body.session_id);
  const result = await context.service.engine.keepAlive(sessionId, callOptions(context));
  if (!result.ok) return requestErrorOf(result);
  const timeoutSeconds = result.timeoutMs / 1000;
  return {
    session_id: sessionId,
    success: true,
    timeout: timeoutSeconds,
    timeout_seconds: timeoutSeconds,
  };
}

export async function endSession(
  body: SessionRef,
  context: OperationContext,
): Promise<Outcome<EndSessionAnswer>> {
  const sessionId = asSessionId(body.session_id);
  const gone = await whyGone(sessionId, context);
  if (gone !== undefined) return gone;
  const result = await context.service.engine.submit(
    { type: 'end_session', sessionId },
    callOptions(context),
  );
  if (!result.ok) return requestErrorOf(result);
  return { session_id: sessionId, deleted: true };
}

/** GONE-1. @returns Undefined: there is one, as far as is known. */
async function whyGone(
  sessionId: SessionId,
  context: OperationContext,
): Promise<RequestError | undefined> {
  const { engine } = context.service;
  const query = { type: 'session_holds', sessionId, after: 0, limit: 1 } as const;
  const here = await engine.query(query, 'stale', callOptions(context));
  if (here.type !== 'session_missing') return undefined;
  try {
    const now = await engine.query(query, 'linearizable', callOptions(context));
    if (now.type !== 'session_missing') return undefined;
    const { code, message, details } = requestErrorOf(now.refusal);
    return new UnloggedRefusal(code, message, details);
  } catch (error) {
    const refused = requestErrorWhere(error);
    if (refused?.code === 'access_changed') return refused; // ACCESS-2
    throw error;
  }
}

type FoundSession = Extract<
  QueryAnswer<{ readonly type: 'session'; readonly sessionId: SessionId }>,
  { readonly type: 'session' }
>;

/** The session, or why there is none. */
async function findSession(
  body: ReadSessionBody,
  context: OperationContext,
): Promise<Outcome<FoundSession>> {
  const result = await context.service.engine.query(
    { type: 'session', sessionId: asSessionId(body.session_id) },
    body.consistency ?? 'linearizable',
    callOptions(context),
  );
  if (result.type === 'session_missing') return requestErrorOf(result.refusal);
  return result;
}

/** Longer than this cluster is configured to allow. */
export function timeoutTooLong(
  field: 'timeout' | 'timeout_seconds' | 'ttl_seconds',
  seconds: number,
  { service }: OperationContext,
): RequestError | undefined {
  const { maxSessionTimeoutSeconds } = service.limits;
  if (seconds <= maxSessionTimeoutSeconds) return undefined;
  return new RequestError(
    'invalid_request',
    `"${field}" must be at most ${String(maxSessionTimeoutSeconds)} seconds on this cluster, not ${String(seconds)}. Use a smaller value.`,
    { field, limit: maxSessionTimeoutSeconds },
  );
}
