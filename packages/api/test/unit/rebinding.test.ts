/** Pages of another site, whose name was made to lead to a node on the machine of a person (HOST-2). */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { streamPath } from '@holdfast/protocol';
import { OwnHosts } from '@holdfast/tls';
import { foreignHost } from '../../src/http/origins.ts';
import { startApi } from '../../src/index.ts';
import type { Api, ApiOptions } from '../../src/index.ts';
import { callerFrom, provenCaller } from '../../src/pipeline/caller.ts';
import { MemoryEngine } from '../memory-engine.ts';

const ignore = (): void => undefined;
const upgrade =
  'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

async function node(t: TestContext, more: Partial<ApiOptions> = {}): Promise<Api> {
  const api = await startApi({
    engine: new MemoryEngine(),
    host: '127.0.0.1',
    port: 0,
    metricsListen: { host: '127.0.0.1', port: 0 },
    nodeId: 'node-1',
    version: '0',
    log: { info: ignore, warn: ignore, error: ignore },
    ownHosts: ['http://node-1.example:8080'],
    allowedOrigins: ['https://console.example'],
    ...more,
  });
  t.after(() => api.close());
  return api;
}

/** The head of what is answered; the connection ends with it. */
async function answered(url = '', request: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', ignore);
  let text = '';
  const isThere = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.startsWith('HTTP/1.1 101')) resolve();
    });
    socket.once('close', () => resolve());
  });
  socket.write(`${request}\r\n`);
  await isThere;
  socket.destroy();
  return text;
}

/** What such a page can send: to its browser this is its own server. */
const requests = (host: string): readonly (readonly [string, string])[] => [
  ['GET', `GET /locks HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n`],
  ['HEAD', `HEAD /locks HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n`],
  [
    'POST',
    `POST /sessions HTTP/1.1\r\nhost: ${host}\r\norigin: http://${host}\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`,
  ],
  ['a page', `GET / HTTP/1.1\r\nhost: ${host}\r\naccept: text/html\r\nconnection: close\r\n`],
  ['a path that there is not', `GET /x HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n`],
  [
    'a stream',
    `GET ${streamPath} HTTP/1.1\r\nhost: ${host}\r\norigin: http://${host}\r\n${upgrade}`,
  ],
];

test('a page whose name leads to a node on this machine is refused, whatever it asks for (HOST-2)', async (t) => {
  const api = await node(t);
  for (const [what, request] of requests('evil.example:8080')) {
    const told = await answered(api.url, request);
    assert.match(told, /^HTTP\/1\.1 403 /, what);
    if (what !== 'HEAD')
      assert.match(told, /evil\.example:8080[^]*show an API key[^]*http\.allowed_origins/, what);
  }
  const metrics = 'GET /metrics HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n';
  assert.match(await answered(api.metricsUrl, metrics), /^HTTP\/1\.1 403 /);
});

test('names of the node, of this machine and of allowed origins are answered, and probes (HOST-2)', async (t) => {
  const api = await node(t);
  for (const host of ['127.0.0.1:1', 'localhost', 'node-1.example:9', 'console.example'])
    for (const [what, request] of requests(host))
      assert.doesNotMatch(
        await answered(api.url, request.replace(/origin: .*\r\n/, '')),
        /^HTTP\/1\.1 403 /,
        what,
      );
  const probe = 'GET /livez HTTP/1.1\r\nhost: balancer.example\r\nconnection: close\r\n';
  assert.match(await answered(api.url, probe), /^HTTP\/1\.1 200 /);
});

test('a node that others reach without a proof as well asks for no host', async (t) => {
  const api = await node(t, { host: '0.0.0.0', isInsecure: true });
  const request = 'GET /locks HTTP/1.1\r\nhost: holdfast\r\nconnection: close\r\n';
  assert.match(await answered(api.url, request), /^HTTP\/1\.1 200 /);
});

test('who proves who it is may name any host: no page of another site can', () => {
  const ownHosts = new OwnHosts({ known: [], remedy: () => '' });
  const socket = { remoteAddress: '127.0.0.1' };
  const request = {
    url: '/locks',
    headers: { host: 'holdfast.example' },
    socket,
  } as IncomingMessage;
  assert.equal(foreignHost(request, callerFrom('127.0.0.1'), ownHosts)?.code, 'forbidden');
  const proven = provenCaller('a', { keyId: 'k1' }, '127.0.0.1');
  assert.equal(foreignHost(request, proven, ownHosts), undefined);
});
