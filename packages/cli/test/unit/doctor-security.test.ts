/** What "holdfast doctor" says of who can get at a node. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { examineSecurity } from '../../src/doctor/security.ts';
import type { Finding } from '../../src/doctor/finding.ts';

type Examined = Parameters<typeof examineSecurity>[0];

const asking = { own: {}, others: {} };
const local: Examined = {
  exposed: [],
  httpHost: '127.0.0.1',
  grpc: { host: '::1' },
  metricsListen: null,
  tls: null,
  queueRedis: null,
  requiresAuthentication: false,
};

const warnings = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ level, what, found, advice }) => {
    assert.deepEqual([level, what], ['warning', 'security']);
    assert.notEqual(advice, '');
    return found;
  });

/** A node that answers this at /auth, where it is given; and what it was asked. */
async function node(
  t: TestContext,
  body?: object,
): Promise<{ readonly url: string; readonly asked: (string | undefined)[] }> {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(body === undefined ? 401 : 200).end(JSON.stringify(body ?? {}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, asked };
}

describe('A node that other machines reach', () => {
  it('is told of for each address without TLS and authentication', async (t) => {
    const { url, asked } = await node(t, { enabled: false });
    const exposed = ['http.host is 0.0.0.0', 'metrics.listen is ::'];
    const found = warnings(
      await examineSecurity({ ...local, httpHost: '0.0.0.0', exposed }, url, asking),
    );
    assert.deepEqual(
      found,
      exposed.map((setting) => `${setting}: everybody who reaches it can do everything`),
    );
    assert.deepEqual(asked, [], 'what everybody can do is said already');
  });

  for (const [setting, reached] of [
    ['http.host', { httpHost: '0.0.0.0' }],
    ['grpc.host', { grpc: { host: '10.0.0.1' } }],
    ['metrics.listen', { metricsListen: { host: '::', port: 9090 } }],
  ] as const)
    it(`by ${setting}, with authentication off, is told of`, async (t) => {
      const { url } = await node(t, { enabled: false });
      const [found = '', ...others] = warnings(
        await examineSecurity({ ...local, ...reached }, url, asking),
      );
      assert.match(found, /^authentication is off.*everybody with a certificate/);
      assert.deepEqual(others, []);
      const [required = ''] = warnings(
        await examineSecurity({ ...local, ...reached, requiresAuthentication: true }, url, asking),
      );
      assert.match(required, /^authentication is off.*nobody but its own machine/);
    });

  it('with authentication on, or one that does not say, is right', async (t) => {
    const reached = { ...local, httpHost: '0.0.0.0' };
    const on = await node(t, { enabled: true, identity: 'anonymous' });
    assert.deepEqual(await examineSecurity(reached, on.url, asking), []);
    assert.deepEqual(on.asked, ['/auth']);
    const silent = await node(t);
    assert.deepEqual(await examineSecurity(reached, silent.url, asking), []);
    assert.deepEqual(await examineSecurity(reached, 'http://127.0.0.1:1', asking), []);
  });
});

it('A node that its own machine alone reaches is not asked for authentication', async (t) => {
  const { url, asked } = await node(t, { enabled: false });
  assert.deepEqual(await examineSecurity(local, url, asking), []);
  assert.deepEqual(asked, []);
});

it('Private keys that others can use are told of, each once', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-doctor-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, mode: number): string => {
    const path = join(folder, name);
    writeFileSync(path, name);
    chmodSync(path, mode);
    return path;
  };
  const filesOf = (key: string): NonNullable<Examined['tls']>['files'] => ({
    certificate: '',
    key,
    authority: '',
    revocations: [],
  });
  const found = async (
    key: string,
    peerKey: string,
    redisKey: string,
  ): Promise<readonly string[]> => {
    const tls = {
      files: filesOf(key),
      peerFiles: filesOf(peerKey),
      clientCertificates: 'required',
      lowestVersion: '1.2',
      handshakeTimeoutMs: 1000,
    } as const;
    const queueRedis = {
      urls: ['rediss://redis.example'],
      isCluster: false,
      prefix: 'holdfast:',
      files: filesOf(redisKey),
    };
    return warnings(await examineSecurity({ ...local, tls, queueRedis }, '', asking));
  };
  const [own, ofGroup] = [put('own.key', 0o600), put('group.key', 0o640)];
  const missing = join(folder, 'missing.key');
  assert.deepEqual(await found(own, ofGroup, missing), []);
  const [readable, writable] = [put('readable.key', 0o644), put('writable.key', 0o660)];
  const told = await found(readable, readable, writable);
  assert.equal(told.length, 2);
  assert.match(told[0] ?? '', /readable\.key \(mode 644\)/);
  assert.match(told[1] ?? '', /writable\.key \(mode 660\)/);
});
