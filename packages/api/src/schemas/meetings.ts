/** Bodies and answers of the operations of barriers and latches. */
import { z } from 'zod';
import type {
  BarrierAnswer,
  BarrierRef,
  CountDownBody,
  CreateLatchBody,
  DeleteLatchAnswer,
  DeleteLatchBody,
  EnterBarrierAnswer,
  EnterBarrierBody,
  LatchAnswer,
  LatchRef,
  LeaveBarrierAnswer,
  LeaveBarrierBody,
  WaitLatchBody,
} from '@holdfast/protocol';
import { agreeing } from './agreeing.ts';
import {
  consistency,
  count,
  name,
  requestNumber,
  resource,
  show,
  sessionId,
  waitSeconds,
} from './fields.ts';

const optional = z.exactOptional;
const mostParties = 100_000;
const mostCounted = 1_000_000_000;

export const enterBarrierBody: z.ZodType<EnterBarrierBody> = agreeing<EnterBarrierBody>()(
  z.strictObject({
    name,
    session_id: sessionId,
    parties: z
      .int()
      .min(1)
      .max(mostParties)
      .describe('How many meet; the first of a round decides.'),
    wait_seconds: optional(
      waitSeconds.describe(
        'How long to wait for the others, after which this session is out again. 0, the default: enters, answers at once, stays inside.',
      ),
    ),
    request_id: optional(requestNumber),
  }),
);
export const enterBarrierAnswer: z.ZodType<EnterBarrierAnswer> = agreeing<EnterBarrierAnswer>()(
  z.strictObject({
    entered: z.literal(true),
    resource,
    round: count.describe('Which meeting at this barrier.'),
    open: z.boolean().describe('All have come.'),
  }),
);
export const leaveBarrierBody: z.ZodType<LeaveBarrierBody> = agreeing<LeaveBarrierBody>()(
  z.strictObject({
    name,
    session_id: sessionId,
    wait_seconds: optional(
      waitSeconds.describe('How long to wait until all have left; 0, the default, does not wait.'),
    ),
    request_id: optional(requestNumber),
  }),
);
export const leaveBarrierAnswer: z.ZodType<LeaveBarrierAnswer> = agreeing<LeaveBarrierAnswer>()(
  z.strictObject({
    left: z.literal(true),
    resource,
    round: count,
    over: z.boolean().describe('All have left.'),
  }),
);
export const barrierRef: z.ZodType<BarrierRef> = agreeing<BarrierRef>()(
  z.strictObject({ name, show: optional(show), consistency: optional(consistency) }),
);
export const barrierAnswer: z.ZodType<BarrierAnswer> = agreeing<BarrierAnswer>()(
  z.strictObject({
    resource,
    round: count.nullable().describe('Null when nobody is inside.'),
    parties: count.nullable(),
    open: z.boolean(),
    member_count: count.describe('All that are inside: the first of them are shown.'),
    members: z.array(z.strictObject({ session_id: z.string(), client_id: z.string() })),
  }),
);

export const createLatchBody: z.ZodType<CreateLatchBody> = agreeing<CreateLatchBody>()(
  z.strictObject({ name, count: z.int().min(1).max(mostCounted) }),
);
export const countDownBody: z.ZodType<CountDownBody> = agreeing<CountDownBody>()(
  z.strictObject({
    name,
    by: optional(z.int().min(1).max(mostCounted).describe('1 when absent.')),
    session_id: optional(
      sessionId.describe('With it and a request id it is counted once, however often it is sent.'),
    ),
    request_id: optional(requestNumber),
  }),
);
export const latchRef: z.ZodType<LatchRef> = agreeing<LatchRef>()(
  z.strictObject({ name, consistency: optional(consistency) }),
);
export const waitLatchBody: z.ZodType<WaitLatchBody> = agreeing<WaitLatchBody>()(
  z.strictObject({
    name,
    wait_seconds: optional(waitSeconds.describe('The configured longest wait when absent.')),
  }),
);
export const latchAnswer: z.ZodType<LatchAnswer> = agreeing<LatchAnswer>()(
  z.strictObject({
    resource,
    count: count.describe('How much is left.'),
    open: z.boolean().describe('The count is 0.'),
  }),
);
export const deleteLatchBody: z.ZodType<DeleteLatchBody> = agreeing<DeleteLatchBody>()(
  z.strictObject({ name }),
);
export const deleteLatchAnswer: z.ZodType<DeleteLatchAnswer> = agreeing<DeleteLatchAnswer>()(
  z.strictObject({ resource, deleted: z.literal(true) }),
);
