/** Bodies and answers of the operations of semaphores. */
import { z } from 'zod';
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
import { agreeing } from './agreeing.ts';
import {
  acquireTerms,
  consistency,
  count,
  endsInSeconds,
  fenceToken,
  json,
  name,
  permits,
  requestNumber,
  resource,
  show,
  shownToken,
  toldFenceToken,
  waitSeconds,
  wallClockSeconds,
  who,
} from './fields.ts';

const optional = z.exactOptional;
const limit = permits.describe('How many permits there are.');

export const acquirePermitsBody: z.ZodType<AcquirePermitsBody> = agreeing<AcquirePermitsBody>()(
  z.strictObject({
    name,
    ...who,
    ...acquireTerms,
    permits: optional(permits.describe('How many permits; 1 when absent.')),
    limit: optional(
      limit.describe(
        'Makes the semaphore where there is none; where there is one it has to be its limit.',
      ),
    ),
    wait_seconds: optional(waitSeconds),
    request_id: optional(requestNumber),
  }),
);
export const acquirePermitsAnswer: z.ZodType<AcquirePermitsAnswer> =
  agreeing<AcquirePermitsAnswer>()(
    z.strictObject({
      acquired: z.literal(true),
      resource,
      permits: count,
      fence_token: toldFenceToken,
      session_id: z.string(),
      revision: count.describe('Log index of the grant.'),
      ttl_seconds: optional(z.number()),
    }),
  );
export const releasePermitsBody: z.ZodType<ReleasePermitsBody> = agreeing<ReleasePermitsBody>()(
  z.strictObject({
    name,
    ...who,
    fence_token: fenceToken,
    request_id: optional(requestNumber),
  }),
);
export const releasePermitsAnswer: z.ZodType<ReleasePermitsAnswer> =
  agreeing<ReleasePermitsAnswer>()(
    z.strictObject({ released: z.literal(true), resource, fence_token: toldFenceToken }),
  );
export const semaphoreRef: z.ZodType<SemaphoreRef> = agreeing<SemaphoreRef>()(
  z.strictObject({
    name,
    fence_token: optional(shownToken),
    show: optional(show),
    consistency: optional(consistency),
  }),
);
export const semaphoreLimitBody: z.ZodType<SemaphoreLimitBody> = agreeing<SemaphoreLimitBody>()(
  z.strictObject({ name, limit }),
);
export const deleteSemaphoreBody: z.ZodType<DeleteSemaphoreBody> = agreeing<DeleteSemaphoreBody>()(
  z.strictObject({ name }),
);
export const deleteSemaphoreAnswer: z.ZodType<DeleteSemaphoreAnswer> =
  agreeing<DeleteSemaphoreAnswer>()(z.strictObject({ resource, deleted: z.literal(true) }));
export const semaphoreAnswer: z.ZodType<SemaphoreAnswer> = agreeing<SemaphoreAnswer>()(
  z.strictObject({
    resource,
    limit: count,
    free: z.int().describe('Below 0 while holders have more than a limit that was lowered.'),
    stays: z.boolean().describe('It was created by name, and stays when nobody uses it.'),
    holder_count: count.describe('All that hold permits: the first of them are shown.'),
    waiter_count: count.describe('All that wait: the next of them are shown.'),
    holders: z.array(
      z.strictObject({
        session_id: z.string(),
        client_id: z.string(),
        permits: count,
        fence_token: toldFenceToken,
        acquired_at: wallClockSeconds,
        metadata: json,
        ends_in_seconds: endsInSeconds,
      }),
    ),
    waiters: z.array(
      z.strictObject({
        session_id: z.string(),
        client_id: z.string(),
        permits: count,
        position: count,
        priority: count,
      }),
    ),
  }),
);
