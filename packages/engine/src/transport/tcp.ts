/**
 * Peers over TCP: one persistent outgoing connection to each, one listener for theirs.
 *
 * T2: a connection is of use only after a hello of this cluster, meant for this node, from a member
 *     whose folder is the one met before (identity.ts, N1).
 * T3: a call ends when its answer comes, its time is over, its signal aborts, the connection it left
 *     on breaks, or the engine gives the peer up: no call waits for ever.
 * T4: whoever may ask is answered: a member that this node's log does not name yet (it lags behind a
 *     change of the members) is answered on its own connection, else such a member could never get
 *     this node's vote (Raft thesis, 4.1: servers process messages of servers that are not in their
 *     configuration).
 */
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { MemberId, Message } from '@holdfast/raft';
import type { Clock } from '../clock.ts';
import type { Identity, KnownPeers } from '../identity.ts';
import type { EngineLog } from '../types.ts';
import {
  decodeMessage,
  encodeJsonFrame,
  encodeMessageFrame,
  FrameReader,
  frameKinds,
} from './frames.ts';
import type { Frame } from './frames.ts';
import { maxBufferedBytes, Outgoing } from './outgoing.ts';
import { CallFailed } from './types.ts';
import type { Transport, TransportHandlers } from './types.ts';

const protocolVersion = 1;
const maxIncoming = 64;
const maxCallsPerPeer = 20_000;

