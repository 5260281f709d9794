/** Frames of a stream to a lease node. */
import assert from 'node:assert/strict';
import type { WebSocket } from 'ws';

/** A client by hand: frames as they come. */
export class Client {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  readonly #frames: unknown[] = [];
  #look: () => void = () => undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      this.#frames.push(JSON.parse(data.toString()));
      this.#look();
    });
    this.closed = new Promise((resolve) => void socket.on('close', resolve));
  }

  send(frame: unknown): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** The next frame that came. */
  async next(): Promise<unknown> {
    while (this.#frames.length === 0)
      await new Promise<void>((resolve) => void (this.#look = resolve));
    return this.#frames.shift();
  }

  /** All that was sent before has been taken; nothing else came meanwhile. */
  async settle(): Promise<void> {
    this.send([[0, 'ping']]);
    assert.deepEqual(await this.next(), [[0, {}]]);
  }
}

/** `[id, code]` of each answer that is a problem, `[id, answer]` of the others. */
export const told = (frame: unknown): unknown =>
  (frame as [number, object | null, { code: string }?][]).map(([id, answer, problem]) => [
    id,
    problem?.code ?? answer,
  ]);
