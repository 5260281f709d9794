/**
 * Peers over TCP: one persistent outgoing connection to each, one listener for theirs.
 *
 * T2: a connection is of use only after both sides have shown that they are of this cluster, the member
 *     that the other one means, and in the folder that was met before (HELLO-1 of `hello.ts`).
 * T3: a call ends when its answer comes, its time is over, its signal aborts, the connection it left
 *     on breaks, or the engine gives the peer up: no call waits for ever.
 * T4: whoever may ask is answered: a member that this node's log does not name yet (it lags behind a
 *     change of the members) is answered on its own connection, else such a member could never get
 *     this node's vote (Raft thesis, 4.1: servers process messages of servers that are not in their
 *     configuration). What is taken of it is little (T6 of `strangers.ts`).
 */
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { formatHostPort } from '@holdfast/protocol';
import type { MemberId, Message } from '@holdfast/raft';
import type { Clock } from '../clock.ts';
import type { Identity } from '../identity.ts';
import type { KnownPeers } from '../known-peers.ts';
import type { EngineLog } from '../types.ts';
import {
  encodeJsonFrame,
  FrameError,
  FrameTooLargeError,
  frameKinds,
  parseObject,
} from './frames.ts';
import type { Frame } from './frames.ts';
import { Introductions } from './hello.ts';
import { IncomingConnections } from './incoming-connections.ts';
import { Incoming } from './incoming.ts';
import { decodeMessage, encodeMessageFrame } from './messages.ts';
import { Once } from './once.ts';
import { Outgoing } from './outgoing.ts';
import { Strangers } from './strangers.ts';
import { CallFailed, CallTooLarge } from './types.ts';
import type { Transport, TransportHandlers } from './types.ts';

/** Calls that wait for an answer, of all peers together: to go through them all takes about a millisecond. */
const maxOpenCalls = 20_000;

interface PendingCall {
  readonly peer: MemberId;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: CallFailed) => void;
  readonly cleanUp: () => void;
}

export interface TcpTransportOptions {
  readonly identity: Identity;
  readonly knownPeers: KnownPeers;
  readonly clientUrl: string;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly handlers: TransportHandlers;
}

export class TcpTransport implements Transport {
  readonly #options: TcpTransportOptions;
  readonly #outgoing = new Map<MemberId, Outgoing>();
  readonly #introductions: Introductions;
  readonly #once: Once;
  readonly #incoming: IncomingConnections = new IncomingConnections();
  readonly #strangers: Strangers;
  /** The connection that a peer keeps to this node. */
  readonly #incomingOf = new Map<MemberId, Incoming>();
  readonly #calls = new Map<number, PendingCall>();
  /** Calls of peers that this node works on, by `peer/id`, so that they can be cancelled. */
  readonly #working = new Map<string, AbortController>();
  #server: Server | undefined;
  #nextCallId = 1;

  constructor(options: TcpTransportOptions) {
    this.#options = options;
    const { identity, knownPeers, clientUrl, clock, handlers } = options;
    const { knowledge } = handlers;
    this.#introductions = new Introductions(identity, knownPeers, clientUrl, knowledge);
    this.#strangers = new Strangers(knowledge);
    this.#once = new Once(clock);
  }

