/**
 * Clients on one WebSocket each, with many requests under way: what comes in one frame is one turn, and
 * so one transaction (LEASE-HOST-1 of disk.ts); what is answered in one turn is one frame.
 *
 * A frame is a JSON array of requests `[id, operation, body]` or of answers `[id, answer]` and
 * `[id, null, problem]`. `[0, "authorize", key]` comes first where the node asks for a key; `[0, "ping"]` is
 * answered by `[0, {}]`, so that a client knows a node without answers from a dead connection.
 *
 * LEASE-STREAM-1: `[id, "cancel"]` ends the request of that id: it counts no longer, its id is free, and whatever comes
 *     of it is not sent, as the client may use the id again.
 * LEASE-STREAM-2: a stream is for those who may ask: where the node asks for a key, one that has not shown it in time is
 *     cut off, so that strangers do not use up the streams, and one that asks for anything without it is closed with the answer.
 *     What strangers send does not count against their address (LEASE-LIMIT-5), which others may share.
 * LEASE-STREAM-3: whatever a client sends, and whatever goes wrong with it, ends its own stream and nothing else: what a listener of
 *     a socket throws would end the node. A frame has at most `mostInFrame` requests, as each of them is answered, and is UTF-8:
 *     two names that are not would be read as the same one.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { HoldfastError, toProblem } from '@holdfast/protocol';
import { hostProblem } from '@holdfast/protocol/host-header';
import { answerAndClose } from '@holdfast/tls';
import { WebSocketServer } from 'ws';
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import { tooManyOnStream } from '../node/host-errors.ts';
import type { AddressLimits } from './address-limits.ts';
import { isKey } from './credentials.ts';
import { pageProblem } from './foreign-pages.ts';
import type { PageRules } from './foreign-pages.ts';
import type { LeaseOperation } from './operations.ts';

const maxStreams = 10_000;
const maxFrameBytes = 1024 * 1024;
const maxRequests = 10_000;
/** More than client libraries put into one, even of their shortest requests (`maxFrameLength` of quorum-client/src/stream-transport.ts). */
const mostInFrame = 20_000;
/** A client that does not read what it asked for is cut off. */
const maxUnreadBytes = 8 * 1024 * 1024;
const heartbeatMs = 15_000;
const authorizeWithinMs = 5000;

const frame = z.array(z.tuple([z.int().min(0), z.string()], z.unknown()));

export interface StreamsOptions extends PageRules {
  readonly operations: ReadonlyMap<string, LeaseOperation>;
  readonly limits: Pick<AddressLimits, 'run' | 'spend'>;
  readonly problemOf: (error: unknown) => HoldfastError;
  /** For the key where there is one, in ms. Default 5000. */
  readonly authorizeWithinMs?: number;
}

export class LeaseStreams {
  readonly #options: StreamsOptions;
  readonly #server: WebSocketServer = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
  });
  readonly #heard = new WeakSet<WebSocket>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(options: StreamsOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#findDead(), heartbeatMs).unref();
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, owner?: string): void {
    const refused = this.#refusedWith(request);
    if (refused !== undefined) {
      const [status, text = ''] = refused;
      const length = String(Buffer.byteLength(text));
      const later = status.startsWith('503') ? 'retry-after: 1\r\n' : '';
      const head = `${later}connection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${length}\r\n\r\n`;
      answerAndClose(socket, `HTTP/1.1 ${status}\r\n${head}${text}`);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => undefined); // 'close' follows.
      webSocket.on('pong', () => this.#heard.add(webSocket));
      this.#heard.add(webSocket);
      const { remoteAddress } = request.socket;
      const stream = new Stream(webSocket, this.#options, remoteAddress, owner);
      webSocket.on('message', (data) => stream.take(data));
      webSocket.on('close', () => stream.end());
    });
  }

  #refusedWith(request: IncomingMessage): readonly [status: string, text?: string] | undefined {
    if (request.url !== '/stream') return ['404 Not Found'];
    const problem = hostProblem(request.rawHeaders);
    if (problem !== undefined) return ['400 Bad Request', problem];
    const foreign = pageProblem(request, this.#options);
    if (foreign !== undefined) return ['403 Forbidden', foreign];
    return this.#server.clients.size >= maxStreams ? ['503 Service Unavailable'] : undefined;
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const webSocket of this.#server.clients) webSocket.terminate();
  }

  #findDead(): void {
    for (const webSocket of this.#server.clients) {
      if (!this.#heard.delete(webSocket)) webSocket.terminate();
      else webSocket.ping();
    }
  }
}

type Answer = readonly [id: number, answer: object] | readonly [id: number, null, problem: object];

class Stream {
  readonly #webSocket: WebSocket;
  readonly #options: StreamsOptions;
  /** LEASE-OWNER-1 of lease-owner.ts. */
  readonly #owner: string | undefined;
  readonly #address: string | undefined;
  readonly #underWay = new Map<number, AbortController>();
  /** LEASE-STREAM-2. */
  readonly #authorizeTimeout: NodeJS.Timeout | undefined;
  #authorized: boolean;
  /** It asked for something without the key (LEASE-STREAM-2). */
  #isRefused = false;
  #answers: Answer[] = [];

