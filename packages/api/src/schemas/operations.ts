/** Bodies and answers of locks, as HTTP and the client stream share them. */
import { z } from 'zod';
import type {
  AcquireAnswer,
  AcquireManyAnswer,
  AcquireManyBody,
  AcquireBody,
  AdminLockAnswer,
  CheckAnswer,
  CheckBody,
  DowngradeAnswer,
  DowngradeBody,
  ForceReleaseAnswer,
  ForceReleaseBody,
  ListLocksAnswer,
  ListLocksBody,
  LockRef,
  LockStatusAnswer,
  ReleaseAnswer,
  ReleaseBody,
  RenewAnswer,
  RenewBody,
} from '@holdfast/protocol';
import { agreeing } from './agreeing.ts';
import {
  acquireTerms,
  consistency,
  count,
  endsInSeconds,
  fenceToken,
  heldKind,
  independent,
  json,
  longestPage,
  maxHoldSeconds,
  maxNameLength,
  metadata,
  mode,
  name,
  permits,
  requestNumber,
  resource,
  sessionId,
  show,
  shownToken,
  toldFenceToken,
  waitSeconds,
  wallClockSeconds,
  who,
} from './fields.ts';

const optional = z.exactOptional;

export const acquireBody: z.ZodType<AcquireBody> = agreeing<AcquireBody>()(
  z.strictObject({
    name,
    ...who,
    ...acquireTerms,
    mode: optional(mode),
    wait_seconds: optional(waitSeconds),
    request_id: optional(requestNumber),
  }),
);
export const acquireAnswer: z.ZodType<AcquireAnswer> = agreeing<AcquireAnswer>()(
  z.strictObject({
    acquired: z.literal(true),
    resource,
    fence_token: toldFenceToken,
    mode: mode.describe('As asked for; a shared acquire may enter an exclusive hold.'),
    hold_count: count,
    session_id: z.string(),
    revision: count.describe('Log index of the grant.'),
    ttl_seconds: optional(z.number()),
  }),
);
export const releaseBody: z.ZodType<ReleaseBody> = agreeing<ReleaseBody>()(
  z.strictObject({
    name,
    ...who,
    fence_token: optional(fenceToken),
    request_id: optional(requestNumber),
  }),
);
export const releaseAnswer: z.ZodType<ReleaseAnswer> = agreeing<ReleaseAnswer>()(
  z.strictObject({
    released: z.literal(true),
    resource,
    fence_token: toldFenceToken,
    remaining_hold_count: count,
  }),
);
export const renewBody: z.ZodType<RenewBody> = agreeing<RenewBody>()(
  z.strictObject({
    name,
    ...who,
    fence_token: fenceToken,
  }),
);
export const renewAnswer: z.ZodType<RenewAnswer> = agreeing<RenewAnswer>()(
  z.strictObject({
    renewed: z.literal(true),
    resource,
    fence_token: toldFenceToken,
    ttl_seconds: z.number(),
  }),
);
export const checkBody: z.ZodType<CheckBody> = agreeing<CheckBody>()(
  z.strictObject({ name, fence_token: fenceToken }),
);
export const checkAnswer: z.ZodType<CheckAnswer> = agreeing<CheckAnswer>()(
  z.strictObject({
    valid: z.boolean(),
    resource,
    fence_token: toldFenceToken,
    current_fence_token: toldFenceToken.nullable(),
    end_reason: z
      .enum(['expired', 'forced', 'max_hold'])
      .nullable()
      .describe('How others ended the hold of this token; null when they did not, or long ago.'),
  }),
);
export const downgradeBody: z.ZodType<DowngradeBody> = agreeing<DowngradeBody>()(
  z.strictObject({ name, ...who, fence_token: fenceToken }),
);
export const downgradeAnswer: z.ZodType<DowngradeAnswer> = agreeing<DowngradeAnswer>()(
  z.strictObject({
    downgraded: z.literal(true),
    resource,
    fence_token: toldFenceToken,
    mode: z.literal('shared'),
  }),
);
/** As many as anybody should hold at once. */
const mostWanted = 64;
export const acquireManyBody: z.ZodType<AcquireManyBody> = agreeing<AcquireManyBody>()(
  z.strictObject({
    session_id: sessionId,
    resources: z
      .array(
        z.strictObject({
          kind: optional(z.enum(['lock', 'semaphore'])),
          name,
          mode: optional(mode),
          permits: optional(permits),
          limit: optional(permits),
        }),
      )
      .min(1)
      .max(mostWanted)
      .describe('All of them or none; each once.'),
    wait_seconds: optional(waitSeconds),
    request_id: optional(requestNumber),
    max_hold_seconds: optional(maxHoldSeconds),
    metadata: optional(metadata),
    independent: optional(independent),
  }),
);
export const acquireManyAnswer: z.ZodType<AcquireManyAnswer> = agreeing<AcquireManyAnswer>()(
  z.strictObject({
    acquired: z.literal(true),
    holds: z
      .array(
        z.strictObject({
          kind: z.enum(['lock', 'semaphore']),
          resource,
          fence_token: toldFenceToken,
          hold_count: count,
          mode: optional(mode),
          permits: optional(count),
        }),
      )
      .describe('In the order in which they were asked for.'),
    session_id: z.string(),
    revision: count.describe('Log index of the grant.'),
  }),
);
export const lockRef: z.ZodType<LockRef> = agreeing<LockRef>()(
  z.strictObject({
    name,
    fence_token: optional(shownToken),
    show: optional(show),
    consistency: optional(consistency),
  }),
);
const lockStatusFields = {
  resource,
  locked: z.boolean(),
  mode: mode.nullable(),
  holder_count: count.describe('All that hold it: the first of them are shown.'),
  holders: z.array(
    z.strictObject({
      session_id: z.string(),
      client_id: z.string(),
      mode,
      fence_token: toldFenceToken,
      hold_count: count,
      acquired_at: wallClockSeconds,
      metadata: json,
      ends_in_seconds: endsInSeconds,
    }),
  ),
  waiters: z.array(
    z.strictObject({
      session_id: z.string(),
      client_id: z.string(),
      mode,
      position: count,
      priority: count,
    }),
  ),
  waiter_count: count.describe('All that wait: the next of them are shown.'),
  delayed_until: wallClockSeconds.nullable(),
  consistency,
};
export const lockStatusAnswer: z.ZodType<LockStatusAnswer> = agreeing<LockStatusAnswer>()(
  z.strictObject(lockStatusFields),
);
/** The first holder at a glance, then all the rest. */
export const adminLockAnswer: z.ZodType<AdminLockAnswer> = agreeing<AdminLockAnswer>()(
  z.strictObject({
    ...lockStatusFields,
    acquired_at: wallClockSeconds.nullable(),
    fence_token: toldFenceToken.nullable(),
    session_id: z.string().nullable(),
    client_id: z.string().nullable(),
  }),
);
export const listLocksBody: z.ZodType<ListLocksBody> = agreeing<ListLocksBody>()(
  z.strictObject({
    prefix: optional(
      z
        .string()
        .max(maxNameLength)
        .meta({ format: 'text', description: 'Only names that begin with it.' }),
    ),
    after: optional(name.describe('`next_after` of the page before.')),
    limit: optional(z.int().min(1).max(longestPage).describe('Locks on a page; 100 by default.')),
    consistency: optional(consistency),
  }),
);
export const listLocksAnswer: z.ZodType<ListLocksAnswer> = agreeing<ListLocksAnswer>()(
  z.strictObject({
    locks: z.array(z.strictObject(lockStatusFields)),
    total_locks: count.describe('Locks on this page.'),
    next_after: z.string().nullable().describe('`after` of the next page; null on the last.'),
  }),
);
export const forceReleaseBody: z.ZodType<ForceReleaseBody> = agreeing<ForceReleaseBody>()(
  z.strictObject({
    name,
    kind: optional(heldKind.describe('`lock` when absent.')),
    reason: optional(
      z.string().max(1000).meta({ format: 'text', description: 'Why, for those who ask later.' }),
    ),
  }),
);
export const forceReleaseAnswer: z.ZodType<ForceReleaseAnswer> = agreeing<ForceReleaseAnswer>()(
  z.strictObject({
    released: z.boolean().describe('False when nobody held it.'),
    resource,
    count: count.describe('Holds that ended.'),
  }),
);
