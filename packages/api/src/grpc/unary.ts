/**
 * One operation as a call with one answer. A wait ends with its call.
 *
 * GRPC-TURN-1: large requests are begun as those of HTTP are (HTTP-TURN-1), with them.
 * GRPC-12: whatever goes wrong before a call is performed is its answer: what its promise rejects with would end the node.
 */
import type { handleUnaryCall } from '@grpc/grpc-js';
import { cancelReasons } from '@holdfast/engine/parts';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { RequestError } from '../request-error.ts';
import { largeBytes } from '../stream/arriving.ts';
import type { GrpcAdmission } from './admission.ts';
import type { Plain } from './codec.ts';
import type { Rpc } from './definitions.ts';
import { statusError } from './error-status.ts';
import { performed, refusalOf } from '../pipeline/perform.ts';
import type { ServedUnary } from '../pipeline/perform.ts';
import { contextOf, defectOf, readRequest } from './performing.ts';
import type { Performing } from './performing.ts';

export function unaryHandler(
  rpc: Rpc,
  operation: ServedUnary,
  admission: GrpcAdmission,
  performing: Performing,
): handleUnaryCall<Uint8Array, object> {
  const onDefect = defectOf(performing, operation.name);
  return (call, callback) => {
    const answer = (outcome: Outcome<object>): void => {
      if (outcome instanceof RequestError) callback(statusError(outcome));
      else callback(null, outcome);
    };
    const { context: from, end } = admission.take(call);
    let cancellation: AbortController | undefined;
    // Also when its deadline has passed, and when its connection is lost.
    call.once('cancelled', () => cancellation?.abort(cancelReasons.hungUp));
    const begin = (body: Plain, own: OperationContext): Promise<Outcome<object>> => {
      const onWait = (begun: AbortController): void => {
        cancellation = begun;
        if (call.cancelled) begun.abort(cancelReasons.hungUp);
      };
      return performed(operation, body, { ...own, onWait }, onDefect);
    };
    const perform = async (): Promise<Outcome<object>> => {
      const body = readRequest(rpc, call.request, from);
      const own = contextOf(call.metadata, from);
      if (body instanceof RequestError) return body;
      return own instanceof RequestError ? own : begin(body, own);
    };
    const outcome =
      call.request.byteLength < largeBytes ? perform() : performing.largeRequests.run(perform); // GRPC-TURN-1
    void outcome
      .catch((error: unknown) => refusalOf(error, onDefect)) // GRPC-12
      .then(answer)
      .finally(() => {
        cancellation = undefined;
        end();
      });
  };
}
