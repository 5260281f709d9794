/** Locks: acquire, look, list, force. Release, renew and check, which need a fence token, are in holds.ts. */
import type {
  AcquireAnswer,
  AcquireBody,
  AdminLockAnswer,
  Consistency,
  ForceReleaseAnswer,
  ForceReleaseBody,
  LockRef,
  LockStatusAnswer,
} from '@holdfast/protocol';
import { forceInPartsLevel } from '@holdfast/state';
import type { Command, FenceToken, LockView } from '@holdfast/state';
import { RequestError, requestErrorOf } from '../request-error.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { askerOf, submitAcquire, termsOf, toWaitMs, waitTooLong } from './asking.ts';
import { asFenceToken, asResourceName, requestIdOf } from './identities.ts';

/** Of a forced release, in one entry of the log: some ms of work. */
const forcedAtOnce = 1000;

// ---- acquire ------------------------------------------------------------------------------------

export async function acquire(
  body: AcquireBody,
  context: OperationContext,
): Promise<Outcome<AcquireAnswer>> {
  const command = acquireCommand(body, context);
  if (command instanceof RequestError) return command;
  const result = await submitAcquire(command, context);
  if (result instanceof RequestError) return result;
  const answer: AcquireAnswer = {
    acquired: true,
    resource: command.name,
    fence_token: result.fenceToken,
    mode: command.mode,
    hold_count: result.holdCount,
    session_id: command.sessionId,
    revision: result.revision,
  };
  if (command.ownSession === undefined) return answer;
  return { ...answer, ttl_seconds: command.ownSession.timeoutMs / 1000 };
}

type AcquireCommand = Extract<Command, { readonly type: 'acquire' }>;

function acquireCommand(body: AcquireBody, context: OperationContext): Outcome<AcquireCommand> {
  const waitSeconds = body.wait_seconds ?? 0;
  const tooLong = waitTooLong(waitSeconds, context);
  if (tooLong !== undefined) return tooLong;
  const asker = askerOf('lock', body, context);
  if (asker instanceof RequestError) return asker;
  const terms = termsOf(body);
  if (terms instanceof RequestError) return terms;
  // Field by field: this is the hot path (`tellCaller` of the engine).
  const command: { -readonly [Name in keyof AcquireCommand]: AcquireCommand[Name] } = {
    type: 'acquire',
    requestId: requestIdOf(body).requestId,
    name: asResourceName(body.name),
    mode: body.mode ?? 'exclusive',
    waitMs: toWaitMs(waitSeconds),
    acquiredAtMs: context.service.now(),
    sessionId: asker.sessionId,
  };
  if (asker.ownSession !== undefined) command.ownSession = asker.ownSession;
  if (terms.terms !== undefined) command.terms = terms.terms;
  return command;
}

// ---- look ---------------------------------------------------------------------------------------

export async function lockStatus(
  body: LockRef,
  context: OperationContext,
): Promise<LockStatusAnswer> {
  const consistency = body.consistency ?? 'linearizable';
  const { name } = body;
  // A name that nobody holds or waits for is a lock too: an open one.
  const result = await context.service.engine.query(
    { type: 'lock', name, ...shownOf(body) },
    consistency,
    callOptions(context),
  );
  return statusOf(result.view, consistency, result.revision, context);
}

/** What is asked to be shown, where that is told. */
export const shownOf = ({
  show,
  fence_token,
}: {
  readonly show?: number;
  readonly fence_token?: number;
}): { readonly limit?: number; readonly fenceToken?: FenceToken } => ({
  ...(show === undefined ? {} : { limit: show }),
  ...(fence_token === undefined ? {} : { fenceToken: asFenceToken(fence_token) }),
});

export const endsInSeconds = ({
  endsInMs,
}: {
  readonly endsInMs: number | undefined;
}): number | null => (endsInMs === undefined ? null : endsInMs / 1000);

export function statusOf(
  lock: LockView,
  consistency: Consistency,
  revision: number,
  { service }: OperationContext,
): LockStatusAnswer {
  const [first] = lock.holders;
  return {
    resource: lock.name,
    locked: first !== undefined,
    mode: first?.mode ?? null,
    holder_count: lock.holderCount,
    holders: lock.holders.map((holder) => ({
      session_id: holder.sessionId,
      client_id: holder.clientId,
      mode: holder.mode,
      fence_token: holder.fenceToken,
      hold_count: holder.holdCount,
      acquired_at: holder.acquiredAtMs / 1000,
      metadata: holder.metadata ?? null,
      ends_in_seconds: endsInSeconds(holder),
    })),
    waiters: lock.waiters.map((waiter) => ({
      session_id: waiter.sessionId,
      client_id: waiter.clientId,
      mode: waiter.mode,
      position: waiter.position,
      priority: waiter.priority,
    })),
    waiter_count: lock.waiterCount,
    delayed_until: lock.delayedForMs > 0 ? (service.now() + lock.delayedForMs) / 1000 : null,
    consistency,
    revision,
  };
}

export async function adminLock(
  body: LockRef,
  context: OperationContext,
): Promise<AdminLockAnswer> {
  const status = await lockStatus(body, context);
  const [first] = status.holders;
  return {
    ...status,
    acquired_at: first?.acquired_at ?? null,
    fence_token: first?.fence_token ?? null,
    session_id: first?.session_id ?? null,
    client_id: first?.client_id ?? null,
  };
}

// ---- force --------------------------------------------------------------------------------------

/** Ends the holds that are there when the first command is applied; who is granted meanwhile keeps it (FORCE-1 of the state). */
export async function forceRelease(
  { name, kind, reason = '' }: ForceReleaseBody,
  context: OperationContext,
): Promise<Outcome<ForceReleaseAnswer>> {
  const { engine } = context.service;
  const about = {
    type: 'force_release',
    name: asResourceName(name),
    reason,
    ...(kind === undefined ? {} : { kind }),
  } as const;
  const inParts = engine.status().featureLevel >= forceInPartsLevel;
  let count = 0;
  let through = Number.MAX_SAFE_INTEGER;
  for (let more = true; more;) {
    const command = inParts ? { ...about, through, count: forcedAtOnce } : about;
    const result = await engine.submit(command, callOptions(context));
    // The wish is that nobody holds it: a repetition finds that so.
    if (!result.ok && result.code === 'lock_not_found') break;
    if (!result.ok) return requestErrorOf(result);
    count += result.releasedCount;
    more = result.rest?.more === true;
    through = result.rest?.through ?? through;
  }
  return { released: count > 0, resource: name, count };
}
