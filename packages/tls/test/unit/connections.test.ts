import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, createServer as createPlainServer, Socket } from 'node:net';
import type { Server } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { connect as connectSecurely } from 'node:tls';
import { Connections, networkOf } from '../../src/index.ts';
import { authority, Lines, listening, nodeOf } from '../support.ts';

interface Ported {
  readonly connections: Connections;
  readonly log: Lines;
  /** A connection from an address of this machine, once the port has it or has closed it. */
  readonly open: (from?: string) => Promise<Socket>;
}

async function portOf(t: TestContext, most: number, mostPerAddress: number): Promise<Ported> {
  const log = new Lines();
  const server: Server = createPlainServer();
  const taken = new Set<Socket>();
  const connections = new Connections(server, { port: 'test', most, mostPerAddress, log });
  server.on('connection', (socket) => {
    taken.add(socket);
    socket.on('error', () => undefined);
    if (!socket.destroyed) socket.write('.');
  });
  const port = await listening(server);
  const ends: Socket[] = [];
  t.after(() => {
    for (const socket of [...taken, ...ends]) socket.destroy();
    server.close();
  });
  const open = async (from = '127.0.0.1'): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from });
    ends.push(socket);
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => {
      socket.once('data', () => resolve());
      socket.once('close', () => resolve());
    });
    return socket;
  };
  return { connections, log, open };
}

/** `once` would fail where the connection ends with an error. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.resume().once('close', () => resolve());
  });
/** As the port sees it. */
const endsOf = ({ localAddress, localPort, remoteAddress }: Socket): object => ({
  remoteAddress: localAddress,
  remotePort: localPort,
  localAddress: remoteAddress,
});

/** Of connections that the system has handed out like this. */
function withoutPort(most: number): {
  readonly connections: Connections;
  readonly arrive: (socket: Socket) => Socket;
} {
  const server = createPlainServer();
  const limits = { port: 'test', most, mostPerAddress: 0, log: new Lines() };
  const connections = new Connections(server, limits);
  const arrive = (socket: Socket): Socket => {
    server.emit('connection', socket);
    return socket;
  };
  return { connections, arrive };
}

async function end(socket: Socket): Promise<void> {
  const gone = once(socket, 'close');
  socket.destroy();
  await gone;
}

const socketFrom = (remotePort: number): Socket =>
  Object.defineProperties(new Socket(), {
    remoteAddress: { value: '192.0.2.1' },
    remotePort: { value: remotePort },
    localAddress: { value: '192.0.2.2' },
  });

