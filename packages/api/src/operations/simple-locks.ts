/** Locks by owner alone: for scripts that want no session and no token. The owner is the client id. */
import type {
  LockMode,
  SimpleAcquireAnswer,
  SimpleAcquireBody,
  SimpleReleaseAnswer,
  SimpleReleaseBody,
} from '@holdfast/protocol';
import { RequestError, requestErrorOf } from '../request-error.ts';
import { implicitSessionOf, submitAcquire, toWaitMs, waitTooLong } from './asking.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { asResourceName, newRequestId, implicitSessionId } from './identities.ts';
import { findHold } from './holders.ts';
import { timeoutTooLong } from './sessions.ts';

/** An owner that has it already keeps it, for another ttl. */
export async function simpleAcquire(
  body: SimpleAcquireBody,
  context: OperationContext,
): Promise<Outcome<SimpleAcquireAnswer>> {
  const { name, owner, mode = 'exclusive', wait_seconds = 0 } = body;
  const { limits, now } = context.service;
  const ttlSeconds = body.ttl_seconds ?? limits.defaultSessionTimeoutSeconds;
  const refused =
    waitTooLong(wait_seconds, context) ?? timeoutTooLong('ttl_seconds', ttlSeconds, context);
  if (refused !== undefined) return refused;
  const kept = await renewed(name, owner, mode, context);
  if (kept !== undefined) return kept;
  const result = await submitAcquire(
    {
      type: 'acquire',
      sessionId: implicitSessionId(context.caller.identity, owner, name, undefined),
      requestId: newRequestId(),
      name: asResourceName(name),
      mode,
      waitMs: toWaitMs(wait_seconds),
      acquiredAtMs: now(),
      ownSession: implicitSessionOf(owner, ttlSeconds, context),
    },
    context,
  );
  if (result instanceof RequestError) return result;
  const fenceToken = result.fenceToken;
  return { acquired: true, name, owner, mode, fence_token: fenceToken, ttl_seconds: ttlSeconds };
}

/** What the owner has already, extended; undefined when it has nothing that covers it. */
async function renewed(
  name: string,
  owner: string,
  mode: LockMode,
  context: OperationContext,
): Promise<SimpleAcquireAnswer | undefined> {
  const { other: own } = await findHold('lock', name, undefined, { clientId: owner }, context);
  // All holds of a lock have one mode.
  if (own === undefined || (own.mode !== mode && mode !== 'shared')) return undefined;
  const result = await context.service.engine.keepAlive(own.sessionId, callOptions(context));
  if (!result.ok) return undefined;
  return {
    acquired: true,
    name,
    owner,
    mode: own.mode ?? mode,
    fence_token: own.fenceToken,
    ttl_seconds: result.timeoutMs / 1000,
  };
}

export async function simpleRelease(
  { name, owner }: SimpleReleaseBody,
  context: OperationContext,
): Promise<Outcome<SimpleReleaseAnswer>> {
  const found = await findHold('lock', name, undefined, { clientId: owner }, context);
  const { other: own, shown, holderCount } = found;
  if (own === undefined) {
    return holderCount === 0
      ? new RequestError(
          'lock_not_found',
          `Nobody holds "${name}". Acquire it again before you use what it protects.`,
          { resource: name },
        )
      : new RequestError(
          'not_holder',
          `"${owner}" does not hold lock "${name}"; another owner does. Only its holder may release it: use the owner that acquired it.`,
          {
            resource: name,
            holders: shown.map(({ clientId }) => ({ client_id: clientId })),
          },
        );
  }
  const result = await context.service.engine.submit(
    {
      type: 'release',
      sessionId: own.sessionId,
      name: asResourceName(name),
      fenceToken: own.fenceToken,
      requestId: newRequestId(),
    },
    callOptions(context),
  );
  return result.ok ? { released: true, name, owner } : requestErrorOf(result);
}
