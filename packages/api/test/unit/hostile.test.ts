/** Who is slow, endless or larger than it seems is cut off, and costs nobody else anything (HOSTILE-1 to HOSTILE-3). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { credentials } from '@grpc/grpc-js';
import { streamPath } from '@holdfast/protocol';
import { WebSocket } from 'ws';
import { startApi } from '../../src/index.ts';
import type { Api } from '../../src/index.ts';
import { assertEnds } from '../../../checker/src/waits.ts';
import { healthOver } from './grpc/grpc-client.ts';
import { MemoryEngine } from '../memory-engine.ts';

const ignore = (): void => undefined;
const patienceMs = 400;

const api: Api = await startApi({
  engine: new MemoryEngine(),
  host: '127.0.0.1',
  port: 0,
  grpc: { host: '127.0.0.1', port: 0 },
  nodeId: 'node-1',
  version: '0',
  log: { info: ignore, warn: ignore, error: ignore },
  limits: { requestArrivalMs: patienceMs, maxFrameBytes: 4096, maxBodyBytes: 4096 },
});
after(() => api.close());

function open(t: TestContext): { readonly socket: Socket; readonly told: () => string } {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', ignore);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { socket, told: () => text };
}

/** Sends a part again and again until the connection ends. @returns How long that took. */
async function dripped(socket: Socket, part: string): Promise<number> {
  const startedMs = performance.now();
  const timer = setInterval(() => socket.write(part), 20);
  // `once` would fail with an error of what is still being written.
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await assertEnds(closed, { what: 'it is cut off' }).finally(() => clearInterval(timer));
  return performance.now() - startedMs;
}

const post = 'POST /sessions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';

describe('a connection over HTTP that', { concurrency: true }, () => {
  const slow: readonly (readonly [string, string, string])[] = [
    ['sends its headers byte by byte', 'GET /locks HTTP/1.1\r\nx: ', 'a'],
    ['sends its body byte by byte', `${post}content-length: 4000\r\n\r\n`, ' '],
    ['sends chunks without end, slowly', `${post}transfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
  ];
  for (const [name, begin, part] of slow)
    test(`${name} is cut off in time, and told why (HOSTILE-1)`, async (t) => {
      const { socket, told } = open(t);
      socket.write(begin);
      const tookMs = await dripped(socket, part);
      assert.ok(tookMs >= patienceMs - 50, String(tookMs));
      assert.match(told(), /^HTTP\/1\.1 408 /);
    });

  test('says nothing at all is cut off in time', async (t) => {
    const { socket } = open(t);
    socket.resume();
    await assertEnds(once(socket, 'close'), { what: 'it is cut off' });
  });

  test('sends a body without end is refused at the limit, before it is kept (HOSTILE-2)', async (t) => {
    const { socket, told } = open(t);
    socket.write(`${post}transfer-encoding: chunked\r\n\r\n`);
    // At once what is over the limit: how fast this machine is has nothing to do with it.
    await dripped(socket, `400\r\n${' '.repeat(1024)}\r\n`.repeat(5));
    assert.match(told(), /^HTTP\/1\.1 413 /);
  });

  test('sends headers without end is refused', async (t) => {
    const { socket, told } = open(t);
    socket.write('GET /locks HTTP/1.1\r\n');
    await dripped(socket, `x: ${'a'.repeat(4000)}\r\n`.repeat(5));
    assert.match(told(), /^HTTP\/1\.1 431 /);
  });

  test('sends what is compressed has it inflated by nobody (HOSTILE-3)', async () => {
    const { url } = api;
    const bomb = gzipSync(Buffer.alloc(1024 * 1024, ' '));
    assert.ok(bomb.length < 4096);
    const { status } = await fetch(`${url}/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: bomb,
    });
    assert.equal(status, 400);
  });

  test('sends a frame of a stream without end loses it at the limit (HOSTILE-2)', async (t) => {
    const { url } = api;
    const socket = new WebSocket(`${url.replace('http', 'ws')}${streamPath}`);
    t.after(() => socket.terminate());
    await once(socket, 'open');
    assert.equal(socket.extensions, '', 'Nothing is compressed.');
    const timer = setInterval(() => socket.send(' '.repeat(1000), { fin: false }), 1);
    const [code] = (await assertEnds(once(socket, 'close'))) as [number];
    clearInterval(timer);
    assert.equal(code, 1009);
  });
});

