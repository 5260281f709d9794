/** What a call is decoded to: its body, and its caller. */
import type { Metadata } from '@grpc/grpc-js';
import type { PeerCertificate } from 'node:tls';
import { certificateNames } from '@holdfast/tls';
import type { OperationContext, Outcome } from '../operations/context.ts';
import type { ApiLog } from '../log.ts';
import { readAckedBelow } from '../pipeline/acked-below.ts';
import { callerFrom } from '../pipeline/caller.ts';
import { calledUnder } from '../pipeline/traced.ts';
import { RequestError } from '../request-error.ts';
import type { RequestTurns } from '../turns/request-turns.ts';
import { readMessage, UnreadableMessage } from './codec.ts';
import type { Plain } from './codec.ts';
import type { Rpc } from './definitions.ts';

/** What all calls work with. */
export interface Performing {
  readonly context: OperationContext;
  /** Of the node, with those of HTTP. */
  readonly turns: RequestTurns;
  readonly log: ApiLog;
}

/** Where a call met a defect of this node. */
export const defectOf =
  ({ log }: Pick<Performing, 'log'>, operation: string): ((error: unknown) => void) =>
  (error) =>
    log.error({ err: error, operation }, 'A gRPC call failed with an internal error.');

export function readRequest(
  { request }: Rpc,
  bytes: Uint8Array,
  { service, caller }: OperationContext,
): Outcome<Plain> {
  service.rates?.spend(caller, bytes.byteLength);
  try {
    return readMessage(request, bytes);
  } catch (error) {
    if (!(error instanceof UnreadableMessage)) throw error;
    return new RequestError('invalid_request', error.message);
  }
}

/** What of a call tells who asks. */
export interface PeerCall {
  readonly metadata: Metadata;
  getPeer(): string;
  getAuthContext(): { readonly sslPeerCertificate?: PeerCertificate } | null;
}

/** With who its caller is, by its metadata and its connection. */
export function contextOfPeer(
  { service }: OperationContext,
  call: PeerCall,
): Outcome<OperationContext> {
  // `host:port`, of IPv6 in brackets or not, or `unknown`.
  const address = /^\[?(.+?)\]?:\d+$/.exec(call.getPeer())?.[1];
  const shown = call.metadata.get('authorization');
  const caller =
    service.control?.authenticate({
      // Several together are no proof: each hop could have looked at another one.
      authorization: shown.length === 0 ? undefined : shown.join(', '),
      certificateNames: () => {
        const certificate = call.getAuthContext()?.sslPeerCertificate;
        return certificate === undefined ? [] : certificateNames(certificate);
      },
      address,
    }) ?? callerFrom(address);
  if (caller instanceof RequestError) return caller;
  if (service.tracing === undefined) return { service, caller };
  const [traceparent] = call.metadata.get('traceparent');
  const [tracestate] = call.metadata.get('tracestate');
  return calledUnder({ service, caller }, { traceparent, tracestate });
}

const ackedBelowAt = {
  what: 'The metadata "holdfast-answered-below"',
  field: 'holdfast-answered-below',
};

/** With what the metadata of the call tells about the caller. */
export function contextOf(
  metadata: Metadata,
  context: OperationContext,
): Outcome<OperationContext> {
  const [text] = metadata.get('holdfast-answered-below');
  if (text === undefined) return context;
  const told = readAckedBelow(text, ackedBelowAt);
  return told instanceof RequestError ? told : { ...context, ...told };
}
