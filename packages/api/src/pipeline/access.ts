/**
 * What access rules and the audit are told of a request.
 *
 * ACCESS-1: `authorize` and `audit` are called here and nowhere else, for every operation of every
 *     interface: after its validation and before anything is done, and once it is known what became of it.
 */
import { resourceKinds } from '@holdfast/contract';
import type { Access, Operation, Verb } from '@holdfast/contract';
import type { ErrorCode } from '@holdfast/protocol';
import { Refused, refusedWhere } from '../refused.ts';
import type { OperationContext, Outcome } from '../operations/context.ts';
import type { Caller } from './caller.ts';

export interface Resource {
  /** `session`, or as the contract's groups name what they are about. */
  readonly kind: string;
  /** Undefined: all of the kind. */
  readonly name: string | undefined;
}

/** What is asked for. */
export interface AccessRequest {
  /** As in the client stream, or as `operationId` in the OpenAPI document. */
  readonly operation: string;
  readonly verb: Verb;
  readonly resources: readonly Resource[];
  /** As it was validated. */
  readonly body: object;
}

/** Throws `HoldfastError` (`unauthorized`, `forbidden`, `limit_exceeded`) to refuse. */
export type Authorize = (caller: Caller, request: AccessRequest) => void;

/** What became of a request: `begun` for what goes on telling, `done`, or the code that it was refused with. */
export type AuditOutcome = 'begun' | 'done' | ErrorCode;

/** Called once for each request that was valid. It must not throw, and what it does costs the caller. */
export type Audit = (caller: Caller, request: AccessRequest, outcome: AuditOutcome) => void;

type Run<Answer extends object> = () => Outcome<Answer> | Promise<Outcome<Answer>>;

/** Executes what the rules admit; what it comes to is told to the audit. */
export function admitted<Answer extends object>(
  declared: Operation,
  body: object,
  { service, caller }: OperationContext,
  run: Run<Answer>,
): Outcome<Answer> | Promise<Outcome<Answer>> {
  const { authorize, audit } = service;
  if (authorize === undefined && audit === undefined) return run();
  const request = requestOf(declared, body);
  const tell = (outcome: Outcome<object>): void => {
    const done = declared.kind === 'unary' || declared.kind === 'control' ? 'done' : 'begun';
    audit?.(caller, request, outcome instanceof Refused ? outcome.code : done);
  };
  try {
    authorize?.(caller, request);
    const outcome = run();
    if (outcome instanceof Promise) return outcome.then(tellAndPass(tell), tellAndFail(tell));
    tell(outcome);
    return outcome;
  } catch (error) {
    return tellAndFail(tell)(error);
  }
}

const tellAndPass =
  (tell: (outcome: Outcome<object>) => void) =>
  <Answer extends object>(outcome: Outcome<Answer>): Outcome<Answer> => {
    tell(outcome);
    return outcome;
  };

const tellAndFail =
  (tell: (outcome: Outcome<object>) => void) =>
  (error: unknown): never => {
    tell(refusedWhere(error) ?? new Refused('internal', 'A defect of this node.'));
    throw error;
  };

function requestOf({ name, access }: Operation, body: object): AccessRequest {
  return {
    operation: name,
    verb: access.verb,
    resources: resourcesOf(access, body),
    body,
  };
}

/** A `kind` in the body says what the name is one of; several are listed in `resources`. */
function resourcesOf(access: Access, body: object): readonly Resource[] {
  if ('resources' in body && Array.isArray(body.resources))
    return (body.resources as readonly object[]).flatMap((one) => resourcesOf(access, one));
  const told = textOf(body, 'kind');
  const kind = told !== undefined && resourceKinds.has(told) ? told : access.resource;
  const fields = nameFields[kind] ?? ['name'];
  const name =
    fields.map((field) => textOf(body, field)).find((text) => text !== undefined) ??
    access.whenUnnamed;
  return [{ kind, name }];
}

/** Where the name stands, if not in `name`. */
const nameFields: Readonly<Record<string, readonly string[]>> = {
  session: ['session_id'],
  queue: ['queue'],
  cache: ['key', 'k'],
};

function textOf(body: object, field: string): string | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(body, field)?.value;
  return typeof value === 'string' ? value : undefined;
}
