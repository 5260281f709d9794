/** What watchers ask for and are told. */
import { z } from 'zod';
import type {
  EventsAnswer,
  EventsBody,
  ObserveBody,
  UnwatchBody,
  WatchBody,
  WatchEvent,
} from '@holdfast/protocol';
import { agreeing } from './agreeing.ts';
import { count, json, longestPage, maxNameLength, name, waitSeconds } from './fields.ts';

const optional = z.exactOptional;
const kind = z.enum(['lock', 'semaphore', 'election', 'barrier', 'latch']);
const after = z.string().min(1).max(32);

const filter = {
  prefix: optional(
    z
      .string()
      .max(maxNameLength)
      .meta({ format: 'text', description: 'Only resources whose names begin with it.' }),
  ),
  name: optional(name.describe('Only this resource.')),
  kind: optional(kind),
};

const watchEvent = z.strictObject({
  position: z.string().describe('Where it stands among all events, to resume after it.'),
  revision: count.describe('Log index of the change.'),
  type: z.enum([
    'granted',
    'released',
    'expired',
    'lowered',
    'waiting',
    'left',
    'proclaimed',
    'created',
    'resized',
    'deleted',
    'entered',
    'opened',
    'over',
    'counted',
  ]),
  kind,
  resource: z.string(),
  client_id: optional(z.string()),
  fence_token: optional(count),
  mode: optional(z.enum(['exclusive', 'shared'])),
  permits: optional(count),
  reason: optional(
    z
      .string()
      .describe(
        'Of the end of a hold: released, expired, forced or max_hold. Of a waiter that left: an error code.',
      ),
  ),
  note: optional(z.string().describe('Why an administrator forced it.')),
  value: optional(json.describe('Metadata of a hold, or the value of a leader.')),
  limit: optional(count),
  count: optional(count),
  round: optional(count),
});
/** Compiles only when the schema and the type of the wire are the same. */
export const watchEventSchema: z.ZodType<WatchEvent> = agreeing<WatchEvent>()(watchEvent);

export const eventsBody: z.ZodType<EventsBody> = agreeing<EventsBody>()(
  z.strictObject({
    ...filter,
    after: optional(
      after.describe('Events after this position or revision. Absent: the latest that are kept.'),
    ),
    limit: optional(z.int().min(1).max(longestPage).describe('At most so many; 100 by default.')),
    wait_seconds: optional(
      waitSeconds.describe('With `after`: waits so long for one when there is none yet.'),
    ),
  }),
);
export const eventsAnswer: z.ZodType<EventsAnswer> = agreeing<EventsAnswer>()(
  z.strictObject({
    events: z.array(watchEvent),
    position: z.string().describe('Pass as `after` to go on.'),
    more: z.boolean().describe('There are more already.'),
  }),
);
export const watchBody: z.ZodType<WatchBody> = agreeing<WatchBody>()(
  z.strictObject({
    ...filter,
    after: optional(
      after.describe('Events after this position or revision; from now on when absent.'),
    ),
  }),
);
export const observeBody: z.ZodType<ObserveBody> = agreeing<ObserveBody>()(
  z.strictObject({
    name,
    after: optional(
      after.describe(
        'Goes on after this position or revision; begins with who leads now when absent.',
      ),
    ),
  }),
);
export const unwatchBody: z.ZodType<UnwatchBody> = agreeing<UnwatchBody>()(
  z.strictObject({ watch_id: count }),
);
