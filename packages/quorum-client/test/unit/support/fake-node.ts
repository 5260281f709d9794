/** A lease node as the transport sees it: real WebSockets on loopback, whose answers the test decides. */
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';

/** What a node reads at most. */
const maxFrameBytes = 1024 * 1024;

export type Request = readonly [id: number, operation: string, body?: unknown];

export class FakeNode {
  readonly #server: WebSocketServer;
  /** Of all connections, in order. */
  readonly requests: Request[] = [];
  readonly frameBytes: number[] = [];
  readonly connections: WebSocket[] = [];
  /** What it answers at once. By default: nothing, as one whose connection is dead. */
  handle: (request: Request) => void = () => undefined;
  /** Lets a connection that comes in open. */
  admit: (open: () => void) => void = (open) => open();
  #watchers: (() => void)[] = [];

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.connections.push(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#changed());
      socket.on('message', (data: Buffer) => {
        this.frameBytes.push(data.length);
        for (const request of JSON.parse(data.toString()) as Request[]) {
          this.requests.push(request);
          this.handle(request);
        }
        this.#changed();
      });
      this.#changed();
    });
  }

  static async start(): Promise<FakeNode> {
    const node: FakeNode = new FakeNode(
      new WebSocketServer({
        host: '127.0.0.1',
        port: 0,
        maxPayload: maxFrameBytes,
        verifyClient: (_info, verified) => node.admit(() => verified(true)),
      }),
    );
    await new Promise((resolve) => node.#server.once('listening', resolve));
    return node;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  /** Of the newest connection. */
  get connection(): WebSocket {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error('Nobody has connected.');
    return connection;
  }

  get operations(): string[] {
    return this.requests.map(([, operation]) => operation);
  }

  send(...answers: readonly (readonly unknown[])[]): void {
    this.connection.send(JSON.stringify(answers), { binary: true });
  }

  /** Resolves when it is so. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => void this.#watchers.push(resolve));
  }

  asked(count: number): Promise<void> {
    return this.until(() => this.requests.length >= count);
  }

  /** Resolves when the client has read all that was sent. */
  async isRead(): Promise<void> {
    const { connection } = this;
    const read = new Promise((resolve) => connection.once('pong', resolve));
    connection.ping();
    await read;
  }

  stop(): void {
    for (const connection of this.connections) connection.terminate();
    this.#server.close();
  }

  #changed(): void {
    for (const watch of this.#watchers.splice(0)) watch();
  }
}
