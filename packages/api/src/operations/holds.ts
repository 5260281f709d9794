/**
 * What a holder does with its fence token: release, renew; and what a third party does: check.
 *
 * A hold that was acquired by `client_id` has a session of its own, which its holder need not know:
 * it is found by name and token, both of which must be right. No other hold can have that token.
 */
import type {
  CheckAnswer,
  CheckBody,
  ReleaseAnswer,
  ReleaseBody,
  RenewAnswer,
  RenewBody,
} from '@holdfast/protocol';
import type { SessionId } from '@holdfast/state';
import { Refused, refusedBy } from '../refused.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { asFenceToken, asResourceName, asSessionId } from './identities.ts';
import { findLock, whoIsWrong } from './locks.ts';
import { findSession } from './sessions.ts';
import { unexpected } from './unexpected.ts';

const maxHoldersShown = 10;

export async function release(
  body: ReleaseBody,
  context: OperationContext,
): Promise<Outcome<ReleaseAnswer>> {
  const found = releasingSession(body, context);
  const sessionId = found instanceof Promise ? await found : found;
  if (sessionId instanceof Refused) return sessionId;
  const result = await context.service.engine.submit(
    {
      type: 'release',
      sessionId,
      name: asResourceName(body.name),
      ...(body.fence_token === undefined ? {} : { fenceToken: asFenceToken(body.fence_token) }),
      ...(body.request_id === undefined ? {} : { requestId: body.request_id }),
    },
    callOptions(context),
  );
  if (!result.ok) return refusedBy(result);
  if (result.type !== 'released') return unexpected(result.type);
  return {
    released: true,
    resource: body.name,
    fence_token: result.fenceToken,
    remaining_hold_count: result.remainingHoldCount,
  };
}

function releasingSession(
  body: ReleaseBody,
  context: OperationContext,
): Outcome<SessionId> | Promise<Outcome<SessionId>> {
  const wrong = whoIsWrong(body);
  if (wrong !== undefined) return wrong;
  if (body.session_id !== undefined) return asSessionId(body.session_id);
  if (body.fence_token === undefined) {
    return new Refused('invalid_request', '"fence_token" is missing: "client_id" needs it.', {
      field: 'fence_token',
    });
  }
  return holderByClient(body.name, body.client_id ?? '', body.fence_token, context);
}

/** The session of the hold with this name, client and token. */
async function holderByClient(
  name: string,
  clientId: string,
  fenceToken: number,
  context: OperationContext,
): Promise<Outcome<SessionId>> {
  const { holders } = await findLock(name, 'linearizable', context);
  const ofClient = holders.filter((holder) => holder.clientId === clientId);
  const holder = ofClient.find((candidate) => candidate.fenceToken === fenceToken);
  if (holder !== undefined) return holder.sessionId;
  const [other] = ofClient;
  if (other !== undefined) return staleToken(name, fenceToken, other.fenceToken);
  if (holders.length === 0) {
    return new Refused('lock_not_found', `Nobody holds "${name}".`, { resource: name });
  }
  return new Refused(
    'not_holder',
    `Client "${clientId}" does not hold "${name}"; somebody else does. Only its holder can act on it.`,
    {
      resource: name,
      holders: holders.slice(0, maxHoldersShown).map((shown) => ({
        client_id: shown.clientId,
        fence_token: shown.fenceToken,
        mode: shown.mode,
      })),
    },
  );
}

function staleToken(name: string, given: number, current: number): Refused {
  return new Refused(
    'stale_fence_token',
    `Fence token ${String(given)} is not of the current hold of "${name}", which has ${String(current)}.`,
    { resource: name, fence_token: given, current_fence_token: current },
  );
}

/** Looks first, so that a wrong token extends nothing; then extends the session of the hold. */
export async function renew(
  body: RenewBody,
  context: OperationContext,
): Promise<Outcome<RenewAnswer>> {
  const wrong = whoIsWrong(body);
  if (wrong !== undefined) return wrong;
  const sessionId =
    body.session_id === undefined
      ? await holderByClient(body.name, body.client_id ?? '', body.fence_token, context)
      : await holderBySession(body.name, body.session_id, body.fence_token, context);
  if (sessionId instanceof Refused) return sessionId;
  const result = await context.service.engine.keepAlive(sessionId, callOptions(context));
  if (!result.ok) return refusedBy(result);
  return {
    renewed: true,
    resource: body.name,
    fence_token: body.fence_token,
    ttl_seconds: result.timeoutMs / 1000,
  };
}

async function holderBySession(
  name: string,
  sessionId: string,
  fenceToken: number,
  context: OperationContext,
): Promise<Outcome<SessionId>> {
  const found = await findSession({ session_id: sessionId }, context);
  if (found instanceof Refused) return found;
  const hold = found.session.holds.find((candidate) => candidate.name === name);
  if (hold === undefined) {
    return new Refused('not_holder', `This session does not hold "${name}".`, { resource: name });
  }
  if (hold.fenceToken !== fenceToken) return staleToken(name, fenceToken, hold.fenceToken);
  return asSessionId(sessionId);
}

export async function check(body: CheckBody, context: OperationContext): Promise<CheckAnswer> {
  const { holders } = await findLock(body.name, 'linearizable', context);
  const tokens = holders.map((holder): number => holder.fenceToken);
  return {
    valid: tokens.includes(body.fence_token),
    resource: body.name,
    fence_token: body.fence_token,
    current_fence_token: tokens.length === 0 ? null : Math.max(...tokens),
  };
}
