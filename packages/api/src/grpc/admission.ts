/**
 * What is done with a call once its headers have come, and before a byte of its message is read: who asks, whether there is
 * room for it, and how long its message may take.
 *
 * GRPC-2: the calls of the node, of a caller and of a connection are bounded, and counted from their headers on. One too many, and
 *     one whose proof does not hold, is refused before anything of its message is read.
 * GRPC-10: a message has to arrive within `requestArrivalMs`, with the end of what its caller sends where the call has one message;
 *     of a call with many the first one. A call that is over is over on the wire as well: who goes on sending is cut off.
 */
import { constants } from 'node:http2';
import { ServerInterceptingCall } from '@grpc/grpc-js';
import type { Metadata, ServerInterceptor } from '@grpc/grpc-js';
import type { Connections } from '@holdfast/tls';
import { PerCaller } from '../callers.ts';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { recordUnread } from '../pipeline/auditing.ts';
import { callerFrom } from '../pipeline/caller.ts';
import { RequestError, stoppingError } from '../request-error.ts';
import { Calls } from './calls.ts';
import { statusError } from './error-status.ts';
import { contextOfPeer } from './performing.ts';
import type { PeerCall, Performing } from './performing.ts';

/** For the status to leave, before a call that goes on sending is cut off. */
const cutOffMs = 1000;

export interface Admitted {
  readonly context: OperationContext;
  /** Called when what was begun for the call has ended. */
  readonly end: () => void;
}

type InterceptedCall = Parameters<ServerInterceptor>[1];

export class GrpcAdmission {
  readonly #performing: Performing;
  readonly #calls: Calls;
  /** Health and reflection: whoever reaches the port may ask, and they are no part of what a stop waits for. */
  readonly #others: Calls;
  readonly #operations: ReadonlyMap<string, string>;
  readonly #admitted = new WeakMap<Metadata, Admitted>();
  #connections: Connections | undefined;

  /** @param operations The names of operations, by the paths of their methods. */
  constructor(performing: Performing, calls: Calls, operations: ReadonlyMap<string, string>) {
    const { maxGrpcCalls, maxGrpcCallsPerCaller } = performing.context.service.limits;
    this.#performing = performing;
    this.#calls = calls;
    this.#operations = operations;
    this.#others = new Calls(
      maxGrpcCalls,
      new PerCaller('max_grpc_calls_per_caller', maxGrpcCallsPerCaller, 'calls of health'),
    );
  }

  /** Of which connections it tells that they are in use. */
  countOn(connections: Connections): void {
    this.#connections = connections;
  }

  /** Of a call that has reached its handler, which ends it from now on. */
  take({ metadata }: Pick<PeerCall, 'metadata'>): Admitted {
    const admitted = this.#admitted.get(metadata);
    if (admitted === undefined) throw new Error('A call came by another way than its admission.');
    this.#admitted.delete(metadata);
    return admitted;
  }

  readonly intercept: ServerInterceptor = ({ path, requestStream }, call) => {
    const operation = this.#operations.get(path);
    let late: NodeJS.Timeout | undefined;
    let hasArrived = false;
    let hasEnded = false;
    let over = (): void => undefined;
    const arrived = (): void => {
      hasArrived = true;
      clearTimeout(late);
    };
    const admit = (metadata: Metadata): boolean => {
      const idle = this.#connections?.busy(call.getConnectionInfo());
      over = (): void => idle?.();
      const admitted = this.#admit(operation, metadata, call);
      if (admitted instanceof RequestError) {
        call.sendStatus(statusError(admitted));
        return false;
      }
      over = (): void => {
        idle?.();
        // Its handler has not been reached, or it has none of ours.
        if (operation === undefined || this.#admitted.delete(metadata)) admitted.end();
      };
      if (operation !== undefined) this.#admitted.set(metadata, admitted);
      return true;
    };
    const { requestArrivalMs } = this.#performing.context.service.limits;
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, forward) => {
            if (!admit(metadata)) return;
            late = setTimeout(() => {
              if (!hasArrived) call.sendStatus(statusError(tooLate(requestArrivalMs))); // GRPC-10
            }, requestArrivalMs);
            late.unref();
            forward(metadata);
          },
          onReceiveMessage: (message, forward) => {
            if (requestStream) arrived();
            forward(message);
          },
          onReceiveHalfClose: (forward) => {
            hasEnded = true;
            arrived();
            forward();
          },
          // However a call ends.
          onCancel: () => {
            clearTimeout(late);
            over();
            if (!hasEnded) cutOffSoon(call);
          },
        }),
    });
  };

  /** GRPC-2. */
  #admit(
    operation: string | undefined,
    metadata: Metadata,
    call: InterceptedCall,
  ): Outcome<Admitted> {
    const peer: PeerCall = {
      metadata,
      getPeer: () => call.getPeer(),
      getAuthContext: () => call.getAuthContext(),
    };
    if (operation === undefined) {
      const { service } = this.#performing.context;
      const caller = callerFrom(call.getConnectionInfo().remoteAddress);
      const end = this.#others.begin(caller);
      return end instanceof RequestError ? end : { context: { service, caller }, end };
    }
    const context = contextOfPeer(this.#performing.context, peer);
    if (context instanceof RequestError) return context;
    const end = this.#calls.begin(context.caller);
    if (!(end instanceof RequestError)) return { context, end };
    if (end !== stoppingError)
      recordUnread(context.service.auditing, context.caller, operation, end);
    return end;
  }
}

const tooLate = (withinMs: number): RequestError =>
  new RequestError(
    'invalid_request',
    `The message of this call did not arrive within ${String(withinMs / 1000)} s. The request was not executed. Send it at once, and end what the call sends.`,
  );

/**
 * The library ends its side alone: whoever does not end its own would keep the stream, and could send on it for ever. It gives
 * nobody the stream; where that changes its place nothing is cut off, which a test would tell.
 */
function cutOffSoon(call: InterceptedCall): void {
  const stream: unknown = Reflect.get(call, 'stream');
  if (!isStream(stream) || stream.closed) return;
  setTimeout(() => {
    if (!stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
  }, cutOffMs).unref();
}

const isStream = (
  stream: unknown,
): stream is { readonly closed: boolean; close(code: number): void } =>
  typeof stream === 'object' &&
  stream !== null &&
  'closed' in stream &&
  'close' in stream &&
  typeof stream.close === 'function';
