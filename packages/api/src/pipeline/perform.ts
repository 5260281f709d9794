/**
 * The way of every request, whatever interface it came through: decode → caller → validate → authorize →
 * perform → present → encode. The interface decodes and encodes; what is between is here.
 */
import { jsonSchemaOf, operations } from '@holdfast/contract';
import type { ObjectSchema, Operation, UnaryOperation } from '@holdfast/contract';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { handlers } from '../operations/handlers.ts';
import { internalError, RequestError, requestErrorWhere } from '../request-error.ts';
import { compileCheck } from '../validation/compile.ts';
import type { Check } from '../validation/compile.ts';
import { recordUnread } from './auditing.ts';
import { admitted } from './access.ts';
import { logged } from './logged.ts';
import { traced } from './traced.ts';

/** An operation with what is derived from its declaration. */
export interface Served<Declared extends Operation = Operation> {
  readonly declared: Declared;
  readonly name: string;
  readonly bodySchema: ObjectSchema;
}

export interface ServedUnary extends Served<UnaryOperation> {
  readonly answerSchema: ObjectSchema;
  /** Validates, asks whether it is admitted, and executes. */
  perform(body: unknown, context: OperationContext): Outcome<object> | Promise<Outcome<object>>;
}

/** What goes on telling, or is no JSON: its interface executes it. */
export interface ServedOther extends Served {
  /** Validates and asks whether it is admitted; then begins. */
  begin<Answer extends object>(
    body: unknown,
    context: OperationContext,
    run: (body: object, own: OperationContext) => Outcome<Answer> | Promise<Outcome<Answer>>,
  ): Outcome<Answer> | Promise<Outcome<Answer>>;
}

function serveUnary(declared: UnaryOperation): ServedUnary {
  const { bodySchema, check } = checkOf(declared);
  const run = handlers[declared.name];
  if (run === undefined)
    throw new Error(`The operation ${declared.name} is declared, and nothing executes it.`);
  const act = (
    body: unknown,
    context: OperationContext,
  ): Outcome<object> | Promise<Outcome<object>> =>
    check.passes(body)
      ? admitted(declared, body, context, (own) => run(body, own))
      : invalid(declared, check.requestError(), context);
  const actTraced: typeof act = (body, context) => {
    const { tracing } = context.service;
    if (tracing === undefined) return act(body, context);
    return traced(tracing, declared, context, (own) => act(body, own));
  };
  return {
    declared,
    name: declared.name,
    bodySchema,
    answerSchema: jsonSchemaOf(declared.answer),
    perform(body, context) {
      const { logLevel } = context.service;
      if (logLevel.level !== 'debug') return actTraced(body, context); // No closure: this is the hot path.
      return logged(declared, context, () => actTraced(body, context));
    },
  };
}

function serveOther(declared: Operation): ServedOther {
  const { bodySchema, check } = checkOf(declared);
  return {
    declared,
    name: declared.name,
    bodySchema,
    begin(body, context, run) {
      if (!check.passes(body)) return invalid(declared, check.requestError(), context);
      return admitted(declared, body, context, (own) => run(body, own));
    },
  };
}

function invalid(
  { name }: Operation,
  refused: RequestError,
  { service, caller }: OperationContext,
): RequestError {
  // It counts as others do: to look at it takes as long.
  const told = service.rates?.take(caller, name) ?? refused;
  recordUnread(service.auditing, caller, name, told);
  return told;
}

function checkOf(declared: Operation): {
  readonly bodySchema: ObjectSchema;
  readonly check: Check<object>;
} {
  const bodySchema = jsonSchemaOf(declared.request);
  return { bodySchema, check: compileCheck<object>(bodySchema) };
}

/** Operations with one answer, by name. */
export const unaryOperations: ReadonlyMap<string, ServedUnary> = new Map(
  operations.flatMap((declared) =>
    declared.kind === 'unary' ? [[declared.name, serveUnary(declared)] as const] : [],
  ),
);

/** Operations of the client stream and of the relay of HTTP, each also behind a path. */
export const streamOperations: ReadonlyMap<string, ServedUnary> = new Map(
  [...unaryOperations].filter(([, { declared }]) => declared.onStream),
);

const others: ReadonlyMap<string, ServedOther> = new Map(
  operations.flatMap((declared) =>
    declared.kind === 'unary' ? [] : [[declared.name, serveOther(declared)] as const],
  ),
);

/** @throws Error where it is not declared. */
export function operationOf(name: string): ServedUnary {
  return unaryOperations.get(name) ?? undeclared(name);
}

/** @throws Error where it is not declared. */
export function otherOf(name: string): ServedOther {
  return others.get(name) ?? undeclared(name);
}

function undeclared(name: string): never {
  throw new Error(`There is no operation ${name} in the contract.`);
}

/** Executes an operation; whatever goes wrong is a refusal, and a defect is told to `onDefect`. */
export async function performed(
  operation: ServedUnary,
  body: unknown,
  context: OperationContext,
  onDefect: (error: unknown) => void,
): Promise<Outcome<object>> {
  try {
    return await operation.perform(body, context);
  } catch (error) {
    return refusalOf(error, onDefect);
  }
}

export function refusalOf(error: unknown, onDefect: (error: unknown) => void): RequestError {
  const refused = requestErrorWhere(error);
  if (refused !== undefined) return refused;
  onDefect(error);
  return internalError;
}