  constructor(
    webSocket: WebSocket,
    options: StreamsOptions,
    address: string | undefined,
    owner: string | undefined,
  ) {
    this.#webSocket = webSocket;
    this.#address = address;
    this.#owner = owner;
    this.#options = options;
    this.#authorized = options.apiKey === undefined;
    if (this.#authorized) return;
    const withinMs = options.authorizeWithinMs ?? authorizeWithinMs;
    // At once: a stranger does not keep its stream by leaving a proper close unanswered.
    this.#authorizeTimeout = setTimeout(() => webSocket.terminate(), withinMs).unref();
  }

  /** The client has gone. */
  end(): void {
    clearTimeout(this.#authorizeTimeout);
    for (const id of this.#underWay.keys()) this.#cancel(id);
  }

  take(data: RawData): void {
    // A socket that is being closed still hands over what comes.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    try {
      this.#take(data);
    } catch (error) {
      this.#broke(error); // LEASE-STREAM-3
    }
  }

  #take(data: RawData): void {
    if (this.#authorized) this.#spend(data);
    const requests = readFrame(data);
    if ('reason' in requests) {
      this.#webSocket.close(requests.code, requests.reason);
      return;
    }
    for (const [id, operation, body] of requests) {
      if (operation === 'authorize') this.#authorize(body, data);
      else if (operation === 'ping') this.#answer([id, {}]);
      else {
        this.#isRefused ||= !this.#authorized;
        if (operation === 'cancel') this.#cancel(id);
        else this.#ask(id, operation, body);
      }
    }
    if (this.#isRefused) afterTurn(() => this.#webSocket.close(1008, 'Show the API key first.'));
  }

  /** @param data The frame with the key, which counts as those behind it do. */
  #authorize(key: unknown, data: RawData): void {
    const { apiKey } = this.#options;
    if (this.#authorized || typeof key !== 'string' || apiKey === undefined) return;
    if (!isKey(key, apiKey)) return;
    this.#authorized = true;
    clearTimeout(this.#authorizeTimeout);
    this.#spend(data);
  }

  #spend(data: RawData): void {
    if (Buffer.isBuffer(data)) this.#options.limits.spend(this.#address, data.length);
  }

  #ask(id: number, name: string, body: unknown): void {
    const operation = this.#operationOf(id, name);
    if (operation instanceof HoldfastError) {
      this.#answer([id, null, toProblem(this.#options.problemOf(operation))]);
      return;
    }
    const controller = new AbortController();
    this.#underWay.set(id, controller);
    const settle = (answer: Answer): void => {
      if (this.#underWay.get(id) !== controller) return; // LEASE-STREAM-1.
      this.#underWay.delete(id);
      this.#answer(answer);
    };
    const { limits } = this.#options;
    const run = (from: string): Promise<object> =>
      operation(body, controller.signal, { owner: this.#owner, from });
    limits.run(name, this.#address, run).then(
      (answer) => settle([id, answer]),
      (error: unknown) => settle([id, null, toProblem(this.#options.problemOf(error))]),
    );
  }

  #operationOf(id: number, name: string): LeaseOperation | HoldfastError {
    if (!this.#authorized)
      return new HoldfastError('unauthorized', 'This node requires its API key.');
    if (this.#underWay.has(id) || this.#underWay.size >= maxRequests)
      return tooManyOnStream(id, maxRequests);
    const operation = this.#options.operations.get(name);
    return operation ?? new HoldfastError('route_not_found', `A lease node knows no "${name}".`);
  }

  /** LEASE-STREAM-1. */
  #cancel(id: number): void {
    const controller = this.#underWay.get(id);
    this.#underWay.delete(id);
    controller?.abort();
  }

  #answer(answer: Answer): void {
    this.#answers.push(answer);
    if (this.#answers.length === 1) afterTurn(() => this.#flush());
  }

  #flush(): void {
    const answers = this.#answers;
    this.#answers = [];
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (this.#webSocket.bufferedAmount > maxUnreadBytes) {
      this.#webSocket.terminate();
      return;
    }
    try {
      this.#webSocket.send(JSON.stringify(answers), { binary: true });
    } catch (error) {
      this.#broke(error); // LEASE-STREAM-3
    }
  }

  #broke(error: unknown): void {
    this.#options.problemOf(error);
    this.#webSocket.close(1011, 'The node had an internal error and logged it.');
  }
}

/** When all that settles in this turn has been answered too; in the order in which it is asked for. */
const afterTurn = (act: () => void): void => {
  queueMicrotask(() => process.nextTick(act));
};

interface Unreadable {
  readonly code: number;
  readonly reason: string;
}

/** LEASE-STREAM-3. */
function readFrame(data: RawData): z.infer<typeof frame> | Unreadable {
  const noFrame = { code: 1007, reason: 'A frame is an array of [id, operation, body], in UTF-8.' };
  if (!Buffer.isBuffer(data) || !isUtf8(data)) return noFrame;
  let batch: unknown;
  try {
    batch = JSON.parse(data.toString('utf8'));
  } catch {
    return noFrame;
  }
  // Before it is looked at what each of them is.
  if (Array.isArray(batch) && batch.length > mostInFrame)
    return { code: 1009, reason: `A frame has at most ${String(mostInFrame)} requests.` };
  return frame.safeParse(batch).data ?? noFrame;
}
