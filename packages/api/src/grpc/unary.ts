/** One operation as a call with one answer. A wait ends with its call. */
import type { handleUnaryCall } from '@grpc/grpc-js';
import type { OperationContext, Outcome } from '../operations/context.ts';
import type { Waiting } from '../operations/waiting.ts';
import { Refused } from '../refused.ts';
import type { Calls } from './calls.ts';
import type { Plain } from './codec.ts';
import type { Rpc } from './definitions.ts';
import { statusError } from './error-status.ts';
import { performed } from '../pipeline/perform.ts';
import type { ServedUnary } from '../pipeline/perform.ts';
import { contextOf, contextOfPeer, defectOf, readRequest } from './performing.ts';
import type { Performing } from './performing.ts';

export function unaryHandler(
  rpc: Rpc,
  operation: ServedUnary,
  calls: Calls,
  performing: Performing,
): handleUnaryCall<Uint8Array, object> {
  const onDefect = defectOf(performing, operation.name);
  return (call, callback) => {
    const answer = (outcome: Outcome<object>): void => {
      if (outcome instanceof Refused) callback(statusError(outcome));
      else callback(null, outcome);
    };
    const from = contextOfPeer(performing.context, call);
    const end = calls.begin(from.caller.share);
    if (end instanceof Refused) {
      answer(end);
      return;
    }
    let waiting: Waiting | undefined;
    // Also when its deadline has passed, and when its connection is lost.
    call.once('cancelled', () => waiting?.callerGone());
    const begin = (body: Plain, own: OperationContext): Promise<Outcome<object>> => {
      const onWait = (handle: Waiting): void => {
        waiting = handle;
        if (call.cancelled) handle.callerGone();
      };
      return performed(operation, body, { ...own, onWait }, onDefect);
    };
    const body = readRequest(rpc, call.request);
    const own = contextOf(call.metadata, from);
    const outcome =
      body instanceof Refused
        ? Promise.resolve(body)
        : own instanceof Refused
          ? Promise.resolve(own)
          : begin(body, own);
    void outcome.then(answer).finally(() => {
      waiting = undefined;
      end();
    });
  };
}
