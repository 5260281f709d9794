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
import type { Command, SemaphoreView } from '@holdfast/state';
import { Refused, refusedBy } from '../refused.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { asFenceToken, asResourceName, asSessionId, newRequestId } from './identities.ts';
import { waitTooLong } from './locks.ts';
import { unexpected } from './unexpected.ts';

export async function acquirePermits(
  body: AcquirePermitsBody,
  context: OperationContext,
): Promise<Outcome<AcquirePermitsAnswer>> {
  const { service } = context;
  const waitSeconds = body.wait_seconds ?? 0;
  const tooLong = waitTooLong(waitSeconds, context);
  if (tooLong !== undefined) return tooLong;
  const permits = body.permits ?? 1;
  const command: Extract<Command, { type: 'acquire_permits' }> = {
    type: 'acquire_permits',
    sessionId: asSessionId(body.session_id),
    requestId: body.request_id ?? newRequestId(),
    name: asResourceName(body.name),
    permits,
    waitMs: Math.ceil(waitSeconds * 1000),
    acquiredAtMs: service.now(),
    ...(body.limit === undefined ? {} : { limit: body.limit }),
  };
  const result =
    command.waitMs > 0
      ? await service.waiting.run(command, context)
      : await service.engine.submit(command, callOptions(context));
  if (result instanceof Refused) return result;
  if (!result.ok) return refusedBy(result);
  if (result.type !== 'granted') return unexpected(result.type);
  return {
    acquired: true,
    resource: body.name,
    permits,
    fence_token: result.fenceToken,
    session_id: body.session_id,
    revision: result.revision,
  };
}

export async function releasePermits(
  body: ReleasePermitsBody,
  context: OperationContext,
): Promise<Outcome<ReleasePermitsAnswer>> {
  const { name, session_id, fence_token, request_id } = body;
  const result = await context.service.engine.submit(
    {
      type: 'release_permits',
      sessionId: asSessionId(session_id),
      name: asResourceName(name),
      fenceToken: asFenceToken(fence_token),
      ...(request_id === undefined ? {} : { requestId: request_id }),
    },
    callOptions(context),
  );
  if (!result.ok) return refusedBy(result);
  if (result.type !== 'released') return unexpected(result.type);
  return { released: true, resource: name, fence_token };
}

export async function semaphoreStatus(
  { name, consistency = 'linearizable' }: SemaphoreRef,
  context: OperationContext,
): Promise<Outcome<SemaphoreAnswer>> {
  const query = { type: 'semaphore', name } as const;
  const result = await context.service.engine.query(query, consistency, callOptions(context));
  if (result.type !== 'semaphore') return unexpected(result.type);
  if (result.semaphore !== undefined) return answerOf(result.semaphore);
  return new Refused('semaphore_not_found', `There is no semaphore "${name}".`, {
    resource: name,
  });
}

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
  return answer instanceof Refused ? answer : { resource: name, deleted: true };
}

const limitOf = ({ name, limit }: SemaphoreLimitBody) =>
  ({ name: asResourceName(name), limit }) as const;

async function change(
  command: Command,
  context: OperationContext,
): Promise<Outcome<SemaphoreAnswer>> {
  const result = await context.service.engine.submit(command, callOptions(context));
  if (!result.ok) return refusedBy(result);
  return result.type === 'semaphore' ? answerOf(result.semaphore) : unexpected(result.type);
}

function answerOf({ name, limit, free, stays, holders, waiters }: SemaphoreView): SemaphoreAnswer {
  return {
    resource: name,
    limit,
    free,
    stays,
    holders: holders.map(({ sessionId, clientId, permits, fenceToken, acquiredAtMs }) => ({
      session_id: sessionId,
      client_id: clientId,
      permits,
      fence_token: fenceToken,
      acquired_at: acquiredAtMs / 1000,
    })),
    waiters: waiters.map(({ sessionId, clientId, permits, position }) => ({
      session_id: sessionId,
      client_id: clientId,
      permits,
      position,
    })),
  };
}
