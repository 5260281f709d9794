/** The fields of which bodies and answers are made. Each limit is written once, here. */
import { z } from 'zod';
import type { Json } from '@holdfast/protocol';

/** Characters (code points) in a name, at most. */
export const maxNameLength = 256;
/** Longest session timeout and ttl that any configuration may allow, in seconds: a day. */
export const longestTimeoutSeconds = 86_400;
export const longestLockDelaySeconds = 3600;
export const longestPage = 1000;

/** Text that can be stored and shown: no NUL, no half of a surrogate pair. Checked by validation/text.ts. */
const text = (longest: number, description: string): z.ZodString =>
  z.string().min(1).max(longest).meta({ format: 'text', description });

export const name: z.ZodString = text(
  maxNameLength,
  'Name of what is locked. "/" makes a hierarchy; write it %2F in a path.',
);
export const resource: z.ZodString = z.string().describe('Name of what is locked.');
export const sessionId: z.ZodString = text(128, 'Session, as told by POST /sessions.');
export const clientId: z.ZodString = text(
  256,
  'Who asks, for people: shown to others in refusals and lists.',
);
export const nodeId: z.ZodString = text(128, 'Id of a node.');
export const requestNumber: z.ZodInt = z
  .int()
  .min(0)
  .describe(
    'Number of this request, increasing in the session (or for the client): a repetition gets the first answer.',
  );
export const fenceToken: z.ZodInt = z.int().min(1).describe('Fence token, as told by the acquire.');
export const toldFenceToken: z.ZodInt = z
  .int()
  .min(0)
  .describe('One counter of the whole cluster: +1 for every grant, never reused.');
export const mode: z.ZodEnum<{ exclusive: 'exclusive'; shared: 'shared' }> = z.enum([
  'exclusive',
  'shared',
]);
export const consistency: z.ZodEnum<{ linearizable: 'linearizable'; stale: 'stale' }> = z
  .enum(['linearizable', 'stale'])
  .describe(
    '`linearizable`, the default, proves leadership first; `stale` reads what the asked node has applied.',
  );
export const timeoutSeconds: z.ZodNumber = z
  .number()
  .min(1)
  .max(longestTimeoutSeconds)
  .describe('Seconds without a sign of life after which the session ends.');
export const wallClockSeconds: z.ZodNumber = z
  .number()
  .describe('Wall clock, seconds since 1970, for people.');
export const count: z.ZodInt = z.int().min(0);
/** Of a status: what is shown of lists that may be long. */
export const show: z.ZodInt = z
  .int()
  .min(1)
  .max(longestPage)
  .describe('How many of each list to show; 100 by default, fewer where they are large.');
/** Of a status: a hold that is looked for. */
export const shownToken: z.ZodInt = z
  .int()
  .min(1)
  .describe('The hold of this fence token is shown first, however many there are.');
export const nextAfter: z.ZodNullable<z.ZodInt> = count
  .nullable()
  .describe('`after` of the next page; null on the last.');
export const pageAfter: z.ZodInt = count.describe('`next_after` of the page before.');

export const waitSeconds: z.ZodNumber = z
  .number()
  .min(0)
  .max(longestTimeoutSeconds)
  .describe('Longest wait; 0, the default, tries once.');
export const ttlSeconds: z.ZodNumber = timeoutSeconds.describe(
  'With client_id: how long the hold stands without a renewal. Configured default when absent.',
);
export const priority: z.ZodInt = z
  .int()
  .min(0)
  .max(9)
  .describe(
    'Ahead of those with a lower one in the queue; 0 by default. Nobody is passed for ever.',
  );
export const maxHoldSeconds: z.ZodNumber = z
  .number()
  .min(0.001)
  .max(longestTimeoutSeconds)
  .describe('The hold ends by itself after so long, whatever its session does.');
export const independent: z.ZodBoolean = z
  .boolean()
  .describe(
    'What this session holds does not depend on this wait: it is left out of the search for deadlocks.',
  );
/** Whatever JSON.parse makes: that it is JSON needs no check. */
export const json: z.ZodType<Json> = z.unknown() as z.ZodType as z.ZodType<Json>;
export const metadata: z.ZodType<Json> = json.describe(
  'Who, why, where: shown with the hold. Any JSON, at most 1024 bytes.',
);
export const endsInSeconds: z.ZodNullable<z.ZodNumber> = z
  .number()
  .nullable()
  .describe('Seconds until its longest time is over; null when it has none.');
export const heldKind: z.ZodEnum<{
  lock: 'lock';
  semaphore: 'semaphore';
  election: 'election';
}> = z.enum(['lock', 'semaphore', 'election']);

/** The fields that acquires of all kinds have in common. */
export const acquireTerms: {
  readonly ttl_seconds: z.ZodExactOptional<z.ZodNumber>;
  readonly priority: z.ZodExactOptional<z.ZodInt>;
  readonly max_hold_seconds: z.ZodExactOptional<z.ZodNumber>;
  readonly metadata: z.ZodExactOptional<z.ZodType<Json>>;
  readonly independent: z.ZodExactOptional<z.ZodBoolean>;
} = {
  ttl_seconds: z.exactOptional(ttlSeconds),
  priority: z.exactOptional(priority),
  max_hold_seconds: z.exactOptional(maxHoldSeconds),
  metadata: z.exactOptional(metadata),
  independent: z.exactOptional(independent),
};
/** Exactly one of them tells who asks. */
export const who: {
  readonly session_id: z.ZodExactOptional<z.ZodString>;
  readonly client_id: z.ZodExactOptional<z.ZodString>;
} = {
  session_id: z.exactOptional(sessionId),
  client_id: z.exactOptional(clientId),
};
/** More than anybody needs, and far from where numbers are not exact. */
const mostPermits = 1_000_000_000;
export const permits: z.ZodInt = z.int().min(1).max(mostPermits);
