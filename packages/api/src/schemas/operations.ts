/** Bodies and answers of the operations that HTTP and the client stream share. */
import { z } from 'zod';
import type {
  AcquireAnswer,
  AcquireManyAnswer,
  AcquireManyBody,
  AcquireBody,
  AdminLockAnswer,
  CheckAnswer,
  CheckBody,
  CreateSessionAnswer,
  CreateSessionBody,
  DowngradeAnswer,
  DowngradeBody,
  EndSessionAnswer,
  ForceReleaseAnswer,
  ForceReleaseBody,
  GiveUpAnswer,
  GiveUpBody,
  KeepAliveAnswer,
  ListLocksAnswer,
  ListLocksBody,
  LockRef,
  LockStatusAnswer,
  ReadSessionBody,
  ReleaseAnswer,
  ReleaseBody,
  RenewAnswer,
  RenewBody,
  SessionAnswer,
  SessionLocksAnswer,
  SessionLocksBody,
  SessionRef,
  SessionWaitsAnswer,
  SessionWaitsBody,
} from '@holdfast/protocol';
import { agreeing } from './agreeing.ts';
import {
  acquireTerms,
  clientId,
  consistency,
  count,
  endsInSeconds,
  fenceToken,
  heldKind,
  independent,
  json,
  longestLockDelaySeconds,
  longestPage,
  maxHoldSeconds,
  maxNameLength,
  metadata,
  mode,
  name,
  nextAfter,
  pageAfter,
  permits,
  requestNumber,
  resource,
  sessionId,
  show,
  shownToken,
  timeoutSeconds,
  toldFenceToken,
  waitSeconds,
  wallClockSeconds,
  who,
} from './fields.ts';

const optional = z.exactOptional;

// ---- sessions -----------------------------------------------------------------------------------

export const createSessionBody: z.ZodType<CreateSessionBody> = agreeing<CreateSessionBody>()(
  z.strictObject({
    client_id: optional(clientId),
    timeout: optional(timeoutSeconds),
    lock_delay_seconds: optional(
      z
        .number()
        .min(0)
        .max(longestLockDelaySeconds)
        .describe('Seconds for which locks of this session stay closed after it expired.'),
    ),
    request_id: optional(
      z.string().min(1).max(128).meta({
        format: 'text',
        description:
          'With it a repeated request returns the same session. Unique for this client and hard to guess: a UUID.',
      }),
    ),
  }),
);
export const createSessionAnswer: z.ZodType<CreateSessionAnswer> = agreeing<CreateSessionAnswer>()(
  z.strictObject({
    session_id: z.string(),
    client_id: z.string(),
    timeout: z.number(),
    keepalive_interval: z
      .int()
      .min(1)
      .describe('Whole seconds between keepalives that a client should keep.'),
  }),
);
export const sessionRef: z.ZodType<SessionRef> = agreeing<SessionRef>()(
  z.strictObject({ session_id: sessionId }),
);
export const readSessionBody: z.ZodType<ReadSessionBody> = agreeing<ReadSessionBody>()(
  z.strictObject({ session_id: sessionId, consistency: optional(consistency) }),
);
export const sessionLocksBody: z.ZodType<SessionLocksBody> = agreeing<SessionLocksBody>()(
  z.strictObject({
    session_id: sessionId,
    after: optional(pageAfter),
    limit: optional(
      z
        .int()
        .min(0)
        .max(longestPage)
        .describe(
          'Holds on a page; 1000 by default. 0: only how many there are, and their digest.',
        ),
    ),
    consistency: optional(consistency),
  }),
);
export const sessionWaitsBody: z.ZodType<SessionWaitsBody> = agreeing<SessionWaitsBody>()(
  z.strictObject({
    session_id: sessionId,
    after: optional(pageAfter),
    limit: optional(z.int().min(1).max(longestPage).describe('Places on a page; 100 by default.')),
    consistency: optional(consistency),
  }),
);
export const sessionAnswer: z.ZodType<SessionAnswer> = agreeing<SessionAnswer>()(
  z.strictObject({
    session_id: z.string(),
    client_id: z.string(),
    timeout: z.number(),
    created_at: wallClockSeconds,
    last_keepalive: wallClockSeconds,
    locks_held: z
      .array(z.string())
      .describe('The first of each kind, at most 100: /sessions/{session_id}/locks has them all.'),
    semaphores_held: z.array(z.string()),
    elections_led: z.array(z.string()),
    barriers_inside: z.array(z.string()),
    lock_count: count,
    permit_hold_count: count.describe('Holds of semaphores: each acquire of permits is one.'),
    leadership_count: count,
    barrier_count: count,
    consistency,
  }),
);
export const keepAliveAnswer: z.ZodType<KeepAliveAnswer> = agreeing<KeepAliveAnswer>()(
  z.strictObject({ session_id: z.string(), success: z.literal(true), timeout: z.number() }),
);
export const endSessionAnswer: z.ZodType<EndSessionAnswer> = agreeing<EndSessionAnswer>()(
  z.strictObject({ session_id: z.string(), deleted: z.literal(true) }),
);
export const sessionLocksAnswer: z.ZodType<SessionLocksAnswer> = agreeing<SessionLocksAnswer>()(
  z.strictObject({
    locks: z.array(z.string()),
    total_locks: count.describe('Locks on all pages.'),
    total_holds: count.describe('Holds of all kinds on all pages.'),
    digest: z.string().describe('Of all its holds: equal for equal sets of first tokens.'),
    next_after: nextAfter,
    holds: z.array(
      z.strictObject({
        resource,
        fence_token: toldFenceToken,
        mode,
        hold_count: count,
        first_fence_token: toldFenceToken,
      }),
    ),
    permits: z.array(z.strictObject({ resource, fence_token: toldFenceToken, permits: count })),
    leaderships: z.array(z.strictObject({ resource, fence_token: toldFenceToken })),
  }),
);
export const giveUpBody: z.ZodType<GiveUpBody> = agreeing<GiveUpBody>()(
  z.strictObject({
    session_id: sessionId,
    request_id: requestNumber,
    kind: z
      .enum(['lock', 'semaphore', 'election', 'many', 'barrier'])
      .describe('What it was for; of several, `many` with the first name.'),
    name,
  }),
);
export const giveUpAnswer: z.ZodType<GiveUpAnswer> = agreeing<GiveUpAnswer>()(
  z.strictObject({
    given_up: z.literal(true).describe('It holds nothing, and never will under this number.'),
  }),
);

export const sessionWaitsAnswer: z.ZodType<SessionWaitsAnswer> = agreeing<SessionWaitsAnswer>()(
  z.strictObject({
    wait_count: count.describe('Places on all pages.'),
    next_after: nextAfter,
    waits: z.array(
      z.strictObject({
        kind: heldKind,
        resource,
        position: count.describe('1 is the next.'),
        ahead: z
          .array(z.string())
          .describe('Clients that wait ahead, the next one first; at most 100.'),
      }),
    ),
  }),
);

// ---- locks --------------------------------------------------------------------------------------

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
