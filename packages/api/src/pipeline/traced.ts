/**
 * The span of an operation on the node that it came to.
 *
 * TRACED-1: a span tells which operation it was and the code that it was refused with, and nothing that its caller wrote: no
 *     name, no value, no key, no address.
 * TRACED-2: keepalives, and what everybody may ask (health, probes), begin no trace of their own.
 */
import type { Operation } from '@holdfast/contract';
import { traceContextOf } from '@holdfast/protocol';
import type { TraceSpan, Tracing } from '@holdfast/protocol';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { RequestError, requestErrorWhere } from '../request-error.ts';

/** With the span of its caller, where there is one. @param carrier What has `traceparent` and `tracestate`. */
export function calledUnder(context: OperationContext, carrier: object): OperationContext {
  if (context.service.tracing === undefined) return context;
  const told = traceContextOf(carrier);
  return told === undefined ? context : { ...context, calledUnder: told };
}

/** TRACED-2. */
const isQuiet = ({ isUntraced, access }: Operation): boolean =>
  isUntraced === true || access.open === true;

/** Executes it under a span of its own. */
export function traced<Answer extends object>(
  tracing: Tracing,
  declared: Operation,
  context: OperationContext,
  act: (own: OperationContext) => Outcome<Answer> | Promise<Outcome<Answer>>,
): Outcome<Answer> | Promise<Outcome<Answer>> {
  if (context.calledUnder === undefined && isQuiet(declared)) return act(context);
  const { name } = declared;
  const trace = tracing
    .from(context.calledUnder)
    .begin(`holdfast.${name}`, { 'holdfast.operation': name }); // TRACED-1
  try {
    const outcome = act({ ...context, trace });
    if (!(outcome instanceof Promise)) return ended(trace, outcome);
    return outcome.then(
      (settled) => ended(trace, settled),
      (error: unknown) => failed(trace, error),
    );
  } catch (error) {
    return failed(trace, error);
  }
}

function ended<Answer extends object>(trace: TraceSpan, outcome: Outcome<Answer>): Outcome<Answer> {
  trace.end(outcome instanceof RequestError ? outcome.code : undefined);
  return outcome;
}

function failed(trace: TraceSpan, error: unknown): never {
  trace.end(requestErrorWhere(error)?.code ?? 'internal');
  throw error;
}
