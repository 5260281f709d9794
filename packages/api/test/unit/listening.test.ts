/** The addresses on which clients are served, and what is told of them: IPv6, and all addresses of a machine. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { streamPath } from '@holdfast/protocol';
import { WebSocket } from 'ws';
import { startApi } from '../../src/index.ts';
import type { Api, ApiOptions } from '../../src/index.ts';
import { MemoryEngine } from '../memory-engine.ts';

const ignore = (): void => undefined;

async function serve(
  t: TestContext,
  host: string,
  changes: Partial<ApiOptions> = {},
): Promise<Api> {
  const api = await startApi({
    engine: new MemoryEngine(),
    host,
    port: 0,
    nodeId: 'node-1',
    version: '0',
    log: { info: ignore, warn: ignore, error: ignore },
    ...changes,
  });
  t.after(() => api.close());
  return api;
}

async function post(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const asked = request(`${url}/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
  });
  asked.end('{}');
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode ?? 0;
}

describe('a node on an IPv6 address', () => {
  test('tells HTTP and gRPC with brackets, and is reached there', async (t) => {
    const api = await serve(t, '::1', { grpc: { host: '::1', port: 0 } });
    assert.match(api.url, /^http:\/\/\[::1\]:\d+$/);
    assert.match(api.grpcAddress ?? '', /^\[::1\]:\d+$/);
    assert.equal((await fetch(`${api.url}/livez`)).status, 200);
  });

  test('serves pages of its own origin, and no others', async (t) => {
    const api = await serve(t, '::1', { allowedOrigins: ['http://[::2]:3000'] });
    const { port } = new URL(api.url);
    assert.equal(await post(api.url, {}), 200);
    assert.equal(await post(api.url, { origin: api.url }), 200);
    assert.equal(await post(api.url, { origin: 'http://[::2]:3000' }), 200);
    for (const origin of [`http://127.0.0.1:${port}`, 'http://[::1]:1', 'http://[::1]', 'null'])
      assert.equal(await post(api.url, { origin }), 403, origin);
  });

  test('serves streams, of its own origin too', async (t) => {
    const api = await serve(t, '::1');
    const socket = new WebSocket(`${api.url.replace('http', 'ws')}${streamPath}`, {
      headers: { origin: api.url },
    });
    await once(socket, 'open');
    socket.close();
    await once(socket, 'close');
  });

  test('serves server-sent events', async (t) => {
    const api = await serve(t, '::1');
    const events = await fetch(`${api.url}/watch?prefix=a`);
    assert.equal(events.status, 200);
    assert.match(events.headers.get('content-type') ?? '', /^text\/event-stream/);
    await events.body?.cancel();
  });

  test('is named with brackets where it cannot listen', async (t) => {
    const api = await serve(t, '::1');
    const { port } = new URL(api.url);
    await assert.rejects(
      serve(t, '::1', { port: Number(port) }),
      new RegExp(`HTTP cannot listen on \\[::1\\]:${port}: the port may be in use`),
    );
  });
});

describe('a node on all addresses of its machine', () => {
  for (const [host, told] of [
    ['0.0.0.0', '127.0.0.1'],
    ['::', '[::1]'],
  ] as const)
    test(`${host} is told as ${told}, where it is reached`, async (t) => {
      const api = await serve(t, host, { grpc: { host, port: 0 } });
      assert.ok(api.url.startsWith(`http://${told}:`), api.url);
      assert.ok(api.grpcAddress?.startsWith(`${told}:`), api.grpcAddress);
      assert.equal((await fetch(`${api.url}/livez`)).status, 200);
    });

  test(':: is IPv4 as well', async (t) => {
    const api = await serve(t, '::');
    const { port } = new URL(api.url);
    assert.equal((await fetch(`http://127.0.0.1:${port}/livez`)).status, 200);
  });
});
