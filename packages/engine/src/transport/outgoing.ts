/**
 * The one connection that this node keeps to a peer: messages and calls leave on it. What the peer
 * has to say comes on the connection that the peer keeps to this node; only a peer that keeps none,
 * because its log does not yet tell it of this node, answers on this one.
 *
 * T1: a slow or dead peer costs at most `maxBufferedBytes`: beyond it, and while there is no
 *     connection, raft messages are dropped (the protocol repeats what matters).
 * T5: who is refused, or breaks the protocol, is tried again only after the longest pause.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { hostPortOf } from '@holdfast/protocol';
import type { MemberId, Message } from '@holdfast/raft';
import { maxHelloBytes } from '../bounds.ts';
import type { Clock } from '../clock.ts';
import type { EngineLog } from '../types.ts';
import { encodeJsonFrame, FrameError, FrameReader, frameKinds } from './frames.ts';
import type { Frame } from './frames.ts';
import { encodeRefusal, handshakeTimeoutMs, refusalText } from './hello.ts';
import type { Introductions } from './hello.ts';
import { encodeMessageFrame } from './messages.ts';
import type { Once } from './once.ts';

export const maxBufferedBytes: number = 16 * 1024 * 1024;
const connectTimeoutMs = 1000;
const minRetryMs = 20;
const maxRetryMs = 1000;

export interface OutgoingOptions {
  readonly peer: MemberId;
  readonly address: string;
  readonly introductions: Introductions;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly once: Once;
  /** Both sides have shown who they are. */
  readonly onOpen: (clientUrl: string) => void;
  /** The peer answers on this connection. */
  readonly onFrames: (frames: readonly Frame[]) => void;
  /** The connection broke, or an attempt failed. */
  readonly onClosed: () => void;
}

export class Outgoing {
  readonly #options: OutgoingOptions;
  #socket: Socket | undefined;
  /** Only after the peer has shown who it is (HELLO-1). */
  #connected = false;
  #closed = false;
  #retryMs = minRetryMs;
  #cancelRetry: (() => void) | undefined;
  #corked: Buffer[] = [];

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#connect();
  }

  get address(): string {
    return this.#options.address;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Returns false when the message was dropped (T1). @throws FrameTooLargeError */
  sendMessage(message: Message): boolean {
    if (!this.#canSend()) return false;
    this.#write(encodeMessageFrame(message, this.#options.peer));
    return true;
  }

  /** Returns false when nothing was sent. @throws FrameTooLargeError */
  sendJson(kind: 3 | 4 | 5, value: unknown): boolean {
    if (!this.#canSend()) return false;
    this.#write(encodeJsonFrame(kind, value, this.#options.peer));
    return true;
  }

  /** The peer was heard of: do not wait for the next attempt. */
  retryNow(): void {
    if (this.#closed || this.#socket !== undefined) return;
    this.#cancelRetry?.();
    this.#retryMs = minRetryMs;
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#socket?.destroy();
  }

  #canSend(): boolean {
    const socket = this.#socket;
    return socket !== undefined && this.#connected && socket.writableLength <= maxBufferedBytes;
  }

  /** All frames of one event-loop turn leave in one write. */
  #write(frame: Buffer): void {
    this.#corked.push(frame);
    if (this.#corked.length > 1) return;
    queueMicrotask(() => {
      const frames = this.#corked;
      this.#corked = [];
      if (this.#socket === undefined || !this.#connected) return;
      this.#socket.write(
        frames.length === 1 && frames[0] !== undefined ? frames[0] : Buffer.concat(frames),
      );
    });
  }

  #connect(): void {
    const { address, clock, introductions, log, once, peer } = this.#options;
    const parts = hostPortOf(address);
    if (parts === undefined) {
      // It is as the log has it, and may be somebody's slip: the node lives on without this peer.
      once.say(peer, 'address', () =>
        log.error({ peer, address }, 'The address of this peer is not host:port.'),
      );
      return;
    }
    const socket = connect({ ...parts, noDelay: true });
    this.#socket = socket;
    const reader = new FrameReader(maxHelloBytes);
    const giveUp = (): void => void socket.destroy();
    let cancelTimeout = clock.after(connectTimeoutMs, giveUp);
    socket.on('connect', () => {
      cancelTimeout();
      cancelTimeout = clock.after(handshakeTimeoutMs, () => {
        this.#giveUpSilent(socket);
      });
      socket.write(introductions.helloFor(peer));
    });
    socket.on('data', (chunk) => {
      if (socket.writableEnded) return; // Refused: what else it says does not count.
      const wasConnected = this.#connected;
      try {
        this.#receive(socket, reader, chunk);
      } catch (error) {
        this.#refuse(socket, error instanceof FrameError ? error.message : String(error));
      }
      if (!wasConnected && this.#connected) cancelTimeout();
    });
    socket.on('error', () => {
      // 'close' follows and acts.
    });
    socket.on('close', () => {
      cancelTimeout();
      this.#connected = false;
      this.#socket = undefined;
      this.#corked = [];
      if (this.#closed) return;
      this.#options.onClosed();
      const delayMs = this.#retryMs;
      this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
      this.#cancelRetry = clock.after(delayMs, () => this.#connect());
    });
  }

  #receive(socket: Socket, reader: FrameReader, chunk: Buffer): void {
    reader.add(chunk);
    const frames: Frame[] = [];
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      if (frame.kind === frameKinds.refused) this.#noteRefusal(refusalText(frame));
      else if (this.#connected) frames.push(frame);
      else if (!this.#meet(socket, reader, frame)) return;
    }
    if (frames.length > 0) this.#options.onFrames(frames);
  }

  /** HELLO-1, on the connecting side. */
  #meet(socket: Socket, reader: FrameReader, frame: Frame): boolean {
    const { introductions, peer } = this.#options;
    const met = introductions.check(frame, peer);
    if (!met.ok) {
      this.#refuse(socket, met.reason);
      return false;
    }
    reader.allowAll();
    this.#connected = true;
    this.#retryMs = minRetryMs;
    this.#options.onOpen(met.clientUrl);
    return true;
  }

  #refuse(socket: Socket, reason: string): void {
    const { peer, address, clock, log, once } = this.#options;
    this.#connected = false;
    this.#retryMs = maxRetryMs; // T5
    once.say(peer, 'refused', () => log.error({ peer, address }, `Refused a peer: ${reason}`));
    socket.end(encodeRefusal(reason));
    clock.after(maxRetryMs, () => void socket.destroy());
  }

  #noteRefusal(text: string): void {
    const { peer, address, log, once } = this.#options;
    this.#retryMs = maxRetryMs; // T5
    once.say(peer, text, () => log.error({ peer, address }, `The peer refuses this node: ${text}`));
  }

  #giveUpSilent(socket: Socket): void {
    const { peer, address, log, once } = this.#options;
    once.say(peer, 'silent', () =>
      log.warn(
        { peer, address },
        `The peer accepted a connection and did not show who it is within ${String(handshakeTimeoutMs)} ms.`,
      ),
    );
    socket.destroy();
  }
}
