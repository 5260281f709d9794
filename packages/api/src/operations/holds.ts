/**
 * What a holder does with its fence token: release, downgrade, renew; and what a third party does: check.
 *
 * A hold that was acquired by `client_id` has an implicit session, which its holder need not know:
 * it is found by name and token, both of which must be right. No other hold can have that token.
 */
import type {
  CheckAnswer,
  CheckBody,
  DowngradeAnswer,
  DowngradeBody,
  ReleaseAnswer,
  ReleaseBody,
  RenewAnswer,
  RenewBody,
  Who,
} from '@holdfast/protocol';
import type { Command, Refusal, SessionId } from '@holdfast/state';
import { RequestError, requestErrorOf } from '../request-error.ts';
import { invalid, whoIsWrong } from './who.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { findHold } from './holders.ts';
import type { FoundHolder, HeldKind } from './holders.ts';
import { asFenceToken, asResourceName, asSessionId } from './identities.ts';

export async function release(
  body: ReleaseBody,
  context: OperationContext,
): Promise<Outcome<ReleaseAnswer>> {
  const found = sessionOfHold('lock', body, context);
  const releasing = found instanceof Promise ? await found : found;
  if (releasing instanceof RequestError) return releasing;
  const command = releaseCommand(releasing.sessionId, body);
  const result = await context.service.engine.submit(command, callOptions(context));
  if (!result.ok) return refusedRelease(result, releasing);
  return {
    released: true,
    resource: body.name,
    fence_token: result.fenceToken,
    remaining_hold_count: result.remainingHoldCount,
  };
}

type ReleaseCommand = Extract<Command, { readonly type: 'release' }>;

/** Field by field: this is the hot path (`tellCaller` of the engine). */
function releaseCommand(sessionId: SessionId, body: ReleaseBody): ReleaseCommand {
  const command: { -readonly [Name in keyof ReleaseCommand]: ReleaseCommand[Name] } = {
    type: 'release',
    sessionId,
    name: asResourceName(body.name),
  };
  if (body.fence_token !== undefined) command.fenceToken = asFenceToken(body.fence_token);
  if (body.request_id !== undefined) command.requestId = body.request_id;
  return command;
}

export async function downgrade(
  body: DowngradeBody,
  context: OperationContext,
): Promise<Outcome<DowngradeAnswer>> {
  const releasing = await sessionOfHold('lock', body, context);
  if (releasing instanceof RequestError) return releasing;
  const { sessionId } = releasing;
  const { name, fence_token } = body;
  const result = await context.service.engine.submit(
    {
      type: 'downgrade',
      sessionId,
      name: asResourceName(name),
      fenceToken: asFenceToken(fence_token),
    },
    callOptions(context),
  );
  if (!result.ok) return refusedRelease(result, releasing);
  return { downgraded: true, resource: name, fence_token, mode: 'shared' };
}

/**
 * The session that holds: the one that is given, or, by client id, the hold's own. Not a promise where
 * nothing has to be asked: this is the hot path.
 */
export function sessionOfHold(
  kind: HeldKind,
  body: Who & { readonly name: string; readonly fence_token?: number },
  context: OperationContext,
): Outcome<Releasing> | Promise<Outcome<Releasing>> {
  const wrong = whoIsWrong(body);
  if (wrong !== undefined) return wrong;
  if (body.session_id !== undefined) return { sessionId: asSessionId(body.session_id) };
  if (body.fence_token === undefined)
    return invalid('fence_token', '"fence_token" is missing: it is required with "client_id".');
  return releasingByClient(kind, body.name, body.client_id ?? '', body.fence_token, context);
}

async function releasingByClient(
  kind: HeldKind,
  name: string,
  clientId: string,
  fenceToken: number,
  context: OperationContext,
): Promise<Outcome<Releasing>> {
  const found = await findHold(kind, name, fenceToken, { clientId }, context);
  const outcome = holderIn(found, kind, name, clientId, fenceToken);
  if (!(outcome instanceof RequestError)) return { sessionId: outcome };
  // It may be a repetition: the session that gave the hold back knows the answer to that request.
  return found.gaveBack === undefined ? outcome : { sessionId: found.gaveBack, otherwise: outcome };
}

/** The session that gives something back. */
export interface Releasing {
  readonly sessionId: SessionId;
  /** It has ended: what to tell when this request is not the one that ended it. */
  readonly otherwise?: RequestError;
}

/** What a refused release is told. */
export function refusedRelease(refusal: Refusal, { otherwise }: Releasing): RequestError {
  return refusal.code === 'session_expired' && otherwise !== undefined
    ? otherwise
    : requestErrorOf(refusal);
}

