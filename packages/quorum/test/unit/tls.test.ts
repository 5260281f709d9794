import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectSecurely } from 'node:tls';
import { setIdOf } from '@holdfast/protocol';
import type { KeyPair } from '@holdfast/tls/development';
import { WebSocket } from 'ws';
import type { LeaseNodeOptions, LeaseNodeTls } from '../../src/start.ts';
import { certificatesOf } from './support/certificate.ts';
import { LeaseNodes, ownSet } from './support/lease-nodes.ts';

/** Of a set of new nodes, on a machine that has much else to do. */
const longestStartMs = 20_000;
const longestTtlMs = 5000;
const driftBufferMs = 40;
const requestArrivalMs = 300;
const longestDripMs = 10_000;

/** Sends a part again and again until the connection ends. @returns How long that took, and what it was told. */
async function dripped(
  socket: Socket,
  begin: string,
  part: string,
): Promise<{ readonly tookMs: number; readonly told: string }> {
  let told = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => (told += chunk.toString()));
  const startedMs = performance.now();
  socket.write(begin);
  const timer = setInterval(() => socket.write(part), 20);
  const closed = new Promise((resolve) => socket.once('close', () => resolve('closed')));
  const ended = await Promise.race([closed, pause(longestDripMs, 'open', { ref: false })]);
  clearInterval(timer);
  socket.destroy();
  assert.equal(ended, 'closed');
  return { tookMs: performance.now() - startedMs, told };
}

describe('A lease node cuts off in time who (LEASE-HTTP-1)', () => {
  const nodes = new LeaseNodes();
  after(() => nodes.end());
  const post = 'POST /acquire HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n';
  const slow: readonly (readonly [string, string, string])[] = [
    ['sends its headers byte by byte', 'GET /health HTTP/1.1\r\nx: ', 'a'],
    ['sends its body byte by byte', `${post}content-length: 4000\r\n\r\n`, ' '],
    ['sends chunks without end', `${post}transfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
  ];
  for (const isSecure of [false, true])
    for (const [name, begin, part] of slow)
      it(`${name}, ${isSecure ? 'over TLS' : 'without TLS'}`, async () => {
        const { files, ca } = await certificatesOf(['a']);
        const tls: LeaseNodeTls = {
          files: files('a'),
          clientCertificates: 'off',
          lowestVersion: '1.2',
          handshakeTimeoutMs: 5000,
        };
        const node = await nodes.start('a', { requestArrivalMs, ...(isSecure ? { tls } : {}) });
        const at = { host: '127.0.0.1', port: Number(new URL(node.url).port) };
        const socket = isSecure ? connectSecurely({ ...at, ca }) : connect(at);
        await once(socket, isSecure ? 'secureConnect' : 'connect');
        const { tookMs, told } = await dripped(socket, begin, part);
        assert.ok(tookMs >= requestArrivalMs - 50, String(tookMs));
        assert.match(told, /^HTTP\/1\.1 408 /);
        await node.close();
      });
});

describe('Of an address with too many connections', () => {
  const nodes = new LeaseNodes();
  after(() => nodes.end());

  it('a lease node closes the one that has been idle for longest', async () => {
    const node = await nodes.start('a', { maxConnectionsPerAddress: 2 });
    const sockets: Socket[] = [];
    for (let count = 0; count < 3; count += 1) {
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(node.url).port) });
      socket.on('error', () => undefined);
      socket.resume();
      await once(socket, 'connect');
      sockets.push(socket);
    }
    const [first, ...others] = sockets;
    if (first?.closed === false) await once(first, 'close');
    assert.deepEqual(
      others.map((socket) => socket.closed),
      [false, false],
    );
    for (const socket of sockets) socket.destroy();
  });
});

/** LEASE-OWNER-1, over HTTP and over a stream. */
async function leasesAreOfTheirOwners(
  url: string,
  ca: string,
  client: KeyPair,
  other: KeyPair,
): Promise<void> {
  const shown = ({ certificate, key }: KeyPair): object => ({ ca, cert: certificate, key });
  const lease = { resource: 'r', epoch: 1, set: setIdOf(ownSet), lease_id: 'known-to-all' };
  const ask = async (by: KeyPair, operation: string, more: object = {}): Promise<unknown> => {
    const asked = request(`${url}/${operation}`, {
      ...shown(by),
      agent: false,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    asked.end(JSON.stringify({ ...lease, ...more }));
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return (JSON.parse(await text(answer)) as { readonly status: unknown }).status;
  };
  const over = async (by: KeyPair, operation: string, more: object = {}): Promise<unknown> => {
    const socket = new WebSocket(`${url.replace('https', 'wss')}/stream`, shown(by));
    await once(socket, 'open');
    socket.send(JSON.stringify([[1, operation, { ...lease, ...more }]]));
    const [told] = (await once(socket, 'message')) as [Buffer];
    socket.terminate();
    const [[, answer]] = JSON.parse(told.toString('utf8')) as [[number, { status: unknown }]];
    return answer.status;
  };
  // Longer than this takes.
  const ttl_ms = longestTtlMs;
  for (const asked of [ask, over]) {
    assert.equal(await asked(client, 'acquire', { client_id: 'c', ttl_ms }), 'GRANTED');
    assert.equal(await asked(other, 'renew', { ttl_ms }), 'REFUSED');
    assert.equal(await asked(other, 'release'), 'RELEASED');
    assert.equal(await asked(client, 'renew', { ttl_ms }), 'DONE', 'It was released by nobody.');
    assert.equal(await asked(other, 'acquire', { client_id: 'o', ttl_ms }), 'RELEASED');
  }
}

describe('Lease nodes over HTTPS', () => {
  const nodes = new LeaseNodes();
  after(() => nodes.end());

  it('speak TLS where they are given a certificate, and ask each other over it', async () => {
    const { files, client, other, ca } = await certificatesOf(['a', 'b', 'c']);
    const tlsOf = (name: string): Partial<LeaseNodeOptions> => ({
      longestTtlMs,
      driftBufferMs,
      tls: {
        files: files(name),
        clientCertificates: 'required',
        lowestVersion: '1.2',
        handshakeTimeoutMs: 5000,
      },
    });
    const all = [
      await nodes.start('a', tlsOf('a')),
      await nodes.start('b', tlsOf('b')),
      await nodes.start('c', tlsOf('c')),
    ];
    for (const node of all) {
      assert.match(node.url, /^https:/);
      // New ones vote when all have asked all: over TLS, with their certificates.
      const votes = node.votes.then(() => true);
      assert.ok(
        await Promise.race([votes, pause(longestStartMs, false, { ref: false })]),
        `${node.url} votes`,
      );
      const health = (options: object): Promise<unknown> =>
        new Promise((resolve, reject) => {
          request(`${node.url}/health`, { ...options, agent: false }, (response) => {
            response.setEncoding('utf8').on('data', (text: string) => resolve(JSON.parse(text)));
          })
            .on('error', reject)
            .end();
        });
      const shown = { ca, cert: client.certificate, key: client.key };
      assert.deepEqual(await health(shown), { status: 'healthy', voting: true });
      await assert.rejects(health({ ca }), 'it shows no certificate');
      await assert.rejects(fetch(`${node.url.replace('https', 'http')}/health`));
    }
    await leasesAreOfTheirOwners(all[0]?.url ?? '', ca, client, other);
  });
});