interface Hello {
  readonly version: number;
  readonly clusterId: string;
  readonly from: string;
  readonly to: string;
  readonly incarnation: string;
  readonly clientUrl: string;
}

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
  readonly #incoming = new Set<Socket>();
  /** The connection that a peer keeps to this node. */
  readonly #incomingOf = new Map<MemberId, Socket>();
  readonly #calls = new Map<number, PendingCall>();
  /** Calls of peers that this node works on, by `peer/id`, so that they can be cancelled. */
  readonly #working = new Map<string, AbortController>();
  #server: Server | undefined;
  #nextCallId = 1;

  constructor(options: TcpTransportOptions) {
    this.#options = options;
  }

  async listen({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(
          new Error(`Cannot listen for peers on ${host}:${String(port)}: ${error.message}`, {
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
      const hello: Hello = {
        version: protocolVersion,
        clusterId: this.#options.identity.clusterId,
        from: own,
        to: id,
        incarnation: this.#options.identity.incarnation,
        clientUrl: this.#options.clientUrl,
      };
      const outgoing = new Outgoing({
        peer: id,
        address,
        hello,
        clock: this.#options.clock,
        log: this.#options.log,
        onFrames: (frames) => this.#receive(id, frames),
        onOpen: () => this.#options.log.info({ peer: id, address }, 'Connected to the peer.'),
        onClosed: () => {
          this.#failCalls(id);
          this.#options.handlers.onUnreachable(id);
        },
      });
      this.#outgoing.set(id, outgoing);
    }
  }

  send(to: MemberId, message: Message): void {
    const outgoing = this.#outgoing.get(to);
    if (outgoing === undefined) this.#writeBack(to, () => encodeMessageFrame(message));
    else outgoing.sendMessage(message);
  }

  /** T4. Bounded as every connection is (T1 of `outgoing.ts`). */
  #writeBack(to: MemberId, encode: () => Buffer): void {
    const socket = this.#incomingOf.get(to);
    if (socket === undefined || socket.writableLength > maxBufferedBytes) return;
    socket.write(encode());
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
    if (outgoing === undefined || this.#calls.size >= maxCallsPerPeer) {
      return Promise.reject(new CallFailed(false, `no connection to ${to}`));
    }
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
      if (!outgoing.sendJson(frameKinds.call, { id, request })) {
        this.#settle(id)?.reject(new CallFailed(false, `no connection to ${to}`));
      } else if (signal?.aborted === true) cancelRemote();
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
    for (const socket of this.#incoming) socket.destroy();
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
    if (this.#incoming.size >= maxIncoming) {
      socket.destroy();
      return;
    }
    this.#incoming.add(socket);
    const reader = new FrameReader();
    let peer: MemberId | undefined;
    socket.on('error', () => {
      // 'close' follows and acts.
    });
    socket.on('close', () => {
      this.#incoming.delete(socket);
      if (peer !== undefined && this.#incomingOf.get(peer) === socket)
        this.#incomingOf.delete(peer);
    });
    socket.on('data', (chunk) => {
      try {
        let frames: readonly Frame[] = reader.push(chunk);
        if (peer === undefined) {
          const [first, ...rest] = frames;
          if (first === undefined) return;
          peer = this.#greet(socket, first);
          if (peer === undefined) return;
          this.#incomingOf.set(peer, socket);
          frames = rest;
        }
        this.#receive(peer, frames);
      } catch (error) {
        this.#options.log.warn(
          { peer, error: String(error) },
          'Dropped a connection that made no sense.',
        );
        socket.destroy();
      }
    });
  }

  /** T2. */
  #greet(socket: Socket, frame: Frame): MemberId | undefined {
    const hello: Partial<Hello> =
      frame.kind === frameKinds.hello
        ? (JSON.parse(frame.body.toString('utf8')) as Partial<Hello>)
        : {};
    const { identity, knownPeers } = this.#options;
    const refuse = (reason: string): undefined => {
      this.#options.log.warn({ from: hello.from }, `Refused a peer: ${reason}`);
      const text = Buffer.from(reason);
      socket.end(encodeRefusal(text));
      return undefined;
    };
    if (hello.version !== protocolVersion) {
      return refuse(
        `peer protocol version ${String(hello.version)} is not ${String(protocolVersion)}.`,
      );
    }
    if (hello.clusterId !== identity.clusterId) {
      return refuse(
        `it belongs to cluster "${String(hello.clusterId)}", this is "${identity.clusterId}".`,
      );
    }
    if (hello.to !== identity.nodeId) {
      return refuse(
        `it looks for node "${String(hello.to)}", this is "${identity.nodeId}". Check the peer addresses.`,
      );
    }
    if (typeof hello.from !== 'string' || typeof hello.incarnation !== 'string') {
      return refuse('its hello is not complete.');
    }
    if (!knownPeers.accepts(hello.from, hello.incarnation)) {
      return refuse(
        `node "${hello.from}" came back with another data folder, so what it had acknowledged is lost. ` +
          `Remove this member and add it again under a new id.`,
      );
    }
    const peer = hello.from as MemberId;
    this.#outgoing.get(peer)?.retryNow(); // It lives again.
    if (typeof hello.clientUrl === 'string')
      this.#options.handlers.onClientUrl(peer, hello.clientUrl);
    return peer;
  }

  #receive(peer: MemberId, frames: readonly Frame[]): void {
    const messages: Message[] = [];
    for (const frame of frames) {
      if (frame.kind === frameKinds.raft) {
        messages.push(decodeMessage(frame.body));
        continue;
      }
      const body = JSON.parse(frame.body.toString('utf8')) as { readonly id?: unknown };
      if (typeof body.id !== 'number') throw new Error('a frame has no id');
      if (frame.kind === frameKinds.call)
        this.#work(peer, body.id, (body as { request?: unknown }).request);
      else if (frame.kind === frameKinds.cancel)
        this.#working.get(`${peer}/${String(body.id)}`)?.abort();
      else if (frame.kind === frameKinds.answer)
        this.#settle(body.id)?.resolve((body as { answer?: unknown }).answer);
    }
    if (messages.length > 0) this.#options.handlers.onMessages(peer, messages);
  }

  #work(peer: MemberId, id: number, request: unknown): void {
    const key = `${peer}/${String(id)}`;
    const controller = new AbortController();
    this.#working.set(key, controller);
    this.#options.handlers
      .onCall(peer, request, controller.signal)
      .then((answer) => {
        const outgoing = this.#outgoing.get(peer);
        const body = { id, answer };
        if (outgoing !== undefined) outgoing.sendJson(frameKinds.answer, body);
        else this.#writeBack(peer, () => encodeJsonFrame(frameKinds.answer, body));
      })
      .catch((error: unknown) =>
        this.#options.log.error({ peer, error: String(error) }, 'A call failed.'),
      )
      .finally(() => this.#working.delete(key));
  }
}

function encodeRefusal(text: Buffer): Buffer {
  return encodeJsonFrame(frameKinds.refused, text.toString('utf8'));
}