/** What is answered to a request that is sent as it stands; the connection ends with it. */
async function answered(url: string, head: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', ignore);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.write(`${head}connection: close\r\n\r\n`);
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return text;
}

test('a request that names two hosts is refused on every port of HTTP, before anything else (HOST-1)', async (t) => {
  const asked: string[] = [];
  const node = await startApi({
    engine: new MemoryEngine(),
    host: '127.0.0.1',
    port: 0,
    metricsListen: { host: '127.0.0.1', port: 0 },
    nodeId: 'node-1',
    version: '0',
    log: { info: ignore, warn: ignore, error: ignore },
    authorize: (_, { operation }) => {
      asked.push(operation);
    },
  });
  t.after(() => node.close());
  const upgrade =
    'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  for (const [url, path, more] of [
    [node.url, '/locks', ''],
    [node.url, '/nowhere', ''],
    [node.metricsUrl ?? '', '/metrics', ''],
  ] as const) {
    const told = await answered(url, `GET ${path} HTTP/1.1\r\nhost: a\r\nHost: b\r\n${more}`);
    assert.match(told, /^HTTP\/1\.1 400 [^]*more than one[^]*"code":"invalid_request"/, path);
    const odd = await answered(url, `GET ${path} HTTP/1.1\r\nhost: a/b\r\n${more}`);
    assert.match(odd, /^HTTP\/1\.1 400 [^]*"code":"invalid_request"/, path);
  }
  const stream = await answered(
    node.url,
    `GET ${streamPath} HTTP/1.1\r\nhost: a\r\nhost: a\r\n${upgrade}`,
  );
  assert.match(stream, /^HTTP\/1\.1 400 [^]*more than one/);
  assert.deepEqual(asked, []);
  assert.match(
    await answered(node.url, 'GET /locks HTTP/1.1\r\nhost: 127.0.0.1\r\n'),
    /^HTTP\/1\.1 200 /,
  );
  assert.deepEqual(asked, ['list_locks']);
});

describe('an upgrade that is refused (LAST-ANSWER-1)', () => {
  const upgrade =
    'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

  test('ends no process where its client resets the connection', async (t) => {
    const uncaught: unknown[] = [];
    const note = (error: unknown): void => void uncaught.push(error);
    process.on('uncaughtExceptionMonitor', note);
    t.after(() => process.off('uncaughtExceptionMonitor', note));
    const { socket } = open(t);
    await once(socket, 'connect');
    socket.write(`GET /nowhere HTTP/1.1\r\nhost: a\r\n${upgrade}`);
    await once(socket, 'data');
    socket.resetAndDestroy();
    const other = open(t);
    await once(other.socket, 'connect');
    other.socket.write(`GET /nowhere HTTP/1.1\r\nhost: a\r\n${upgrade}`);
    other.socket.resetAndDestroy();
    // What the node hears of it, it has heard when it has answered others.
    for (let answers = 0; answers < 3; answers++)
      assert.equal((await fetch(`${api.url}/livez`)).status, 200);
    assert.deepEqual(uncaught, []);
  });

  test('ends its connection where its client keeps that open', async (t) => {
    const socket = connect({
      port: Number(new URL(api.url).port),
      host: '127.0.0.1',
      allowHalfOpen: true,
    });
    t.after(() => socket.destroy());
    socket.on('error', ignore);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.write(`GET /nowhere HTTP/1.1\r\nhost: a\r\n${upgrade}`);
    assert.match(String(await once(socket, 'data')), /^HTTP\/1\.1 404 /);
    // The node has said that it sends nothing more; what still comes is answered with a reset in the end.
    const timer = setInterval(() => socket.write('x'), 50);
    t.after(() => clearInterval(timer));
    const patience = new Promise((_, reject) => {
      const late = setTimeout(() => reject(new assert.AssertionError({ message: 'open' })), 5000);
      t.after(() => clearTimeout(late));
    });
    await Promise.race([closed, patience]);
  });
});

