/** A bare client of the stream, for tests: sends frames, collects answers and pushes. */
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';
import type { Problem } from '@holdfast/protocol';

export interface Reply {
  readonly failed: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

export class StreamClient {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  readonly frames: (readonly unknown[])[] = [];
  readonly pushes: (readonly [kind: string, body: Readonly<Record<string, unknown>>])[] = [];
  #pushWaiters: (() => void)[] = [];
  lastWasBinary = false;
  #nextId = 1;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    socket.on('message', (data, isBinary) => {
      this.lastWasBinary = isBinary;
      this.#receive((data as Buffer).toString());
    });
  }

  /** @param shown Certificates, and headers. */
  static async open(url: string, shown: ClientOptions = {}): Promise<StreamClient> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/stream`, shown);
    const client = new StreamClient(socket);
    await new Promise((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', reject);
    });
    return client;
  }

  #receive(text: string): void {
    const frame = JSON.parse(text) as readonly (readonly [number, unknown, Reply['body']])[];
    this.frames.push(frame);
    for (const [id, kind, body] of frame) {
      if (id === 0) {
        this.pushes.push([String(kind), body]);
        for (const waiter of this.#pushWaiters.splice(0)) waiter();
      } else {
        this.#waiting.get(id)?.({ failed: kind === 1, body });
        this.#waiting.delete(id);
      }
    }
  }

  get lastId(): number {
    return this.#nextId - 1;
  }

  call(operation: string, body: unknown, ackedBelow?: number, binary = false): Promise<Reply> {
    const [reply] = this.callAll(
      [ackedBelow === undefined ? [operation, body] : [operation, body, ackedBelow]],
      binary,
    );
    if (reply === undefined) throw new Error('One call has one reply.');
    return reply;
  }

  /** All in one frame. */
  callAll(
    calls: readonly (readonly [operation: string, body: unknown, below?: number])[],
    binary = false,
  ): Promise<Reply>[] {
    const replies: Promise<Reply>[] = [];
    const frame = calls.map(([operation, body, below]) => {
      const id = this.#nextId++;
      replies.push(new Promise((resolve) => this.#waiting.set(id, resolve)));
      return below === undefined ? [id, operation, body] : [id, operation, body, below];
    });
    const text = JSON.stringify(frame);
    this.sendText(binary ? Buffer.from(text) : text);
    return replies;
  }

  /** Of what is sent as text. */
  answerTo(id: number): Promise<Reply> {
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  sendText(text: string | Buffer): void {
    this.#socket.send(text);
  }

  /** Bytes that need not be text, in a frame that says that they are. */
  sendAsText(bytes: Buffer): void {
    this.#socket.send(bytes, { binary: false });
  }

  /** Stops to read; what the node sends piles up there. */
  pause(): void {
    this.#socket.pause();
  }

  async pushed(kind: string, count = 1): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      const found = this.pushes.filter(([pushKind]) => pushKind === kind)[count - 1];
      if (found !== undefined) return found[1];
      await new Promise<void>((resolve) => this.#pushWaiters.push(resolve));
    }
  }

  hangUp(): void {
    this.#socket.terminate();
  }
}

export const codeOf = (reply: Reply): Problem['code'] | undefined =>
  reply.failed ? (reply.body['code'] as Problem['code']) : undefined;
