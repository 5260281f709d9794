/**
 * The one connection that this node keeps to a peer: messages and calls leave on it. What the peer
 * has to say comes on the connection that the peer keeps to this node; only a peer that keeps none,
 * because its log does not yet tell it of this node, answers on this one.
 *
 * TRANSPORT-1: a slow or dead peer costs at most `maxBufferedBytes` and one frame, of which some may be gathered in this turn:
 *     beyond it, and while there is no connection, raft messages are dropped (the protocol repeats what matters).
 * TRANSPORT-5: who is refused, or breaks the protocol, is tried again only after the longest pause.
 */
import type { Socket } from 'node:net';
import { hostPortOf } from '@holdfast/protocol';
import type { MemberId, Message } from '@holdfast/raft';
import { DiskError } from '@holdfast/storage';
import { maxHelloBytes } from '../bounds.ts';
import type { Clock } from '../clock.ts';
import type { EngineLog } from '../types.ts';
import { encodeJsonFrame, FrameError, FrameReader, frameKinds } from './frames.ts';
import type { Frame } from './frames.ts';
import { encodeRefusal, handshakeTimeoutMs, refusalText } from './hello.ts';
import type { Introduced, Introductions } from './hello.ts';
import type { LiveRuns, OtherRun, RunConnection } from './live-runs.ts';
import { messagePieces } from './messages.ts';
import type { OncePerPeer } from './once.ts';
import type { PeerSockets } from './peer-sockets.ts';
import { inItsPlace, OtherRunError, readRunRefusal } from './run-refusal.ts';

export const maxBufferedBytes: number = 16 * 1024 * 1024;
/** What is shorter is put together: to write many pieces takes longer. */
const mostCopiedBytes = 16 * 1024;
const connectTimeoutMs = 1000;
const minRetryMs = 20;
const maxRetryMs = 1000;

export interface OutgoingOptions {
  readonly peer: MemberId;
  /** Where it may be, the likeliest first. */
  readonly addresses: () => readonly string[];
  readonly sockets: PeerSockets;
  readonly introductions: Introductions;
  readonly runs: LiveRuns;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly once: OncePerPeer;
  /** Both sides have shown who they are. */
  readonly onOpen: (met: Introduced, address: string) => void;
  /** The peer answers on this connection. What comes next is not read before that resolves. */
  readonly onFrames: (frames: readonly Frame[], on: Outgoing) => Promise<void> | undefined;
  readonly onOtherRun: (error: OtherRunError) => void;
  readonly onDiskError: (error: DiskError) => void;
  /** The connection broke, or an attempt failed; `triedAll`: at every address that is known. */
  readonly onClosed: (triedAll: boolean) => void;
}

