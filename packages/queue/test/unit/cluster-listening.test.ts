/** What hears a Redis Cluster, against servers that say just enough to be one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { untilSo } from '../../../checker/src/waits.ts';
import { RedisConnection } from '../../src/redis/connection.ts';
import { Connector } from '../../src/redis/connector.ts';

const bulk = (text: string): string => `$${String(text.length)}\r\n${text}\r\n`;
const channel = 'test:ready';

class PretendedServer {
  readonly sockets = new Set<Socket>();
  readonly listener = createServer((socket) => this.#take(socket));
  /** Of the connection that has subscribed. */
  subscriber: Socket | undefined;
  ports: () => readonly number[] = () => [this.port];

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  #take(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.sockets.delete(socket);
      if (this.subscriber === socket) this.subscriber = undefined;
    });
    socket.on('data', (data: Buffer) => {
      for (const command of data.toString().split(/(?=\*\d+\r\n)/))
        socket.write(this.#answer(command.toLowerCase(), socket));
    });
  }

  #answer(command: string, socket: Socket): string {
    if (command.includes('\r\ninfo\r\n')) return bulk('cluster_state:ok');
    if (command.includes('\r\nslots\r\n')) return this.#slots();
    if (!command.includes('\r\nsubscribe\r\n')) return '+OK\r\n';
    this.subscriber = socket;
    return `>3\r\n${bulk('subscribe')}${bulk(channel)}:1\r\n`;
  }

  #slots(): string {
    const ports = this.ports();
    const slots = ports.map((port, at) => {
      const first = Math.floor((16_384 * at) / ports.length);
      const last = Math.floor((16_384 * (at + 1)) / ports.length) - 1;
      return `*3\r\n:${String(first)}\r\n:${String(last)}\r\n*2\r\n${bulk('127.0.0.1')}:${String(port)}\r\n`;
    });
    return `*${String(ports.length)}\r\n${slots.join('')}`;
  }

  end(): void {
    this.listener.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

async function startServers(t: TestContext): Promise<readonly PretendedServer[]> {
  const servers = [new PretendedServer(), new PretendedServer()];
  for (const server of servers) {
    await once(server.listener.listen(0, '127.0.0.1'), 'listening');
    server.ports = () => servers.map(({ port }) => port);
    t.after(() => server.end());
  }
  return servers;
}

test('all sockets to a cluster are opened where each error of theirs is heard (RCONN-4)', async (t) => {
  const sockets = t.mock.method(Socket.prototype, 'connect');
  const opened = t.mock.method(Connector.prototype, 'connect');
  const servers = await startServers(t);
  const address = {
    urls: servers.map(({ port }) => `redis://127.0.0.1:${String(port)}`),
    isCluster: true,
  };
  const connection = new RedisConnection(address, 'test:', () => undefined);
  t.after(() => connection.close());
  const subscribed = (): boolean => servers.some(({ subscriber }) => subscriber !== undefined);
  await untilSo(subscribed, { what: 'something listens', longestMs: 10_000, pauseMs: 5 });
  assert.ok(sockets.mock.callCount() >= 2);
  assert.equal(opened.mock.callCount(), sockets.mock.callCount());
});

test('whoever listens to a cluster goes on at another of its servers, and is told that it may have missed something (RCONN-6)', async (t) => {
  const servers = await startServers(t);
  const [first] = servers;
  // The second one is found by asking the first.
  const address = { urls: [`redis://127.0.0.1:${String(first?.port)}`], isCluster: true };
  const connection = new RedisConnection(address, 'test:', () => undefined);
  t.after(() => connection.close());
  const heard: unknown[] = [];
  connection.onHeard((what) => heard.push(what));
  const listens = (server: PretendedServer | undefined): boolean =>
    server?.subscriber !== undefined;
  const until = (what: string, is: () => boolean): Promise<boolean> =>
    untilSo(is, { what, longestMs: 10_000, pauseMs: 5 });
  await until('it knows all servers', () => connection.isConnected && servers.some(listens));
  const [from, to] = listens(first) ? servers : servers.toReversed();
  heard.length = 0;
  from?.end();
  const goesOn = until('the other one is heard', () => listens(to) && heard.length > 0);
  assert.ok(
    await goesOn.then(
      () => true,
      () => false,
    ),
    'The other server is not listened to.',
  );
  assert.deepEqual(heard[0], undefined);
  const told = { queue: 'mail', count: 2 };
  to?.subscriber?.write(`>3\r\n${bulk('message')}${bulk(channel)}${bulk(JSON.stringify(told))}`);
  await until('a message is heard', () => heard.some((what) => isDeepStrictEqual(what, told)));
});
