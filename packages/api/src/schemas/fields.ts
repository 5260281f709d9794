/** The fields of which bodies and answers are made. Each limit is written once, here. */
import { z } from 'zod';

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
