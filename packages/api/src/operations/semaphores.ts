/** Semaphores: permits that are taken and given back, and the semaphore itself. */
import type {
  AcquirePermitsAnswer,
  AcquirePermitsBody,
  DeleteSemaphoreAnswer,
  DeleteSemaphoreBody,
  ReleasePermitsAnswer,
  ReleasePermitsBody,
  SemaphoreAnswer,
  SemaphoreLimitBody,
  SemaphoreRef,
} from '@holdfast/protocol';
import type { SemaphoreCommand, SemaphoreView } from '@holdfast/state';
import { RequestError, requestErrorOf } from '../request-error.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { askerOf, submitAcquire, termsOf, toWaitMs, waitTooLong } from './asking.ts';
import { refusedRelease, sessionOfHold } from './holds.ts';
import { asFenceToken, asResourceName, requestIdOf } from './identities.ts';
import { endsInSeconds, shownOf } from './locks.ts';

export async function acquirePermits(
  body: AcquirePermitsBody,
  context: OperationContext,
): Promise<Outcome<AcquirePermitsAnswer>> {
  const waitSeconds = body.wait_seconds ?? 0;
  const tooLong = waitTooLong(waitSeconds, context);
  if (tooLong !== undefined) return tooLong;
  const asker = askerOf('semaphore', body, context);
  if (asker instanceof RequestError) return asker;
  const terms = termsOf(body);
  if (terms instanceof RequestError) return terms;
  const permits = body.permits ?? 1;
  const result = await submitAcquire(
    {
      type: 'acquire_permits',
      ...requestIdOf(body),
      name: asResourceName(body.name),
      permits,
      waitMs: toWaitMs(waitSeconds),
      acquiredAtMs: context.service.now(),
      ...(body.limit === undefined ? {} : { limit: body.limit }),
      ...asker,
      ...terms,
    },
    context,
  );
  if (result instanceof RequestError) return result;
  const { ownSession, sessionId } = asker;
  return {
    acquired: true,
    resource: body.name,
    permits,
    fence_token: result.fenceToken,
    session_id: sessionId,
    revision: result.revision,
    ...(ownSession === undefined ? {} : { ttl_seconds: ownSession.timeoutMs / 1000 }),
  };
}

export async function releasePermits(
  body: ReleasePermitsBody,
  context: OperationContext,
): Promise<Outcome<ReleasePermitsAnswer>> {
  const { name, fence_token, request_id } = body;
  const releasing = await sessionOfHold('semaphore', body, context);
  if (releasing instanceof RequestError) return releasing;
  const { sessionId } = releasing;
  const result = await context.service.engine.submit(
    {
      type: 'release_permits',
      sessionId,
      name: asResourceName(name),
      fenceToken: asFenceToken(fence_token),
      ...(request_id === undefined ? {} : { requestId: request_id }),
    },
    callOptions(context),
  );
  if (!result.ok) return refusedRelease(result, releasing);
  return { released: true, resource: name, fence_token };
}

export async function semaphoreStatus(
  body: SemaphoreRef,
  context: OperationContext,
): Promise<Outcome<SemaphoreAnswer>> {
  const { name, consistency = 'linearizable' } = body;
  const query = { type: 'semaphore', name, ...shownOf(body) } as const;
  const result = await context.service.engine.query(query, consistency, callOptions(context));
  const told = result.view === undefined ? absent(name) : answerOf(result.view);
  return { ...told, consistency, revision: result.revision };
}

/** Of one that nobody has made yet, or that went with its last user (ABSENT-1). */
const absent = (resource: string): SemaphoreAnswer => ({
  resource,
  limit: null,
  free: null,
  persistent: false,
  holders: [],
  waiters: [],
  holder_count: 0,
  waiter_count: 0,
});

export async function createSemaphore(
  body: SemaphoreLimitBody,
  context: OperationContext,
): Promise<Outcome<SemaphoreAnswer>> {
  return change({ type: 'create_semaphore', ...limitOf(body) }, context);
}

export async function resizeSemaphore(
  body: SemaphoreLimitBody,
  context: OperationContext,
): Promise<Outcome<SemaphoreAnswer>> {
  return change({ type: 'resize_semaphore', ...limitOf(body) }, context);
}

export async function deleteSemaphore(
  { name }: DeleteSemaphoreBody,
  context: OperationContext,
): Promise<Outcome<DeleteSemaphoreAnswer>> {
  const command = { type: 'delete_semaphore', name: asResourceName(name) } as const;
  const answer = await change(command, context);
  return answer instanceof RequestError ? answer : { resource: name, deleted: true };
}

const limitOf = ({ name, limit }: SemaphoreLimitBody) =>
  ({ name: asResourceName(name), limit }) as const;

async function change(
  command: Extract<
    SemaphoreCommand,
    { readonly type: 'create_semaphore' | 'resize_semaphore' | 'delete_semaphore' }
  >,
  context: OperationContext,
): Promise<Outcome<SemaphoreAnswer>> {
  const result = await context.service.engine.submit(command, callOptions(context));
  if (!result.ok) return requestErrorOf(result);
  return answerOf(result.semaphore);
}

export function answerOf(semaphore: SemaphoreView): SemaphoreAnswer {
  const { name, limit, free, persistent, holderCount, waiterCount, holders, waiters } = semaphore;
  return {
    resource: name,
    limit,
    free,
    persistent,
    holders: holders.map((holder) => ({
      session_id: holder.sessionId,
      client_id: holder.clientId,
      permits: holder.permits,
      fence_token: holder.fenceToken,
      acquired_at: holder.acquiredAtMs / 1000,
      metadata: holder.metadata ?? null,
      ends_in_seconds: endsInSeconds(holder),
    })),
    waiters: waiters.map(({ sessionId, clientId, permits, position, priority }) => ({
      session_id: sessionId,
      client_id: clientId,
      permits,
      position,
      priority,
    })),
    holder_count: holderCount,
    waiter_count: waiterCount,
  };
}
