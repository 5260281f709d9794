/** Bodies and answers of the operations of elections. */
import { z } from 'zod';
import type {
  CampaignAnswer,
  CampaignBody,
  ElectionAnswer,
  ElectionRef,
  ProclaimAnswer,
  ProclaimBody,
  ResignAnswer,
  ResignBody,
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
  requestNumber,
  resource,
  show,
  toldFenceToken,
  waitSeconds,
  wallClockSeconds,
  who,
} from './fields.ts';

const optional = z.exactOptional;
const { metadata: _metadata, ...terms } = acquireTerms;
const value = json.describe('What the leader tells. Any JSON, at most 1024 bytes.');

export const campaignBody: z.ZodType<CampaignBody> = agreeing<CampaignBody>()(
  z.strictObject({
    name,
    ...who,
    ...terms,
    value: optional(value),
    wait_seconds: optional(waitSeconds),
    request_id: optional(requestNumber),
  }),
);
export const campaignAnswer: z.ZodType<CampaignAnswer> = agreeing<CampaignAnswer>()(
  z.strictObject({
    elected: z.literal(true),
    resource,
    fence_token: toldFenceToken.describe('The epoch of this leadership: larger than any before.'),
    hold_count: count.describe('How many campaigns of this session were told of this leadership.'),
    session_id: z.string(),
    revision: count.describe('Log index of the election.'),
    ttl_seconds: optional(z.number()),
  }),
);
export const resignBody: z.ZodType<ResignBody> = agreeing<ResignBody>()(
  z.strictObject({
    name,
    ...who,
    fence_token: optional(fenceToken),
    request_id: optional(requestNumber),
  }),
);
export const resignAnswer: z.ZodType<ResignAnswer> = agreeing<ResignAnswer>()(
  z.strictObject({ resigned: z.literal(true), resource, fence_token: toldFenceToken }),
);
export const proclaimBody: z.ZodType<ProclaimBody> = agreeing<ProclaimBody>()(
  z.strictObject({
    name,
    ...who,
    fence_token: fenceToken,
    value,
    request_id: optional(requestNumber),
  }),
);
export const proclaimAnswer: z.ZodType<ProclaimAnswer> = agreeing<ProclaimAnswer>()(
  z.strictObject({
    proclaimed: z.literal(true),
    resource,
    fence_token: toldFenceToken,
    revision: count,
  }),
);
export const electionRef: z.ZodType<ElectionRef> = agreeing<ElectionRef>()(
  z.strictObject({ name, show: optional(show), consistency: optional(consistency) }),
);
export const electionAnswer: z.ZodType<ElectionAnswer> = agreeing<ElectionAnswer>()(
  z.strictObject({
    resource,
    leader: z
      .strictObject({
        session_id: z.string(),
        client_id: z.string(),
        fence_token: toldFenceToken,
        value: json,
        elected_at: wallClockSeconds,
        ends_in_seconds: endsInSeconds,
      })
      .nullable(),
    candidate_count: count.describe('All that wait: the next of them are shown.'),
    candidates: z.array(
      z.strictObject({
        session_id: z.string(),
        client_id: z.string(),
        position: count,
        priority: count,
      }),
    ),
    delayed_until: wallClockSeconds.nullable(),
    revision: count.describe('Log index as of which this is so.'),
    consistency,
  }),
);