  async listen({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(
          new Error(`Cannot listen for peers on ${formatHostPort(host, port)}: ${error.message}`, {
            cause: error,
          }),
        ),
      );
      server.listen(port, host, () => resolve());
    });
  }

  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0;
  }

  setPeers(peers: readonly { readonly id: MemberId; readonly address: string }[]): void {
    this.#options.knownPeers.onMembership();
    this.#incoming.onMembership(this.#options.handlers.knowledge.isKnownMember);
    const own = this.#options.identity.nodeId;
    const wanted = new Map(
      peers.filter((peer) => peer.id !== own).map((peer) => [peer.id, peer.address]),
    );
    for (const [id, outgoing] of this.#outgoing) {
      if (wanted.get(id) === outgoing.address) continue;
      outgoing.close();
      this.#outgoing.delete(id);
      this.#failCalls(id);
    }
    for (const [id, address] of wanted) {
      if (this.#outgoing.has(id)) continue;
      const outgoing = new Outgoing({
        peer: id,
        address,
        introductions: this.#introductions,
        clock: this.#options.clock,
        log: this.#options.log,
        once: this.#once,
        onFrames: (frames) => this.#receive(id, frames),
        onOpen: (clientUrl) => {
          this.#options.log.info({ peer: id, address }, 'Connected to the peer.');
          this.#options.handlers.onClientUrl(id, clientUrl);
        },
        onClosed: () => {
          this.#failCalls(id);
          this.#options.handlers.onUnreachable(id);
        },
      });
      this.#outgoing.set(id, outgoing);
    }
  }

  /** @throws FrameTooLargeError when an invariant is broken, see `encodeMessageFrame`. */
  send(to: MemberId, message: Message): void {
    this.#strangers.noteSent(to, message);
    const outgoing = this.#outgoing.get(to);
    if (outgoing === undefined)
      this.#incomingOf.get(to)?.write(() => encodeMessageFrame(message, to)); // T4
    else outgoing.sendMessage(message);
  }

  isConnected(peer: MemberId): boolean {
    return this.#outgoing.get(peer)?.connected ?? false;
  }

  call(
    to: MemberId,
    request: unknown,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<unknown> {
    const outgoing = this.#outgoing.get(to);
    if (outgoing === undefined)
      return Promise.reject(new CallFailed(false, `no connection to ${to}`));
    if (this.#calls.size >= maxOpenCalls)
      return Promise.reject(new CallFailed(false, `${String(maxOpenCalls)} calls are unanswered`));
    const id = this.#nextCallId++;
    return new Promise((resolve, reject) => {
      const cancelRemote = (): void => {
        outgoing.sendJson(frameKinds.cancel, { id });
      };
      const cancelTimer = this.#options.clock.after(timeoutMs, () => {
        cancelRemote();
        this.#settle(id)?.reject(
          new CallFailed(true, `${to} did not answer in ${String(timeoutMs)} ms`),
        );
      });
      signal?.addEventListener('abort', cancelRemote);
      this.#calls.set(id, {
        peer: to,
        resolve,
        reject,
        cleanUp: () => {
          cancelTimer();
          signal?.removeEventListener('abort', cancelRemote);
        },
      });
      const failure = sendCall(outgoing, to, { id, request });
      if (failure !== undefined) this.#settle(id)?.reject(failure);
      else if (signal?.aborted === true) cancelRemote();
    });
  }

  interruptCalls(peer: MemberId, graceMs: number): void {
    const ids = [...this.#calls].filter(([, call]) => call.peer === peer).map(([id]) => id);
    if (ids.length === 0) return;
    this.#options.clock.after(graceMs, () => {
      for (const id of ids)
        this.#settle(id)?.reject(new CallFailed(true, `${peer} leads no longer`));
    });
  }

  async close(): Promise<void> {
    for (const [id, outgoing] of this.#outgoing) {
      outgoing.close();
      this.#failCalls(id);
    }
    this.#outgoing.clear();
    for (const controller of this.#working.values()) controller.abort();
    this.#incoming.destroyAll();
    const server = this.#server;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #settle(id: number): PendingCall | undefined {
    const call = this.#calls.get(id);
    if (call !== undefined) {
      this.#calls.delete(id);
      call.cleanUp();
    }
    return call;
  }

  #failCalls(peer: MemberId): void {
    for (const [id, call] of this.#calls) {
      if (call.peer !== peer) continue;
      this.#settle(id)?.reject(new CallFailed(true, `the connection to ${peer} broke`));
    }
  }

  #accept(socket: Socket): void {
    const { isKnownMember } = this.#options.handlers.knowledge;
    const incoming = new Incoming({
      socket,
      introductions: this.#introductions,
      clock: this.#options.clock,
      log: this.#options.log,
      once: this.#once,
      timeoutMs: this.#incoming.timeoutMs,
      maySendAll: (peer) => isKnownMember(peer) || this.#strangers.mayLead(peer),
      onOpen: (opened, peer, clientUrl) => {
        this.#incoming.met(opened, peer, isKnownMember(peer));
        this.#incomingOf.set(peer, opened);
        this.#outgoing.get(peer)?.retryNow(); // It lives again.
        if (isKnownMember(peer)) this.#options.handlers.onClientUrl(peer, clientUrl);
      },
      onFrames: (peer, frames) => this.#receive(peer, frames),
      onClosed: (closed, peer) => {
        this.#incoming.remove(closed);
        if (peer !== undefined && this.#incomingOf.get(peer) === closed)
          this.#incomingOf.delete(peer);
      },
    });
    this.#incoming.add(incoming, socket.remoteAddress ?? '');
  }

  #receive(peer: MemberId, frames: readonly Frame[]): void {
    const { knowledge } = this.#options.handlers;
    const messages: Message[] = [];
    for (const frame of frames) {
      if (frame.kind === frameKinds.raft) {
        const message = this.#admit(peer, decodeMessage(frame.body, knowledge.term()));
        if (message !== undefined) messages.push(message);
        continue;
      }
      this.#receiveCall(peer, frame);
    }
    if (messages.length > 0) this.#options.handlers.onMessages(peer, messages);
  }

  /** T6. */
  #admit(peer: MemberId, message: Message): Message | undefined {
    const { handlers, log } = this.#options;
    if (handlers.knowledge.isKnownMember(peer)) return message;
    const admitted = this.#strangers.admit(peer, message);
    if (admitted === undefined)
      this.#once.say(peer, 'stranger', () =>
        log.error(
          { peer, message: message.type },
          'Ignored a message of a node that is no member as far as this node knows.',
        ),
      );
    return admitted;
  }

  #receiveCall(peer: MemberId, { kind, body }: Frame): void {
    const content = parseObject(body.toString('utf8'), 'call or answer');
    const { id } = content;
    if (typeof id !== 'number') throw new FrameError('a call or an answer has no id');
    if (kind === frameKinds.call) this.#work(peer, id, content['request']);
    else if (kind === frameKinds.cancel) this.#working.get(`${peer}/${String(id)}`)?.abort();
    else if (kind !== frameKinds.answer) throw new FrameError('a second hello');
    else if (this.#calls.get(id)?.peer !== peer)
      return; // Given up, or never asked of this peer.
    else if (typeof content['tooLarge'] === 'string')
      this.#settle(id)?.reject(new CallTooLarge(true, content['tooLarge']));
    else this.#settle(id)?.resolve(content['answer']);
  }

  #work(peer: MemberId, id: number, request: unknown): void {
    const key = `${peer}/${String(id)}`;
    const controller = new AbortController();
    this.#working.set(key, controller);
    this.#options.handlers
      .onCall(peer, request, controller.signal)
      .then((answer) => this.#answer(peer, { id, answer }))
      .catch((error: unknown) => {
        if (!(error instanceof FrameTooLargeError)) throw error;
        this.#answer(peer, { id, tooLarge: error.message });
      })
      .catch((error: unknown) =>
        this.#options.log.error({ peer, error: String(error) }, 'A call failed.'),
      )
      .finally(() => this.#working.delete(key));
  }

  #answer(peer: MemberId, body: object): void {
    const outgoing = this.#outgoing.get(peer);
    if (outgoing !== undefined) outgoing.sendJson(frameKinds.answer, body);
    else this.#incomingOf.get(peer)?.write(() => encodeJsonFrame(frameKinds.answer, body, peer));
  }
}

/** Returns why it was not sent, if it was not (FRAME-1). */
function sendCall(outgoing: Outgoing, to: MemberId, body: object): CallFailed | undefined {
  try {
    if (outgoing.sendJson(frameKinds.call, body)) return undefined;
    return new CallFailed(false, `no connection to ${to}`);
  } catch (error) {
    if (error instanceof FrameTooLargeError) return new CallTooLarge(false, error.message);
    throw error;
  }
}
