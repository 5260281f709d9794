/** One operation: its schemas, the errors it can end in, and the way every call of it goes. */
import type { ErrorCode } from '@holdfast/protocol';
import type { z } from 'zod';
import { compileCheck, toJsonSchema } from '../validation/compile.ts';
import type { ObjectSchema } from '../validation/compile.ts';
import type { OperationContext, Outcome } from './context.ts';

export interface Operation {
  readonly name: string;
  readonly bodySchema: ObjectSchema;
  readonly answerSchema: ObjectSchema;
  /** Beside `alwaysPossible`. */
  readonly errors: readonly ErrorCode[];
  /** Validates, asks whether it is admitted, and carries out. */
  perform(body: unknown, context: OperationContext): Outcome<object> | Promise<Outcome<object>>;
}

/** What any request can be answered with, whatever it asks. */
export const alwaysPossible: readonly ErrorCode[] = [
  'invalid_request',
  'unauthorized',
  'forbidden',
  'limit_exceeded',
  'shutting_down',
  'internal',
];

/** What anything that needs the cluster can be answered with. */
export const clusterErrors: readonly ErrorCode[] = [
  'not_leader',
  'no_quorum',
  'outcome_unknown',
  'overloaded',
];

export function defineOperation<Body extends object, Answer extends object>(definition: {
  readonly name: string;
  readonly body: z.ZodType<Body>;
  readonly answer: z.ZodType<Answer>;
  readonly errors: readonly ErrorCode[];
  readonly run: (
    body: Body,
    context: OperationContext,
  ) => Outcome<Answer> | Promise<Outcome<Answer>>;
}): Operation {
  const { name, run, errors } = definition;
  const bodySchema = toJsonSchema(definition.body);
  const check = compileCheck<Body>(bodySchema);
  return {
    name,
    bodySchema,
    answerSchema: toJsonSchema(definition.answer),
    errors,
    perform(body, context) {
      if (!check.passes(body)) return check.problem();
      context.service.admit?.(context.identity, { name, body });
      return run(body, context);
    },
  };
}
