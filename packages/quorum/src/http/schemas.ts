/** What a lease node takes; validated once, here. */
import { z } from 'zod';
import type {
  QuorumAcquireBody,
  QuorumBeginBody,
  QuorumConfirmBody,
  QuorumIntroduceBody,
  QuorumReleaseBody,
  QuorumRenewBody,
  QuorumTokensAnswer,
  QuorumWaitBody,
} from '@holdfast/protocol';

const mostOthers = 6;

/** Half a character would come back from the disk as another name, without its tokens. */
const text = (longest: number): z.ZodString =>
  z
    .string()
    .min(1)
    .max(longest)
    .refine((value) => value.isWellFormed(), { error: 'must be well-formed Unicode' });
const resource = text(256);
const id = text(128);
const epoch = z.int().min(0);
const milliseconds = z.number().min(1).max(86_400_000);
const token = z
  .int()
  .min(1)
  .max(Number.MAX_SAFE_INTEGER - 1);

export const acquireBody: z.ZodType<QuorumAcquireBody> = z.strictObject({
  resource,
  epoch,
  lease_id: id,
  client_id: text(256),
  ttl_ms: milliseconds,
  waiter_id: z.exactOptional(id),
  is_next: z.exactOptional(z.boolean()),
});
export const confirmBody: z.ZodType<QuorumConfirmBody> = z.strictObject({
  resource,
  epoch,
  lease_id: id,
  token,
});
export const renewBody: z.ZodType<QuorumRenewBody> = z.strictObject({
  resource,
  epoch,
  lease_id: id,
  ttl_ms: milliseconds,
});
export const releaseBody: z.ZodType<QuorumReleaseBody> = z.strictObject({
  resource,
  epoch,
  lease_id: id,
});
export const waitBody: z.ZodType<QuorumWaitBody> = z.strictObject({
  resource,
  epoch,
  waiter_id: id,
  waited_ms: z.exactOptional(z.number().min(0)),
  timeout_ms: milliseconds,
});
export const introduceBody: z.ZodType<QuorumIntroduceBody> = z.strictObject({
  epoch,
  others: z
    .array(z.url({ protocol: /^https?$/ }).max(512))
    .max(mostOthers)
    .refine((others) => others.length > 0 && others.length % 2 === 0, {
      error: 'must name all other nodes: 2, 4 or 6 of them',
    }),
});
const count = z.int().min(0);
const founders = z.array(count).max(mostOthers + 1);
export const beginBody: z.ZodType<QuorumBeginBody> = z.strictObject({ epoch, founders });
/** What another node tells: taken no more on trust than what a client sends. */
export const tokensAnswer: z.ZodType<QuorumTokensAnswer> = z.strictObject({
  epoch,
  voting: z.boolean(),
  fresh: z.boolean(),
  file_id: count,
  founders,
  longest_lease_ms: count.optional(),
  floor: count,
  tokens: z.array(z.tuple([resource, token])),
  next: z.string().nullable(),
});
