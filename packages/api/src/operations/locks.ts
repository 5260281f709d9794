/** Locks: acquire, look, list, force. Release, renew and check, which need a fence token, are in holds.ts. */
import type {
  AcquireAnswer,
  AcquireBody,
  AdminLockAnswer,
  Consistency,
  ForceReleaseAnswer,
  ForceReleaseBody,
  ListLocksAnswer,
  ListLocksBody,
  LockRef,
  LockStatusAnswer,
} from '@holdfast/protocol';
import type { LockView } from '@holdfast/state';
import { Refused, refusedBy } from '../refused.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { asResourceName, asSessionId, newRequestId, ownSessionId } from './identities.ts';
import { timeoutTooLong } from './sessions.ts';
import { unexpected } from './unexpected.ts';
import type { AcquireCommand } from './waiting.ts';

const locksOnAPage = 100;

// ---- acquire ------------------------------------------------------------------------------------

export async function acquire(
  body: AcquireBody,
  context: OperationContext,
): Promise<Outcome<AcquireAnswer>> {
  const command = acquireCommand(body, context);
  if (command instanceof Refused) return command;
  const { service } = context;
  const startedMs = performance.now();
  const result =
    command.waitMs > 0
      ? await service.waiting.run(command, context)
      : await service.engine.submit(command, callOptions(context));
  const seconds = (performance.now() - startedMs) / 1000;
  if (result instanceof Refused || !result.ok) {
    service.onAcquire(result.code, seconds);
    return result instanceof Refused ? result : refusedBy(result);
  }
  if (result.type !== 'granted') return unexpected(result.type);
  service.onAcquire('granted', seconds);
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

function acquireCommand(body: AcquireBody, context: OperationContext): Outcome<AcquireCommand> {
  const { limits, now } = context.service;
  const waitSeconds = body.wait_seconds ?? 0;
  const tooLong = waitTooLong(waitSeconds, context);
  if (tooLong !== undefined) return tooLong;
  const name = asResourceName(body.name);
  const common = {
    type: 'acquire',
    requestId: body.request_id ?? newRequestId(),
    name,
    mode: body.mode ?? 'exclusive',
    waitMs: Math.ceil(waitSeconds * 1000),
    acquiredAtMs: now(),
  } as const;
  const wrong = whoIsWrong(body);
  if (wrong !== undefined) return wrong;
  if (body.session_id !== undefined) {
    if (body.ttl_seconds !== undefined) {
      return invalid(
        'ttl_seconds',
        '"ttl_seconds" goes with "client_id"; a session has its timeout.',
      );
    }
    return { ...common, sessionId: asSessionId(body.session_id) };
  }
  const clientId = body.client_id ?? '';
  const ttlSeconds = body.ttl_seconds ?? limits.defaultSessionTimeoutSeconds;
  return (
    timeoutTooLong('ttl_seconds', ttlSeconds, context) ?? {
      ...common,
      sessionId: ownSessionId(context.identity, clientId, name, body.request_id),
      ownSession: { clientId, timeoutMs: Math.round(ttlSeconds * 1000), lockDelayMs: 0 },
    }
  );
}

export function waitTooLong(
  waitSeconds: number,
  { service }: OperationContext,
): Refused | undefined {
  const limit = service.limits.maxWaitSeconds;
  if (waitSeconds <= limit) return undefined;
  return new Refused(
    'invalid_request',
    `"wait_seconds" must be at most ${String(limit)} on this cluster, not ${String(waitSeconds)}.`,
    { field: 'wait_seconds', limit },
  );
}

function invalid(field: string, message: string): Refused {
  return new Refused('invalid_request', message, { field });
}

/** Exactly one of `session_id` and `client_id` tells who asks. */
export function whoIsWrong(who: {
  readonly session_id?: string;
  readonly client_id?: string;
}): Refused | undefined {
  if (who.session_id !== undefined && who.client_id !== undefined) {
    return invalid('client_id', 'Give "session_id" or "client_id", not both.');
  }
  if (who.session_id === undefined && who.client_id === undefined) {
    return invalid(
      'session_id',
      'Who asks? Give "session_id" (see POST /sessions), or "client_id" for a hold with a ttl of its own.',
    );
  }
  return undefined;
}

// ---- look ---------------------------------------------------------------------------------------

export async function lockStatus(
  body: LockRef,
  context: OperationContext,
): Promise<LockStatusAnswer> {
  const consistency = body.consistency ?? 'linearizable';
  return statusOf(await findLock(body.name, consistency, context), consistency, context);
}

/** What the lock is now. A name that nobody holds or waits for is a lock too: an open one. */
export async function findLock(
  name: string,
  consistency: Consistency,
  context: OperationContext,
): Promise<LockView> {
  const result = await context.service.engine.query(
    { type: 'lock', name },
    consistency,
    callOptions(context),
  );
  return result.type === 'lock' ? result.lock : unexpected(result.type);
}

function statusOf(
  lock: LockView,
  consistency: Consistency,
  { service }: OperationContext,
): LockStatusAnswer {
  const [first] = lock.holders;
  return {
    resource: lock.name,
    locked: first !== undefined,
    mode: first?.mode ?? null,
    holders: lock.holders.map((holder) => ({
      session_id: holder.sessionId,
      client_id: holder.clientId,
      mode: holder.mode,
      fence_token: holder.fenceToken,
      hold_count: holder.holdCount,
      acquired_at: holder.acquiredAtMs / 1000,
    })),
    waiters: lock.waiters.map((waiter) => ({
      session_id: waiter.sessionId,
      client_id: waiter.clientId,
      mode: waiter.mode,
      position: waiter.position,
    })),
    waiter_count: lock.waiterCount,
    delayed_until: lock.delayedForMs > 0 ? (service.now() + lock.delayedForMs) / 1000 : null,
    consistency,
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

export async function listLocks(
  body: ListLocksBody,
  context: OperationContext,
): Promise<ListLocksAnswer> {
  const consistency = body.consistency ?? 'linearizable';
  const result = await context.service.engine.query(
    {
      type: 'locks',
      prefix: body.prefix ?? '',
      limit: body.limit ?? locksOnAPage,
      ...(body.after === undefined ? {} : { after: body.after }),
    },
    consistency,
    callOptions(context),
  );
  if (result.type !== 'locks') return unexpected(result.type);
  const locks = result.locks.map((lock) => statusOf(lock, consistency, context));
  return {
    locks,
    total_locks: locks.length,
    next_after: result.more ? (locks.at(-1)?.resource ?? null) : null,
  };
}

// ---- force --------------------------------------------------------------------------------------

export async function forceRelease(
  body: ForceReleaseBody,
  context: OperationContext,
): Promise<Outcome<ForceReleaseAnswer>> {
  const result = await context.service.engine.submit(
    { type: 'force_release', name: asResourceName(body.name), reason: body.reason ?? '' },
    callOptions(context),
  );
  // The wish is that nobody holds it: a repetition finds that so.
  if (!result.ok && result.code === 'lock_not_found') {
    return { released: false, resource: body.name, count: 0 };
  }
  if (!result.ok) return refusedBy(result);
  if (result.type !== 'forced') return unexpected(result.type);
  return {
    released: result.releasedCount > 0,
    resource: body.name,
    count: result.releasedCount,
  };
}
