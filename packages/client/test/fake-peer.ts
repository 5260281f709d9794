/** A node as the client sees it: a real WebSocket on loopback whose answers the test decides. */
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly id: number;
  readonly operation: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly ackedBelow: number | undefined;
  readonly answer: (body: object) => void;
  readonly refuse: (code: string) => void;
}

const pushText = (kind: string, body: object): string =>
  JSON.stringify([[0, kind, kind === 'cluster' ? { cluster_id: 'test', ...body } : body]]);

export class FakePeer {
  readonly #server: WebSocketServer;
  readonly received: Received[] = [];
  /** Decides each answer; the default answers what a node would. */
  handle: (request: Received) => void = (request) => this.answerNormally(request);
  /** What it says of the cluster to whoever connects; undefined: nothing. */
  greeting: object | undefined = { node_id: 'n1', leader: 'n1', members: [] };
  #nextToken = 1;
  #sockets = new Set<WebSocket>();
  #watchers: (() => void)[] = [];

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      if (this.greeting !== undefined) socket.send(pushText('cluster', this.greeting));
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('message', (data: Buffer) => {
        for (const [id, operation, body, ackedBelow] of JSON.parse(data.toString()) as [
          number,
          string,
          Record<string, unknown>,
          number | undefined,
        ][]) {
          const request: Received = {
            id,
            operation,
            body,
            ackedBelow,
            answer: (answer) => socket.send(JSON.stringify([[id, 0, answer]])),
            refuse: (code) =>
              socket.send(JSON.stringify([[id, 1, { code, detail: `refused: ${code}` }]])),
          };
          this.received.push(request);
          this.handle(request);
          for (const watch of this.#watchers.splice(0)) watch();
        }
      });
    });
  }

  static async start(): Promise<FakePeer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await new Promise((resolve) => server.once('listening', resolve));
    return new FakePeer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  answerNormally(request: Received): void {
    const { operation, body } = request;
    if (operation === 'create_session')
      request.answer({
        session_id: 's1',
        client_id: 'c',
        timeout: body['timeout'] ?? 10,
        keepalive_interval: 3,
      });
    else if (operation === 'campaign')
      request.answer({ elected: true, resource: body['name'], fence_token: this.#nextToken++ });
    else if (operation === 'acquire') {
      request.answer({
        acquired: true,
        resource: body['name'],
        fence_token: this.#nextToken++,
        mode: 'exclusive',
        hold_count: 1,
        session_id: 's1',
        revision: 1,
      });
    } else if (operation === 'hello') request.answer({ identity: 'somebody' });
    else request.answer({});
  }

  /** Resolves when a request like this has come (it may have already). */
  async next(operation: string, count = 1): Promise<Received> {
    for (;;) {
      const matching = this.received.filter((request) => request.operation === operation);
      const found = matching[count - 1];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  push(kind: string, body: object): void {
    for (const socket of this.#sockets) socket.send(pushText(kind, body));
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  async close(): Promise<void> {
    this.dropConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
