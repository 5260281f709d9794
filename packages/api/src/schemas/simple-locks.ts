/** Bodies and answers of locks by owner alone; on HTTP only. */
import { z } from 'zod';
import type {
  SimpleAcquireAnswer,
  SimpleAcquireBody,
  SimpleReleaseAnswer,
  SimpleReleaseBody,
} from '../operations/simple-locks.ts';
import { agreeing } from './agreeing.ts';
import {
  clientId,
  mode,
  name,
  resource,
  toldFenceToken,
  ttlSeconds,
  waitSeconds,
} from './fields.ts';

const optional = z.exactOptional;

export const simpleAcquireBody: z.ZodType<SimpleAcquireBody> = agreeing<SimpleAcquireBody>()(
  z.strictObject({
    name,
    owner: clientId,
    mode: optional(mode),
    ttl_seconds: optional(
      ttlSeconds.describe(
        'The lock is free again so long after the last acquire of its owner. Configured default when absent.',
      ),
    ),
    wait_seconds: optional(waitSeconds),
  }),
);
export const simpleAcquireAnswer: z.ZodType<SimpleAcquireAnswer> = agreeing<SimpleAcquireAnswer>()(
  z.strictObject({
    acquired: z.literal(true),
    name: resource,
    owner: z.string(),
    mode,
    fence_token: toldFenceToken,
    ttl_seconds: z.number(),
  }),
);
export const simpleReleaseBody: z.ZodType<SimpleReleaseBody> = agreeing<SimpleReleaseBody>()(
  z.strictObject({ name, owner: clientId }),
);
export const simpleReleaseAnswer: z.ZodType<SimpleReleaseAnswer> = agreeing<SimpleReleaseAnswer>()(
  z.strictObject({ released: z.literal(true), name: resource, owner: z.string() }),
);
