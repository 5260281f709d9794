/** Turns HTTP connections that ask for it into client streams. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerAndClose } from '@holdfast/tls';
import type { OwnHosts } from '@holdfast/tls';
import { WebSocketServer } from 'ws';
import type { ApiLimits } from '../limits.ts';
import { foreignHost } from '../http/origins.ts';
import { rawProblem } from '../http/problems.ts';
import type { OperationContext } from '../operations/context.ts';
import { callerOfRequest } from '../http/credentials.ts';
import { recordUnread } from '../pipeline/auditing.ts';
import { callerFrom } from '../pipeline/caller.ts';
import type { Caller } from '../pipeline/caller.ts';
import { RequestError, stoppingError } from '../request-error.ts';
import type { ClientStreams } from './streams.ts';

export class StreamServer {
  readonly #context: OperationContext;
  readonly #limits: ApiLimits;
  readonly #streams: ClientStreams;
  readonly #ownHosts: OwnHosts | undefined;
  readonly #sockets: WebSocketServer;

  /** @param ownHosts Undefined: nothing is asked of the host (HOST-2). */
  constructor(streams: ClientStreams, context: OperationContext, ownHosts: OwnHosts | undefined) {
    const { limits } = context.service;
    this.#streams = streams;
    this.#ownHosts = ownHosts;
    this.#context = context;
    this.#limits = limits;
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false, // HOSTILE-3
      maxPayload: limits.maxFrameBytes,
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#streams.stopping) {
      answerAndClose(socket, rawProblem(503, stoppingError));
      return;
    }
    if (this.#streams.full) {
      const text = `This node has ${String(this.#limits.maxStreams)} streams, which is its limit. Use another node.`;
      // Who it is is not even looked at.
      const unknown = callerFrom(request.socket.remoteAddress);
      this.#refuse(socket, 503, new RequestError('overloaded', text), unknown);
      return;
    }
    const caller = callerOfRequest(request, this.#context);
    if (caller instanceof RequestError) {
      answerAndClose(socket, rawProblem(401, caller));
      return;
    }
    const foreign = foreignHost(request, caller, this.#ownHosts);
    if (foreign !== undefined) {
      this.#refuse(socket, 403, foreign, caller);
      return;
    }
    const context = { ...this.#context, caller };
    const giveBack = context.service.shares.streams.takeOf(context.caller);
    if (giveBack instanceof RequestError) {
      this.#refuse(socket, 429, giveBack, caller);
      return;
    }
    // Where it never becomes a stream.
    socket.once('close', giveBack);
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      socket.off('close', giveBack);
      // What is wrong with a connection ends it; `close` follows.
      webSocket.on('error', () => undefined);
      this.#streams.admit(webSocket, context, giveBack);
    });
  }

  /** AUDITING-1: a proof that does not hold is recorded where it is looked at. */
  #refuse(socket: Duplex, status: number, refused: RequestError, caller: Caller): void {
    recordUnread(this.#context.service.auditing, caller, 'stream', refused);
    answerAndClose(socket, rawProblem(status, refused));
  }
}