export class Outgoing implements RunConnection {
  readonly #options: OutgoingOptions;
  #socket: Socket | undefined;
  /** Only after the peer has shown who it is (HELLO-1). */
  #connected = false;
  #closed = false;
  #retryMs = minRetryMs;
  #cancelRetry: (() => void) | undefined;
  #corked: Uint8Array[] = [];
  #corkedBytes = 0;
  #cancelTimeout: () => void = () => undefined;
  /** Of the present attempt or connection. */
  #address = '';
  /** Where the peer has shown who it is: tried first again. */
  #reached: string | undefined;
  /** What is still to be tried before the next pause (ADDR-3 of `peer-addresses.ts`). */
  #untried: string[] = [];

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#connect();
  }

  /** Where the peer is, as far as this connection knows. */
  get reached(): string | undefined {
    return this.#reached;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Returns false when the message was dropped (TRANSPORT-1). @throws FrameTooLargeError */
  sendMessage(message: Message): boolean {
    if (!this.#canSend()) return false;
    this.#write(messagePieces(message, this.#options.peer));
    return true;
  }

  /** Returns false when nothing was sent. @throws FrameTooLargeError */
  sendJson(kind: 3 | 4 | 5 | 7 | 9 | 10, value: unknown): boolean {
    // Whoever waits for an answer would not hear that it was dropped: what one turn has of them goes out (as many as may be asked at once).
    if (!this.#canSend(kind === frameKinds.answer ? 0 : this.#corkedBytes)) return false;
    this.#write([encodeJsonFrame(kind, value, this.#options.peer)]);
    return true;
  }

  /** The peer was heard of: do not wait for the next attempt. */
  retryNow(): void {
    if (this.#closed || this.#socket !== undefined) return;
    this.#cancelRetry?.();
    this.#retryMs = minRetryMs;
    this.#connect();
  }

  /** It may be somewhere else than it was thought. */
  addressesChanged(): void {
    if (this.#connected) return;
    this.#reached = undefined;
    this.#untried = [];
    // An attempt where nobody answers would take its time.
    if (this.#socket === undefined) this.retryNow();
    else if (this.#options.addresses()[0] !== this.#address) this.#socket.destroy();
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#socket?.destroy();
  }

  #canSend(gatheredBytes: number = this.#corkedBytes): boolean {
    const socket = this.#socket;
    if (socket === undefined || !this.#connected) return false;
    return socket.writableLength + gatheredBytes <= maxBufferedBytes;
  }

  /** All frames of one event-loop turn leave in one write. */
  #write(pieces: readonly Uint8Array[]): void {
    const isPlanned = this.#corked.length > 0;
    for (const piece of pieces) {
      this.#corked.push(piece);
      this.#corkedBytes += piece.byteLength;
    }
    if (isPlanned) return;
    queueMicrotask(() => {
      const gathered = this.#corked;
      const byteLength = this.#corkedBytes;
      this.#corked = [];
      this.#corkedBytes = 0;
      const socket = this.#socket;
      if (socket === undefined || !this.#connected) return;
      if (byteLength <= mostCopiedBytes) {
        socket.write(Buffer.concat(gathered, byteLength));
        return;
      }
      socket.cork(); // FRAME-5
      for (const piece of gathered) socket.write(piece);
      socket.uncork();
    });
  }

  /** Of those that can be one. Where there is none it is as the log has it, and may be somebody's slip. */
  #nextAddress(): string | undefined {
    const { addresses, log, once, peer } = this.#options;
    if (this.#untried.length === 0) {
      const all = addresses();
      this.#untried = all.filter((address) => hostPortOf(address) !== undefined);
      const reached = this.#reached;
      if (reached !== undefined && this.#untried.includes(reached))
        this.#untried = [reached, ...this.#untried.filter((address) => address !== reached)];
      if (this.#untried.length === 0)
        once.say(peer, 'address', () =>
          log.error({ peer, address: all[0] }, 'The address of this peer is not host:port.'),
        );
    }
    return this.#untried.shift();
  }

  #connect(): void {
    const { clock, introductions, peer, sockets } = this.#options;
    const address = this.#nextAddress();
    const parts = address === undefined ? undefined : hostPortOf(address);
    if (address === undefined || parts === undefined) return; // The node lives on without this peer.
    this.#address = address;
    const socket = sockets.connect(parts, peer);
    this.#socket = socket;
    const reader = new FrameReader(maxHelloBytes);
    const close = (): void => void socket.destroy();
    this.#cancelTimeout = clock.after(connectTimeoutMs, close);
    socket.on('connect', () => {
      this.#cancelTimeout();
      this.#cancelTimeout = clock.after(handshakeTimeoutMs, () => {
        this.#closeSilent(socket);
      });
    });
    socket.on(sockets.readyEvent, () => void socket.write(introductions.helloFor(peer)));
    socket.on('data', (chunk) => {
      if (socket.writableEnded) return; // Refused: what else it says does not count.
      this.#receiveOrRefuse(socket, reader, chunk);
    });
    // 'close' follows and acts.
    socket.on('error', (error) => this.#noteUnproven(error));
    socket.on('close', () => {
      this.#cancelTimeout();
      this.#connected = false;
      this.#options.runs.closed(this.#options.peer, this);
      this.#socket = undefined;
      this.#corked = [];
      this.#corkedBytes = 0;
      if (this.#closed) return;
      this.#options.onClosed(this.#untried.length === 0);
      this.#cancelRetry = clock.after(this.#pauseMs(), () => this.#connect());
    });
  }

  #pauseMs(): number {
    if (this.#untried.length > 0) return minRetryMs;
    const pauseMs = this.#retryMs;
    this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
    return pauseMs;
  }

  #receiveOrRefuse(socket: Socket, reader: FrameReader, chunk: Buffer): void {
    try {
      this.#receive(socket, reader, chunk);
    } catch (error) {
      this.#refuse(socket, error instanceof FrameError ? error.message : String(error));
    }
  }

  #receive(socket: Socket, reader: FrameReader, chunk: Buffer): void {
    reader.add(chunk);
    const frames: Frame[] = [];
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      if (frame.kind === frameKinds.refused) this.#noteRefusal(frame);
      else if (this.#connected) frames.push(frame);
      else if (!this.#meet(socket, reader, frame)) return;
    }
    if (frames.length === 0) return;
    const counted = this.#options.onFrames(frames, this);
    if (counted !== undefined) this.#afterDisk(socket, counted, () => void socket.resume());
  }

  /** HELLO-1, on the connecting side. */
  #meet(socket: Socket, reader: FrameReader, frame: Frame): boolean {
    const { introductions, peer, sockets } = this.#options;
    const met = introductions.check(frame, peer, sockets.namesOf(socket));
    if (!met.ok) {
      this.#refuse(socket, met.reason, met.stops);
      return false;
    }
    this.#afterDisk(socket, introductions.remembered(), () => {
      if (socket === this.#socket) this.#arrive(met, socket, reader);
    });
    return false;
  }

  #arrive(met: Introduced, socket: Socket, reader: FrameReader): void {
    const { introductions, peer } = this.#options;
    const { run, runs, takesPart } = met;
    socket.pause(); // What comes meanwhile is not read.
    this.#options.runs.arrive(peer, { run, runs, takesPart, connection: this }, (other) => {
      socket.resume();
      if (socket !== this.#socket)
        this.#options.runs.closed(peer, this); // The attempt was cancelled meanwhile.
      else if (other === undefined) this.#open(met, socket, reader);
      else {
        const text = inItsPlace(peer, run, other, introductions.identity.nodeId);
        this.#refuse(socket, text, other.stops); // RUN-3, RUN-4
      }
    });
  }

  /** What comes on this socket meanwhile is not read. */
  #afterDisk(socket: Socket, durable: Promise<void> | undefined, act: () => void): void {
    if (durable === undefined) {
      act();
      return;
    }
    socket.pause();
    durable.then(act).catch((error: unknown) => {
      if (error instanceof DiskError) this.#options.onDiskError(error);
      else if (socket === this.#socket && this.isOpen)
        this.#refuse(socket, error instanceof FrameError ? error.message : String(error));
    });
  }

  #open(met: Introduced, socket: Socket, reader: FrameReader): void {
    this.#cancelTimeout();
    reader.allowAll();
    this.#connected = true;
    this.#retryMs = minRetryMs;
    this.#reached = this.#address;
    this.#untried = [];
    this.#options.onOpen(met, this.#address);
    this.#receiveOrRefuse(socket, reader, Buffer.alloc(0)); // What came behind the hello.
  }

  get isOpen(): boolean {
    const socket = this.#socket;
    return socket !== undefined && !socket.destroyed && !socket.writableEnded;
  }

  get remote(): string {
    return this.#address;
  }

  ask(other: OtherRun): void {
    this.#socket?.write(encodeJsonFrame(frameKinds.ping, other));
  }

  reply(): void {
    this.sendJson(frameKinds.pong, {});
  }

  destroy(): void {
    this.#connected = false;
    this.#socket?.destroy();
  }

  #refuse(socket: Socket, reason: string, stops = false): void {
    const { peer, clock, introductions, log, once } = this.#options;
    const address = this.#address;
    this.#connected = false;
    this.#retryMs = maxRetryMs; // TRANSPORT-5
    once.say(peer, 'refused', () => log.error({ peer, address }, `Refused a peer: ${reason}`));
    socket.end(encodeRefusal(reason, stops ? introductions.identity : undefined));
    clock.after(maxRetryMs, () => void socket.destroy());
  }

  #noteRefusal(frame: Frame): void {
    const { introductions, peer, log, once, onOtherRun } = this.#options;
    const text = refusalText(frame);
    const address = this.#address;
    this.#retryMs = maxRetryMs; // TRANSPORT-5
    once.say(peer, text, () => log.error({ peer, address }, `The peer refuses this node: ${text}`));
    const stopping = readRunRefusal(frame);
    if (stopping !== undefined && introductions.isOfMember(stopping, peer))
      onOtherRun(new OtherRunError(stopping.text)); // RUN-5
  }

  /** What else than a network can end a connection: somebody has to put it right (PEER-1). */
  #noteUnproven(error: Error): void {
    const { peer, log, once, sockets } = this.#options;
    const address = this.#address;
    const { message } = error;
    const isOfNetwork = 'syscall' in error || ('code' in error && error.code === 'ECONNRESET');
    if (sockets.readyEvent === 'connect' || this.#connected || isOfNetwork) return;
    once.say(peer, 'unproven', () =>
      log.error({ peer, address }, `The handshake with the peer failed: ${message}.`),
    );
  }

  #closeSilent(socket: Socket): void {
    const { peer, log, once } = this.#options;
    const address = this.#address;
    once.say(peer, 'silent', () =>
      log.warn(
        { peer, address },
        `The peer accepted a connection and did not identify itself within ${String(handshakeTimeoutMs)} ms.`,
      ),
    );
    socket.destroy();
  }
}
