/**
 * One operation as a call with one answer. A wait ends with its call.
 *
 * GRPC-TURN-1: calls are begun in the turns of all requests (REQUEST-TURN-1 to 4), with those of other interfaces.
 * GRPC-TURN-2: a call that has ended before its turn is not executed, and is counted no more from its end on (GRPC-2).
 * GRPC-12: whatever goes wrong before a call is performed is its answer: what its promise rejects with would end the node.
 */
import type { handleUnaryCall } from '@grpc/grpc-js';
import { cancelReasons } from '@holdfast/engine/parts';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { RequestError } from '../request-error.ts';
import type { GrpcAdmission } from './admission.ts';
import type { Plain } from './codec.ts';
import type { Rpc } from './definitions.ts';
import { statusError } from './error-status.ts';
import { recordUnread } from '../pipeline/auditing.ts';
import { hasOwnRoom } from '../turns/own-room.ts';
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
  const isForHolders = (): boolean => hasOwnRoom(operation.declared);
  return (call, callback) => {
    const answer = (outcome: Outcome<object>): void => {
      if (outcome instanceof RequestError) callback(statusError(outcome));
      else callback(null, outcome);
    };
    const { context: from, end } = admission.take(call);
    let cancellation: AbortController | undefined;
    let isWaiting = true;
    let isOver = false;
    const over = (): void => {
      if (!isOver) end();
      isOver = true;
    };
    // Also when its deadline has passed, and when its connection is lost.
    call.once('cancelled', () => {
      cancellation?.abort(cancelReasons.hungUp);
      if (isWaiting) over(); // GRPC-TURN-2
    });
    const execute = (body: Plain, own: OperationContext): Promise<Outcome<object>> => {
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
      return own instanceof RequestError ? own : execute(body, own);
    };
    const begin = (): void => {
      if (call.cancelled) {
        over(); // GRPC-TURN-2
        return;
      }
      isWaiting = false;
      void perform()
        .catch((error: unknown) => refusalOf(error, onDefect)) // GRPC-12
        .then(answer)
        .finally(() => {
          cancellation = undefined;
          over();
        });
    };
    const { share } = from.caller;
    const { byteLength } = call.request;
    const refused = performing.turns.begin({ share, byteLength, isForHolders, begin }); // GRPC-TURN-1
    if (refused === undefined) return;
    from.service.rates?.spend(from.caller, byteLength);
    recordUnread(from.service.auditing, from.caller, operation.name, refused);
    answer(refused);
    over();
  };
}
