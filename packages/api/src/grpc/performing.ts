/** Carries an operation out for a call: whatever goes wrong is a refusal. */
import type { Metadata } from '@grpc/grpc-js';
import { contextFrom } from '../operations/context.ts';
import type { OperationContext, Outcome } from '../operations/context.ts';
import type { Operation } from '../operations/operation.ts';
import type { ApiLog } from '../options.ts';
import { internalProblem, Refused, refusedWhere } from '../refused.ts';
import { readMessage, UnreadableMessage } from './codec.ts';
import type { Plain } from './codec.ts';
import type { Rpc } from './definitions.ts';

/** What all calls work with. */
export interface Performing {
  readonly context: OperationContext;
  readonly log: ApiLog;
}

export async function performed(
  operation: Operation,
  body: Plain,
  context: OperationContext,
  log: ApiLog,
): Promise<Outcome<object>> {
  try {
    return await operation.perform(body, context);
  } catch (error) {
    return refusalOf(error, operation.name, log);
  }
}

export function refusalOf(error: unknown, operation: string, log: ApiLog): Refused {
  const refused = refusedWhere(error);
  if (refused !== undefined) return refused;
  log.error({ err: error, operation }, 'A call of gRPC met an error of this node.');
  return internalProblem;
}

export function readRequest({ request }: Rpc, bytes: Uint8Array): Outcome<Plain> {
  try {
    return readMessage(request, bytes);
  } catch (error) {
    if (!(error instanceof UnreadableMessage)) throw error;
    return new Refused('invalid_request', error.message);
  }
}

/** With who its caller is, by the address of the connection. */
export function contextOfPeer(
  context: OperationContext,
  call: { getPeer(): string },
): OperationContext {
  // `host:port`, of IPv6 in brackets or not, or `unknown`.
  const peer = /^\[?(.+?)\]?:\d+$/.exec(call.getPeer())?.[1];
  return contextFrom(context, peer);
}

/** With what the metadata of the call tells about the caller. */
export function contextOf(
  metadata: Metadata,
  context: OperationContext,
): Outcome<OperationContext> {
  const [answeredBelow] = metadata.get('holdfast-answered-below');
  if (answeredBelow === undefined) return context;
  if (typeof answeredBelow !== 'string' || !/^[0-9]{1,15}$/.test(answeredBelow)) {
    return new Refused(
      'invalid_request',
      'The metadata "holdfast-answered-below", the request id below which answers have arrived, is a whole number from 0.',
      { field: 'holdfast-answered-below' },
    );
  }
  return { ...context, answeredBelow: Number(answeredBelow) };
}