/** The session of the hold with this name, client and token. */
async function holderByClient(
  kind: HeldKind,
  name: string,
  clientId: string,
  fenceToken: number,
  context: OperationContext,
): Promise<Outcome<SessionId>> {
  const found = await findHold(kind, name, fenceToken, { clientId }, context);
  return holderIn(found, kind, name, clientId, fenceToken);
}

function holderIn(
  found: FoundHolder,
  kind: HeldKind,
  name: string,
  clientId: string,
  fenceToken: number,
): Outcome<SessionId> {
  const { hold, other } = found;
  if (hold !== undefined) return hold.sessionId;
  if (other !== undefined && kind !== 'semaphore')
    return staleToken(name, fenceToken, other.fenceToken, found);
  if (kind === 'lock' && found.holderCount === 0) {
    const details = { resource: name, ...endOf(found) };
    return new RequestError(
      'lock_not_found',
      `Nobody holds "${name}". Acquire it again before you use what it protects.`,
      details,
    );
  }
  return new RequestError(
    'not_holder',
    `Client "${clientId}" does not hold ${kind} "${name}" with fence token ${String(fenceToken)}. Only its holder may do this. Acquire it again, or use the client_id and fence token of its holder.`,
    {
      resource: name,
      holders: found.shown.map((shown) => ({
        client_id: shown.clientId,
        fence_token: shown.fenceToken,
        ...(shown.mode === undefined ? {} : { mode: shown.mode }),
      })),
      holder_count: found.holderCount,
      ...endOf(found),
    },
  );
}

/** How others ended the hold of the token that was asked for. */
function endOf({ ended }: FoundHolder): { readonly end_reason?: string } {
  return ended === undefined ? {} : { end_reason: ended.reason };
}

function staleToken(
  name: string,
  given: number,
  current: number,
  found: FoundHolder,
): RequestError {
  return new RequestError(
    'stale_fence_token',
    `Fence token ${String(given)} is not that of the current hold of "${name}", which is ${String(current)}. Stop using what the old hold protected; use the token that the latest acquire returned.`,
    { resource: name, fence_token: given, current_fence_token: current, ...endOf(found) },
  );
}

/** Looks first, so that a wrong token extends nothing; then extends the session of the hold. */
function renewOf(
  kind: HeldKind,
): (body: RenewBody, context: OperationContext) => Promise<Outcome<RenewAnswer>> {
  return async (body, context) => {
    const { name, fence_token, session_id } = body;
    const wrong = whoIsWrong(body);
    if (wrong !== undefined) return wrong;
    const sessionId =
      session_id === undefined
        ? await holderByClient(kind, name, body.client_id ?? '', fence_token, context)
        : await holderBySession(kind, name, session_id, fence_token, context);
    if (sessionId instanceof RequestError) return sessionId;
    const result = await context.service.engine.keepAlive(sessionId, callOptions(context));
    if (!result.ok) return requestErrorOf(result);
    const ttlSeconds = result.timeoutMs / 1000;
    return { renewed: true, resource: name, fence_token, ttl_seconds: ttlSeconds };
  };
}

export const renew: ReturnType<typeof renewOf> = renewOf('lock');
export const renewPermits: ReturnType<typeof renewOf> = renewOf('semaphore');
export const renewLeadership: ReturnType<typeof renewOf> = renewOf('election');

async function holderBySession(
  kind: HeldKind,
  name: string,
  sessionId: string,
  fenceToken: number,
  context: OperationContext,
): Promise<Outcome<SessionId>> {
  const gone = await context.service.engine.query(
    { type: 'session', sessionId: asSessionId(sessionId) },
    'linearizable',
    callOptions(context),
  );
  if (gone.type === 'session_missing') return requestErrorOf(gone.refusal);
  const holder = { sessionId: asSessionId(sessionId) };
  const found = await findHold(kind, name, fenceToken, holder, context);
  const { hold, other } = found;
  if (hold !== undefined) return hold.sessionId;
  if (other !== undefined && kind !== 'semaphore')
    return staleToken(name, fenceToken, other.fenceToken, found);
  return new RequestError(
    'not_holder',
    `This session does not hold ${kind} "${name}" with fence token ${String(fenceToken)}. Stop using what it protected, and acquire it again.`,
    {
      resource: name,
      fence_token: fenceToken,
      ...endOf(found),
    },
  );
}

export async function check(body: CheckBody, context: OperationContext): Promise<CheckAnswer> {
  const found = await findHold('lock', body.name, body.fence_token, undefined, context);
  return {
    valid: found.hold !== undefined,
    resource: body.name,
    fence_token: body.fence_token,
    current_fence_token: found.currentToken ?? null,
    end_reason: found.ended?.reason ?? null,
  };
}
