/** The Redis of queues over TLS, with a real server: whose certificates count, and what it is shown (RCONN-5). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { Authority } from '../../../tls/src/development/index.ts';
import { OutgoingCertificates } from '../../../tls/src/outgoing-certificates.ts';
import type { CertificateFiles } from '../../../tls/src/material.ts';
import {
  RedisServer,
  forgetful,
  redisProgram,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { untilSo } from '../../../checker/src/waits.ts';
import { RedisConnection } from '../../src/redis/connection.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;
const log = { error: (): void => undefined };
const none: CertificateFiles = { certificate: '', key: '', authority: '', revocations: [] };

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}

describe('the Redis of queues over TLS', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-redis-tls-'));
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  let server: RedisServer | undefined;
  let url = '';
  let files = none;
  let strangers = '';
  let revoked = '';

  before(async () => {
    const authority = await Authority.create({ name: 'Tests', days: 2 });
    const others = await Authority.create({ name: 'Others', days: 2 });
    const own = await authority.node({ name: 'redis', hosts: ['127.0.0.1'], days: 2 });
    const client = await authority.client({ name: 'node-1', days: 2 });
    files = {
      certificate: put('client.crt', client.certificate),
      key: put('client.key', client.key),
      authority: put('ca.crt', authority.pair.certificate),
      revocations: [put('none.crl', await authority.revocations([client.certificate], 2))],
    };
    strangers = put('others.crt', others.pair.certificate);
    revoked = put('own.crl', await authority.revocations([own.certificate], 2));
    const port = await freePort();
    const secured = {
      'tls-port': String(port),
      'tls-cert-file': put('redis.crt', own.certificate),
      'tls-key-file': put('redis.key', own.key),
      'tls-ca-cert-file': files.authority,
      'tls-auth-clients': 'yes',
    };
    const settings = Object.entries(secured).flatMap(([name, value]) => [`--${name}`, value]);
    server = await RedisServer.start(['--port', '0', ...settings, ...forgetful]);
    url = `rediss://127.0.0.1:${String(port)}`;
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A connection with these files, and the problems that it tells. */
  async function connect(
    t: TestContext,
    given: CertificateFiles | undefined,
  ): Promise<{ readonly connection: RedisConnection; readonly problems: string[] }> {
    const certificates =
      given === undefined
        ? undefined
        : await OutgoingCertificates.open({ files: given, log, use: 'a test' });
    const problems: string[] = [];
    const address = { urls: [url], isCluster: false, certificates };
    const connection = new RedisConnection(address, 'test:', ({ message }) => {
      problems.push(message);
    });
    t.after(() => connection.close());
    return { connection, problems };
  }

  it('is asked where its certificate and that of the node hold', async (t) => {
    const { connection } = await connect(t, files);
    await untilSo(() => connection.isConnected);
    assert.equal(await connection.addName('q'), true);
    assert.equal(await connection.hasName('q'), true);
  });

  const refused: readonly (readonly [string, () => CertificateFiles | undefined, RegExp])[] = [
    ['of an authority that nobody named', () => undefined, /self-signed|unable to/i],
    [
      'of another authority',
      () => ({ ...files, authority: strangers, revocations: [] }),
      /self-signed|unable to/i,
    ],
    ['that is revoked', () => ({ ...files, revocations: [revoked] }), /revoked/i],
  ];
  for (const [what, given, told] of refused)
    it(`is not asked with a certificate ${what}, whatever the environment says`, async (t) => {
      process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
      t.after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
      const { connection, problems } = await connect(t, given());
      await untilSo(() => problems.length > 0);
      assert.match(problems[0] ?? '', told);
      assert.equal(connection.isConnected, false);
    });

  it('refuses a node that shows none', async (t) => {
    const { connection, problems } = await connect(t, { ...files, certificate: '', key: '' });
    await untilSo(() => problems.length > 0);
    assert.equal(connection.isConnected, false);
  });

  it('is asked once the files are right, without a new start of the node (TLS-8)', async (t) => {
    const authority = join(folder, 'changing.crt');
    copyFileSync(strangers, authority);
    const { connection, problems } = await connect(t, { ...files, authority, revocations: [] });
    await untilSo(() => problems.length > 0);
    copyFileSync(files.authority, authority);
    await untilSo(() => connection.isConnected);
  });
});
