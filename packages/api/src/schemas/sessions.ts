/** Bodies and answers of sessions: what they are, hold and wait for. */
import { z } from 'zod';
import type {
  CreateSessionAnswer,
  CreateSessionBody,
  EndSessionAnswer,
  GiveUpAnswer,
  GiveUpBody,
  KeepAliveAnswer,
  ReadSessionBody,
  SessionAnswer,
  SessionLocksAnswer,
  SessionLocksBody,
  SessionRef,
  SessionWaitsAnswer,
  SessionWaitsBody,
} from '@holdfast/protocol';
import { agreeing } from './agreeing.ts';
import {
  clientId,
  consistency,
  count,
  heldKind,
  longestLockDelaySeconds,
  longestPage,
  mode,
  name,
  nextAfter,
  pageAfter,
  requestNumber,
  resource,
  sessionId,
  timeoutSeconds,
  toldFenceToken,
  wallClockSeconds,
  who,
} from './fields.ts';

const optional = z.exactOptional;

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
    ...who,
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
