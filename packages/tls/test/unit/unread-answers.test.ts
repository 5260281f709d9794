/** Answers that nobody reads. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { connect as connectSecurely } from 'node:tls';
import { assertSoon, untilSo } from '../../../checker/src/waits.ts';
import { Connections } from '../../src/index.ts';
import { UnreadAnswers } from '../../src/unread-answers.ts';
import { authority, Lines, listening, nodeOf } from '../support.ts';

/** A connection of which a test says what is to be sent and what has left. */
class Played extends Socket {
  queued = 0;
  total = 0;
  inKernel = 0;

  constructor() {
    super();
    Object.defineProperty(this, 'writableLength', { get: () => this.queued });
    Object.defineProperty(this, 'bytesWritten', { get: () => this.total });
  }
}

const stage = (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const unread: Socket[] = [];
  const answers = new UnreadAnswers((socket) => unread.push(socket), 30_000);
  const socket = new Played();
  Reflect.set(socket, '_handle', {
    get writeQueueSize() {
      return socket.queued - socket.inKernel;
    },
    close: () => undefined,
    getAsyncId: () => 0,
  });
  t.after(() => socket.destroy());
  return { answers, socket, unread, pass: (ms: number) => t.mock.timers.tick(ms) };
};

describe('an answer under way', () => {
  it('of which nothing leaves for 30 s costs its connection (UNREAD-1)', (t) => {
    const { answers, socket, unread, pass } = stage(t);
    answers.watch(socket);
    socket.total = socket.queued = 1000;
    pass(29_000);
    assert.equal(socket.destroyed, false);
    pass(6000);
    assert.equal(socket.destroyed, true);
    assert.deepEqual(unread, [socket]);
  });

  it('that has nothing to send lasts (UNREAD-1)', (t) => {
    const { answers, socket, pass } = stage(t);
    answers.watch(socket);
    pass(3_600_000);
    socket.total = socket.queued = 10;
    pass(20_000);
    socket.queued = 0;
    pass(3_600_000);
    assert.equal(socket.destroyed, false);
  });

  it('of which a part of one write leaves from time to time lasts (UNREAD-1)', (t) => {
    const { answers, socket, pass } = stage(t);
    answers.watch(socket);
    socket.total = socket.queued = 1_000_000;
    for (let at = 0; at < 100; at++) {
      pass(25_000);
      socket.inKernel += 1;
    }
    assert.equal(socket.destroyed, false);
  });

  it('to which the node adds, and on which its client asks for more, does not last longer for that (UNREAD-2)', (t) => {
    const { answers, socket, pass } = stage(t);
    answers.watch(socket);
    socket.total = socket.queued = 1000;
    for (let at = 0; at < 4; at++) {
      pass(9000);
      answers.watch(socket);
      socket.total += 100;
      socket.queued += 100;
      socket.inKernel += 100; // What is added stands behind the write under way.
    }
    assert.equal(socket.destroyed, true);
  });

  it('is looked at until it is over, and no longer', (t) => {
    const { answers, socket, pass } = stage(t);
    const [first, second] = [answers.watch(socket), answers.watch(socket)];
    socket.total = socket.queued = 1000;
    first();
    pass(10_000);
    second();
    pass(100_000);
    assert.equal(socket.destroyed, false);
  });
});

describe('a connection that ends', () => {
  it('is not kept for answers that do not tell that they are over (UNREAD-4)', (t) => {
    const { answers, socket } = stage(t);
    const over = [answers.watch(socket), answers.watch(socket)];
    assert.equal(answers.size, 1);
    socket.destroy();
    socket.emit('close', false); // Played: no handle tells that it is closed.
    assert.equal(answers.size, 0);
    for (const tell of over) tell();
    answers.watch(socket);
    assert.equal(answers.size, 0);
  });
});

const large = Buffer.alloc(64 * 1024 * 1024, 'x');

describe('a port of HTTP', () => {
  for (const secured of [false, true])
    it(`gives the place of a client back that does not read${secured ? ', over TLS' : ''}, whatever it asks meanwhile`, async (t) => {
      const handler = (_request: IncomingMessage, response: ServerResponse): void =>
        void response.end(large);
      const pair = secured ? await nodeOf('node-1') : undefined;
      const server =
        pair === undefined
          ? createServer(handler)
          : createSecureServer({ cert: pair.certificate, key: pair.key }, handler);
      const log = new Lines();
      const limits = { port: 'test', most: 10, mostPerAddress: 0, longestUnreadMs: 300, log };
      const connections = Connections.ofHttp(server, limits);
      const port = await listening(server);
      const client = secured
        ? connectSecurely({ port, host: '127.0.0.1', ca: authority.pair.certificate })
        : connect(port, '127.0.0.1');
      t.after(() => {
        client.destroy();
        server.close();
      });
      client.on('error', () => undefined);
      await once(client, secured ? 'secureConnect' : 'connect');
      const ask = (): void => void client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      ask();
      await untilSo(() => connections.size === 1, { what: 'it is there' });
      const asking = setInterval(ask, 50);
      t.after(() => clearInterval(asking));
      await assertSoon(() => connections.size === 0, { what: 'its place is free', pauseMs: 5 });
      assert.match(log.all.join('\n'), /has not read the answer/);
    });
});
