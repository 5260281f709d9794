/** Three real nodes over TLS: the client, the command, certificates that are renewed while they run. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster } from '@holdfast/server';
import { makeNodeCertificate } from '@holdfast/tls/development';

const root = mkdtempSync(join(tmpdir(), 'holdfast-tls-cluster-'));
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const ports = [23_141, 23_142, 23_143];

let cluster: LocalCluster;
before(async () => {
  cluster = await startLocalCluster({ ports, folder: root, tls: true });
  await cluster.leader(60_000);
});
after(async () => {
  await cluster.close();
  rmSync(root, { recursive: true, force: true });
});

const security = (): NonNullable<LocalCluster['security']> => cluster.security ?? assert.fail();
const paths = (): readonly [ca: string, cert: string, key: string] => {
  const { authority, client } = security();
  return [authority, client.certificate, client.key];
};

async function client(transport: 'stream' | 'http'): Promise<Client> {
  const [ca, cert, key] = paths().map((path) => readFileSync(path, 'utf8'));
  return connect({
    endpoints: cluster.urls,
    transport,
    tls: { ca: ca ?? '', cert: cert ?? '', key: key ?? '' },
  });
}

interface Done {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function holdfast(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Done> {
  const child = spawn(process.execPath, ['--conditions=source', main, ...words], {
    env: { ...process.env, ...environment },
  });
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { status: child.exitCode, stdout, stderr };
}

/** The serial number of the certificate that a node shows to whoever connects from now on. */
async function serialOf(port: number): Promise<string> {
  const [ca, cert, key] = paths().map((path) => readFileSync(path));
  const socket = connectTls({ host: '127.0.0.1', port, ca, cert, key });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

describe('a cluster over TLS', { timeout: 180_000 }, () => {
  for (const transport of ['stream', 'http'] as const)
    it(`gives locks to clients that show their certificate: ${transport}`, async () => {
      await using using = await client(transport);
      await using session = await using.session({ timeoutSeconds: 10 });
      const hold = await session.lock(`jobs/${transport}`);
      hold.assertHeld();
      await hold.release();
      for (const { url } of using.cluster?.members ?? [])
        if (url !== '') assert.match(url, /^https:/); // It may not be known yet.
    });

  it('takes no client without one', async () => {
    const ca = readFileSync(security().authority, 'utf8');
    await assert.rejects(connect({ endpoints: cluster.urls, tls: { ca }, timeoutMs: 2000 }), {
      code: 'deadline_exceeded',
    });
  });

  it('is reached by commands, with options and with variables', async () => {
    const [ca, cert, key] = paths();
    const options = ['--ca', ca, '--cert', cert, '--key', key, '--endpoint', cluster.urls[0] ?? ''];
    const status = await holdfast([...options, 'status', '--json']);
    assert.equal(status.status, 0, status.stderr);
    const told = JSON.parse(status.stdout) as {
      readonly insecure: boolean;
      readonly members: readonly { readonly connected: boolean }[];
    };
    assert.equal(told.insecure, false);
    assert.equal(told.members.length, 3);
    const variables = {
      HOLDFAST_ENDPOINTS: cluster.urls.join(','),
      HOLDFAST_CA: ca,
      HOLDFAST_CERT: cert,
      HOLDFAST_KEY: key,
    };
    const run = await holdfast(['lock', 'run', 'cli', '--', 'echo', 'ran'], variables);
    assert.equal(run.stdout, 'ran\n', run.stderr);
    const half = await holdfast(['status'], { ...variables, HOLDFAST_KEY: '' });
    assert.equal(half.status, 2);
    assert.match(half.stderr, /go together/);
  });

  it('takes up certificates at SIGHUP, and leaves connections open', async () => {
    await using using = await client('stream');
    await using session = await using.session({ timeoutSeconds: 10 });
    const hold = await session.lock('renewed');
    const renewed: string[] = [];
    for (const [place, { nodeId }] of cluster.nodes.entries()) {
      const before = await serialOf(ports[place] ?? 0);
      const folder = join(root, 'tls');
      await makeNodeCertificate(nodeId, ['127.0.0.1'], { folder, replace: true });
      await cluster.kill(nodeId, 'SIGHUP');
      while ((await serialOf(ports[place] ?? 0)) === before)
        await new Promise((resolve) => setTimeout(resolve, 20));
      renewed.push(nodeId);
    }
    assert.equal(renewed.length, 3);
    hold.assertHeld();
    await hold.release();
  });

  it('comes back with what it has when a node is started again', async () => {
    const leader = await cluster.leader();
    await cluster.kill(leader, 'SIGKILL');
    const next = await cluster.leader(30_000);
    assert.notEqual(next, leader);
    await cluster.restart(leader);
    await using using = await client('stream');
    await using session = await using.session({ timeoutSeconds: 10 });
    await (await session.lock('again')).release();
  });
});
