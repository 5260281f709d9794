/** One node over TLS: what one interface refuses, the others do not take. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { connect } from 'node:tls';
import { ChannelCredentials, credentials } from '@grpc/grpc-js';
import { streamPath } from '@holdfast/protocol';
import { Certificates, ServerSecurity } from '@holdfast/tls';
import type { ClientCertificates } from '@holdfast/tls';
import { Authority } from '@holdfast/tls/development';
import type { KeyPair } from '@holdfast/tls/development';
import { WebSocket } from 'ws';
import { startApi } from '../../src/index.ts';
import type { Api, ApiOptions } from '../../src/index.ts';
import { MemoryEngine } from '../memory-engine.ts';
import { healthOver } from './grpc/grpc-client.ts';

const authority = await Authority.create({ name: 'Tests', days: 30 });
const others = await Authority.create({ name: 'Others', days: 30 });
const own = await authority.node({ name: 'node-1', hosts: ['127.0.0.1'], days: 30 });
const client = await authority.client({ name: 'reports', days: 30 });
const revoked = await authority.client({ name: 'gone', days: 30 });
const stranger = await others.client({ name: 'reports', days: 30 });
const ca = authority.pair.certificate;
const ignore = (): void => undefined;
const log = { info: ignore, warn: ignore, error: ignore };

interface Secured extends Api {
  readonly certificates: Certificates;
  readonly paths: { readonly certificate: string; readonly key: string; readonly list: string };
}

async function serve(
  t: TestContext,
  clientCertificates: ClientCertificates = 'required',
  changes: Partial<ApiOptions> = {},
): Promise<Secured> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-secured-'));
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const list = put('ca.crl', await authority.revocations([revoked.certificate], 30));
  const files = {
    certificate: put('own.crt', own.certificate),
    key: put('own.key', own.key),
    authority: put('ca.crt', ca),
    revocations: [list],
  };
  const certificates = await Certificates.open({ files, log });
  const security = new ServerSecurity({
    certificates,
    clientCertificates,
    lowestVersion: '1.2',
    handshakeTimeoutMs: 2000,
    log,
  });
  const api = await startApi({
    engine: new MemoryEngine(),
    host: '127.0.0.1',
    port: 0,
    nodeId: 'node-1',
    version: '0',
    log,
    security,
    grpc: { host: '127.0.0.1', port: 0 },
    metricsListen: { host: '127.0.0.1', port: 0 },
    ...changes,
  });
  t.after(async () => {
    certificates.close();
    await api.close();
  });
  return { ...api, certificates, paths: { certificate: files.certificate, key: files.key, list } };
}

const tlsOf = (pair: KeyPair | undefined): object =>
  pair === undefined ? { ca } : { ca, cert: pair.certificate, key: pair.key };

async function get(url: string, pair: KeyPair | undefined): Promise<unknown> {
  try {
    const asked = request(url, { ...tlsOf(pair), agent: false });
    asked.end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.resume();
    return answer.statusCode === 200 || undefined;
  } catch {
    return undefined;
  }
}

/** Each gives what was answered, or undefined where the connection was refused. */
const ask = {
  http: ({ url }: Api, pair: KeyPair | undefined) => get(`${url}/livez`, pair),
  metrics: ({ metricsUrl }: Api, pair: KeyPair | undefined) =>
    get(`${metricsUrl ?? ''}/metrics`, pair),
  async stream({ url }: Api, pair: KeyPair | undefined): Promise<unknown> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${streamPath}`, tlsOf(pair));
    const told = await new Promise((resolve) => {
      socket.on('message', () => resolve(true));
      socket.on('error', () => resolve(undefined));
      socket.on('close', () => resolve(undefined));
    });
    socket.terminate();
    return told;
  },
  async grpc({ grpcAddress = '' }: Api, pair: KeyPair | undefined): Promise<unknown> {
    const secured = credentials.createSsl(
      Buffer.from(ca),
      ...(pair === undefined ? [] : [Buffer.from(pair.key), Buffer.from(pair.certificate)]),
    );
    return healthOver(grpcAddress, secured);
  },
} as const;
const interfaces = ['http', 'stream', 'grpc', 'metrics'] as const;

describe('a node over TLS', () => {
  const cases: readonly (readonly [string, KeyPair | undefined, readonly boolean[]])[] = [
    // Required, optional, off.
    ['of its authority', client, [true, true, true]],
    ['without a certificate', undefined, [false, true, true]],
    ['of another authority', stranger, [false, false, true]],
    ['that is revoked', revoked, [false, false, true]],
  ];
  for (const [place, clientCertificates] of (['required', 'optional', 'off'] as const).entries())
    it(`takes over each interface whom it takes over the others: ${clientCertificates}`, async (t) => {
      const api = await serve(t, clientCertificates);
      assert.match(api.url, /^https:/);
      for (const [what, pair, taken] of cases)
        for (const name of interfaces)
          assert.equal(
            await ask[name](api, pair),
            taken[place] === true ? true : undefined,
            `a client ${what}, ${name}`,
          );
    });

  it('refuses over each interface who was revoked since, and goes on with who is there', async (t) => {
    const api = await serve(t);
    for (const name of interfaces) assert.equal(await ask[name](api, client), true);
    const open = new WebSocket(`${api.url.replace(/^http/, 'ws')}${streamPath}`, tlsOf(client));
    await once(open, 'message');
    writeFileSync(
      `${api.paths.list}.new`,
      await authority.revocations([client.certificate, revoked.certificate], 30),
    );
    renameSync(`${api.paths.list}.new`, api.paths.list);
    await api.certificates.reload();
    for (const name of interfaces) assert.equal(await ask[name](api, client), undefined, name);
    const ponged = once(open, 'pong');
    open.ping();
    await ponged;
    open.terminate();
  });

  it('talks TLS alone', async (t) => {
    const api = await serve(t, 'off');
    await assert.rejects(fetch(api.url.replace('https', 'http') + '/livez'));
    const plain = await healthOver(api.grpcAddress ?? '', ChannelCredentials.createInsecure());
    assert.equal(plain, undefined);
    assert.match(api.metricsUrl ?? '', /^https:/);
    await assert.rejects(fetch(`${(api.metricsUrl ?? '').replace('https', 'http')}/metrics`));
  });

  for (const port of ['http', 'grpc'] as const)
    it(`ends a handshake that takes too long: ${port}`, async (t) => {
      const api = await serve(t);
      const at = port === 'http' ? new URL(api.url).port : (api.grpcAddress ?? '').split(':')[1];
      const silent = connectPlain({ host: '127.0.0.1', port: Number(at) });
      silent.on('error', ignore);
      silent.resume();
      await once(silent, 'close');
    });

  for (const port of ['http', 'grpc'] as const)
    it(`negotiates nothing anew: ${port}`, async (t) => {
      const api = await serve(t);
      const at = port === 'http' ? new URL(api.url).port : (api.grpcAddress ?? '').split(':')[1];
      const socket = connect({
        ...tlsOf(client),
        host: '127.0.0.1',
        port: Number(at),
        maxVersion: 'TLSv1.2',
        ALPNProtocols: [port === 'http' ? 'http/1.1' : 'h2'],
      });
      await once(socket, 'secureConnect');
      const outcome = await new Promise((resolve) => {
        socket.on('error', () => resolve('failed'));
        socket.on('close', () => resolve('closed'));
        socket.renegotiate({}, (error) => resolve(error === null ? 'renegotiated' : 'refused'));
      });
      socket.destroy();
      assert.notEqual(outcome, 'renegotiated');
    });

  it('closes at once, whatever handshakes are under way', async (t) => {
    const api = await serve(t);
    const ports = [new URL(api.url).port, (api.grpcAddress ?? '').split(':')[1]];
    const silent = ports.map((port) => connectPlain({ host: '127.0.0.1', port: Number(port) }));
    for (const socket of silent) socket.on('error', ignore);
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    const begun = performance.now();
    await api.close();
    assert.ok(performance.now() - begun < 1500);
  });

  it('takes a page of its own host without TLS for a foreign one', async (t) => {
    const api = await serve(t, 'off');
    const status = async (origin: string): Promise<number | undefined> => {
      const asked = request(`${api.url}/livez`, { ca, agent: false, headers: { origin } });
      asked.end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    };
    assert.equal(await status(api.url), 200);
    assert.equal(await status(api.url.replace('https', 'http')), 403);
  });
});

describe('a node that others reach without TLS and authentication', () => {
  for (const isInsecure of [true, false])
    it(`says so: ${String(isInsecure)}`, async (t) => {
      const api = await startApi({
        engine: new MemoryEngine(),
        host: '127.0.0.1',
        port: 0,
        nodeId: 'node-1',
        version: '0',
        log,
        isInsecure,
      });
      t.after(() => api.close());
      for (const path of ['/health', '/cluster/status']) {
        const told = (await (await fetch(api.url + path)).json()) as {
          readonly insecure?: unknown;
        };
        assert.equal(told.insecure, isInsecure, path);
      }
    });
});