describe('the connections of a port', { timeout: 20_000 }, () => {
  it('are bounded: of an address with too many the one that is idle for longest goes (CONNECTION-BOUND-1)', async (t) => {
    const { connections, open } = await portOf(t, 10, 2);
    const other = await open('127.0.0.2');
    const first = await open();
    const second = await open();
    connections.busy(endsOf(first))();
    const third = await open();
    await closed(second);
    assert.deepEqual(
      [first, third, other].map((socket) => socket.closed),
      [false, false, false],
    );
    assert.equal(connections.size, 3);
  });

  it('are bounded: where all have too many, the one of all that is idle for longest goes', async (t) => {
    const { connections, open } = await portOf(t, 2, 0);
    const first = await open('127.0.0.2');
    const second = await open();
    const third = await open();
    await closed(first);
    assert.deepEqual([second.closed, third.closed], [false, false]);
    assert.equal(connections.size, 2);
  });

  it('stay where a request is under way, and the new one is closed, which is logged', async (t) => {
    const { connections, log, open } = await portOf(t, 10, 2);
    const used = [await open(), await open()];
    const dones = used.map((socket) => connections.busy(endsOf(socket)));
    await closed(await open());
    await log.find(/^Refused a connection: the 2 of one address .* are all in use\.$/);
    assert.deepEqual(
      used.map((socket) => socket.closed),
      [false, false],
    );
    // Another address is not concerned.
    assert.equal((await open('127.0.0.2')).closed, false);
    dones[1]?.();
    const next = await open();
    assert.equal(next.closed, false);
    await closed(used[1] as Socket);
  });

  it('are forgotten when they are closed', async (t) => {
    const { connections, open } = await portOf(t, 10, 1);
    const first = await open();
    const done = connections.busy(endsOf(first));
    first.destroy();
    while (connections.size > 0) await new Promise((resolve) => setImmediate(resolve));
    done();
    done();
    assert.equal(connections.addresses, 0);
    assert.equal((await open()).closed, false);
    assert.equal(connections.size, 1);
  });

  it('that were reset before they were accepted are closed at once (CONNECTION-BOUND-3)', () => {
    const { connections, arrive } = withoutPort(1);
    // Of these the system tells no address any more.
    const gone = [arrive(new Socket()), arrive(new Socket())];
    assert.deepEqual(
      gone.map(({ destroyed }) => destroyed),
      [true, true],
    );
    assert.deepEqual([connections.size, connections.addresses], [0, 0]);
  });

  it('of a port that is used again are each given back once, and stay bounded (CONNECTION-BOUND-3)', async () => {
    const { connections, arrive } = withoutPort(2);
    const [old, next] = [arrive(socketFrom(1)), arrive(socketFrom(1))];
    assert.equal(connections.size, 2);
    await end(old);
    assert.equal(connections.size, 1);
    // What is left of the two is the one on which requests are.
    connections.busy(next);
    const third = arrive(socketFrom(3));
    connections.busy(third);
    const refused = [arrive(socketFrom(4)), arrive(socketFrom(5))];
    assert.deepEqual(
      refused.map(({ destroyed }) => destroyed),
      [true, true],
    );
    assert.equal(connections.size, 2);
    await Promise.all([end(next), end(third)]);
    assert.deepEqual([connections.size, connections.addresses], [0, 0]);
  });

  for (const isSecure of [false, true])
    it(`of HTTP are in use while they are answered: ${isSecure ? 'TLS' : 'plain'}`, async (t) => {
      const answers: (() => void)[] = [];
      const own = await nodeOf('node-1');
      const asked = (_request: unknown, response: { end(text: string): void }): void => {
        answers.push(() => response.end('answer'));
        wake();
      };
      let wake = (): void => undefined;
      const server: HttpServer = isSecure
        ? createSecureServer({ cert: own.certificate, key: own.key }, asked)
        : createServer(asked);
      const log = new Lines();
      const limits = { port: 'http', most: 10, mostPerAddress: 1, log };
      const connections = Connections.ofHttp(server, limits);
      const port = await listening(server);
      t.after(() => {
        server.closeAllConnections();
        server.close();
      });
      const ca = authority.pair.certificate;
      const open = (): Socket => {
        const socket = isSecure
          ? connectSecurely({ host: '127.0.0.1', port, ca })
          : connect({ host: '127.0.0.1', port });
        t.after(() => socket.destroy());
        socket.on('error', () => undefined);
        return socket;
      };
      const first = open();
      const isAsked = new Promise<void>((resolve) => (wake = resolve));
      first.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      await isAsked;
      await closed(open());
      assert.equal(first.closed, false);
      const heard = once(first, 'data');
      answers[0]?.();
      assert.match(String((await heard)[0]), /answer/);
      // Kept alive, and idle again.
      const isAskedAgain = new Promise<void>((resolve) => (wake = resolve));
      const next = open();
      next.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      await Promise.all([isAskedAgain, closed(first)]);
      assert.equal(connections.size, 1);
      assert.equal(next.closed, false);
    });

  it('of one network are of one address', () => {
    assert.equal(networkOf('2001:db8::1'), networkOf('2001:db8:0:0:ffff::2'));
    assert.notEqual(networkOf('2001:db8::1'), networkOf('2001:db8:0:1::1'));
    assert.equal(networkOf('::ffff:192.0.2.1'), '192.0.2.1');
  });
});
