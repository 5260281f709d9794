/** What a lease node takes; validated once, here. */
import { z } from 'zod';
import type {
  QuorumAcquireBody,
  QuorumBeginBody,
  QuorumCloseBody,
  QuorumConfirmBody,
  QuorumOverviewAnswer,
  QuorumPrepareBody,
  QuorumReleaseBody,
  QuorumRenewBody,
  QuorumSetAnswer,
  QuorumTokensAnswer,
  QuorumWaitBody,
} from '@holdfast/protocol';
import { leasesOnAPage } from '../node/held-leases.ts';
import type { WantedLeases } from '../node/held-leases.ts';

const mostMembers = 7;

/** Half a character would come back from the disk as another name, without its tokens. */
const text = (longest: number): z.ZodString =>
  z
    .string()
    .min(1)
    .max(longest)
    .refine((value) => value.isWellFormed(), { error: 'must be well-formed Unicode' });
/** In units of UTF-16. */
export const longestResourceName = 256;
const resource = text(longestResourceName);
/** The name of a resource, where it stands in a path. */
export const resourceName: z.ZodType<string> = resource;
const id = text(128);
const epoch = z.int().min(0);
/** Of a set. */
const set = text(64);
const milliseconds = z.number().min(1).max(86_400_000);
/** Ten years. Nobody goes first for having waited since before there was anything. */
const longestWaitedMs = 315_576_000_000;
const token = z
  .int()
  .min(1)
  .max(Number.MAX_SAFE_INTEGER - 1);

export const acquireBody: z.ZodType<QuorumAcquireBody> = z.strictObject({
  resource,
  epoch,
  set,
  lease_id: id,
  client_id: text(256),
  ttl_ms: milliseconds,
  waiter_id: z.exactOptional(id),
  is_next: z.exactOptional(z.boolean()),
});
export const confirmBody: z.ZodType<QuorumConfirmBody> = z.strictObject({
  resource,
  epoch,
  set,
  lease_id: id,
  token,
});
export const renewBody: z.ZodType<QuorumRenewBody> = z.strictObject({
  resource,
  epoch,
  set,
  lease_id: id,
  ttl_ms: milliseconds,
});
export const releaseBody: z.ZodType<QuorumReleaseBody> = z.strictObject({
  resource,
  epoch,
  set,
  lease_id: id,
});
export const waitBody: z.ZodType<QuorumWaitBody> = z.strictObject({
  resource,
  epoch,
  set,
  waiter_id: id,
  waited_ms: z.exactOptional(z.number().min(0).max(longestWaitedMs)),
  began_ms: z.exactOptional(z.number().min(0).max(Number.MAX_SAFE_INTEGER)),
  timeout_ms: milliseconds,
});
const count = z.int().min(0);
const bootstrapSet = z.array(count).max(mostMembers);
export const beginBody: z.ZodType<QuorumBeginBody> = z.strictObject({
  epoch,
  set,
  bootstrap_set: bootstrapSet,
});
const quorumSet = z.strictObject({ epoch, members: z.array(text(512)).max(mostMembers) });
export const closeBody: z.ZodType<QuorumCloseBody> = z.strictObject({
  epoch,
  set,
  next: quorumSet,
  instead: z.exactOptional(z.boolean()),
});
export const prepareBody: z.ZodType<QuorumPrepareBody> = z.strictObject({
  next: quorumSet,
  after: set,
  floor: count,
});
/** What another node tells: taken no more on trust than what a client sends. */
export const tokensAnswer: z.ZodType<QuorumTokensAnswer> = z.strictObject({
  epoch,
  set: z.string().max(64),
  after: z.string().max(64),
  voting: z.boolean(),
  fresh: z.boolean(),
  file_id: count,
  bootstrap_set: bootstrapSet,
  longest_lease_ms: count.optional(),
  closed_for: quorumSet.optional(),
  floor: count,
  tokens: z.array(z.tuple([resource, token])),
  next: z.string().nullable(),
});
/** What a node tells whoever changes the set. */
export const setAnswer: z.ZodType<QuorumSetAnswer> = z.strictObject({
  name: z.string(),
  epoch,
  members: z.array(z.string()).max(mostMembers),
  set: z.string().max(64),
  after: z.string().max(64),
  next: quorumSet.nullable(),
  voting: z.boolean(),
  fresh: z.boolean(),
  file_id: count,
  leases_ms: count,
  largest_token: count,
});

const longestClientId = 256;
/** What a node tells of its leases: beside the names, numbers. */
const leaseRow = z.object({
  resource,
  lease: text(64),
  client_id: text(longestClientId),
  token: count,
  remaining_ms: z.number().min(0),
  waiters: count,
});
/** What another node says to people; one of another release may say more. */
export const overviewAnswer: z.ZodType<QuorumOverviewAnswer> = z.object({
  name: z.string().max(512),
  version: z.string().max(64),
  voting: z.boolean(),
  epoch,
  set: z.string().max(64),
  waits_ms: z.number().min(0),
  running_ms: z.number().min(0),
  wall_ms: z.number(),
  leases: count,
  leases_ms: z.number().min(0),
  released: count,
  most_released: count,
  page: z.array(leaseRow).max(leasesOnAPage),
  more: z.boolean(),
});
/** Which leases people want to see. */
export const wantedLeases: z.ZodType<WantedLeases> = z.object({
  prefix: z.string().max(longestResourceName).default(''),
  after: z.string().max(longestResourceName).default(''),
});
