/**
 * The one connection that this node keeps to a peer: messages and calls leave on it. What the peer
 * has to say comes on the connection that the peer keeps to this node; only a peer that keeps none,
 * because its log does not yet tell it of this node, answers on this one.
 *
 * T1: a slow or dead peer costs at most `maxBufferedBytes`: beyond it, and while there is no
 *     connection, raft messages are dropped (the protocol repeats what matters).
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { MemberId, Message } from '@holdfast/raft';
import type { Clock } from '../clock.ts';
import type { EngineLog } from '../types.ts';
import { encodeJsonFrame, encodeMessageFrame, FrameReader, frameKinds } from './frames.ts';
import type { Frame } from './frames.ts';

export const maxBufferedBytes: number = 16 * 1024 * 1024;
const connectTimeoutMs = 1000;
const minRetryMs = 20;
const maxRetryMs = 1000;

export interface OutgoingOptions {
  readonly peer: MemberId;
  readonly address: string;
  readonly hello: object;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly onOpen: () => void;
  /** The peer answers on this connection. */
  readonly onFrames: (frames: readonly Frame[]) => void;
  /** The connection broke, or an attempt failed. */
  readonly onClosed: () => void;
}

export class Outgoing {
  readonly #options: OutgoingOptions;
  #socket: Socket | undefined;
  #connected = false;
  #closed = false;
  #retryMs = minRetryMs;
  #cancelRetry: (() => void) | undefined;
  #refusal: string | undefined;
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

  /** Returns false when the message was dropped (T1). */
  sendMessage(message: Message): boolean {
    const socket = this.#socket;
    if (socket === undefined || !this.#connected) return false;
    if (socket.writableLength > maxBufferedBytes) return false;
    this.#write(encodeMessageFrame(message));
    return true;
  }

  sendJson(kind: 3 | 4 | 5, value: unknown): boolean {
    const socket = this.#socket;
    if (socket === undefined || !this.#connected) return false;
    if (socket.writableLength > maxBufferedBytes) return false;
    this.#write(encodeJsonFrame(kind, value));
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
    const separator = this.#options.address.lastIndexOf(':');
    const host = this.#options.address.slice(0, separator);
    const port = Number(this.#options.address.slice(separator + 1));
    const socket = connect({ host, port, noDelay: true });
    this.#socket = socket;
    const reader = new FrameReader();
    const cancelTimeout = this.#options.clock.after(connectTimeoutMs, () => {
      if (!this.#connected) socket.destroy(new Error('connecting took too long'));
    });
    socket.on('connect', () => {
      cancelTimeout();
      this.#connected = true;
      socket.write(encodeJsonFrame(frameKinds.hello, this.#options.hello));
      this.#retryMs = minRetryMs;
      this.#options.onOpen();
    });
    socket.on('data', (chunk) => {
      try {
        const frames = reader.push(chunk);
        for (const frame of frames) {
          if (frame.kind === frameKinds.refused) this.#noteRefusal(frame.body.toString('utf8'));
        }
        this.#options.onFrames(frames.filter(({ kind }) => kind !== frameKinds.refused));
      } catch {
        socket.destroy();
      }
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
      const delayMs = this.#refusal === undefined ? this.#retryMs : maxRetryMs;
      this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
      this.#cancelRetry = this.#options.clock.after(delayMs, () => this.#connect());
    });
  }

  #noteRefusal(text: string): void {
    if (this.#refusal === text) return;
    this.#refusal = text;
    this.#options.log.error({ peer: this.#options.peer }, `The peer refuses this node: ${text}`);
  }
}