test('of an address with too many connections those go that nobody uses, and no client stream', async (t) => {
  const bounded = await startApi({
    engine: new MemoryEngine(),
    host: '127.0.0.1',
    port: 0,
    nodeId: 'node-1',
    version: '0',
    log: { info: ignore, warn: ignore, error: ignore },
    limits: { maxConnectionsPerAddress: 2 },
  });
  t.after(() => bounded.close());
  const { url } = bounded;
  const stream = new WebSocket(`${url.replace('http', 'ws')}${streamPath}`);
  t.after(() => stream.terminate());
  await once(stream, 'open');
  let isGone = false;
  stream.once('close', () => (isGone = true));
  const idle: Socket[] = [];
  for (let count = 0; count < 5; count += 1) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    t.after(() => socket.destroy());
    socket.on('error', ignore);
    socket.resume();
    await once(socket, 'connect');
    idle.push(socket);
  }
  for (const socket of idle.slice(0, -1))
    if (!socket.closed) await assertEnds(once(socket, 'close'), { what: 'it is closed' });
  assert.equal(isGone, false);
  // Also who comes from the same address is answered.
  const [kept] = idle.slice(-1);
  kept?.write('GET /livez HTTP/1.1\r\nhost: a\r\n\r\n');
  const [answer] = (await once(kept as Socket, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 200 /);
  stream.send('[[1, "ping", {}]]');
  await once(stream, 'message');
});

test('health and reflection of gRPC are served unless that is switched off', async (t) => {
  const { grpcAddress = '' } = api;
  assert.equal(await healthOver(grpcAddress, credentials.createInsecure()), true);
  const closed = await startApi({
    engine: new MemoryEngine(),
    host: '127.0.0.1',
    port: 0,
    grpc: { host: '127.0.0.1', port: 0, health: false, reflection: false },
    nodeId: 'node-1',
    version: '0',
    log: { info: ignore, warn: ignore, error: ignore },
  });
  t.after(() => closed.close());
  const address = closed.grpcAddress ?? '';
  assert.equal(await healthOver(address, credentials.createInsecure()), undefined);
  for (const [at, expected] of [
    [grpcAddress, undefined],
    [address, '12'],
  ] as const) {
    const session = connectHttp2(`http://${at}`);
    t.after(() => session.destroy());
    const call = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    call.resume();
    call.end(Buffer.from([0, 0, 0, 0, 2, 58, 0]));
    const [headers] = (await once(call, 'response')) as [Readonly<Record<string, unknown>>];
    assert.equal(headers['grpc-status'], expected, at);
  }
});

test('a message of gRPC that inflates beyond the limit is refused before it is kept (HOSTILE-3)', async (t) => {
  const { grpcAddress = '', url } = api;
  const session = connectHttp2(`http://${grpcAddress}`);
  t.after(() => session.destroy());
  const call = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: '/holdfast.v1.Sessions/CreateSession',
    'content-type': 'application/grpc',
    'grpc-encoding': 'gzip',
    te: 'trailers',
  });
  const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024));
  const head = Buffer.alloc(5);
  head[0] = 1;
  head.writeUInt32BE(bomb.length, 1);
  const before = process.memoryUsage().rss;
  const status = new Promise<string>((resolve) => {
    const look = (headers: Readonly<Record<string, unknown>>): void => {
      const told = headers['grpc-status'];
      if (typeof told === 'string') resolve(told);
    };
    call.on('response', look);
    call.on('trailers', look);
  });
  call.resume();
  call.end(Buffer.concat([head, bomb]));
  assert.equal(await assertEnds(status), '8', 'RESOURCE_EXHAUSTED');
  assert.ok(process.memoryUsage().rss - before < 64 * 1024 * 1024);
  assert.equal((await fetch(`${url}/livez`)).status, 200);
});
