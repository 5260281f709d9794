/** `holdfast doctor` on the machine of nodes that run with TLS and keys, as their operators call it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@holdfast/client';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster } from '@holdfast/server';
import { Authority, makeNodeCertificate, pathsIn } from '@holdfast/tls/development';
import { freePort, holdfast } from '../integration/support/holdfast.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-doctor-cluster-'));
let cluster: LocalCluster;
let key = '';

before(async () => {
  const ports = [await freePort(), await freePort(), await freePort()];
  cluster = await startLocalCluster({
    ports,
    folder: root,
    tls: true,
    environment: { HOLDFAST_SECURITY_AUTHENTICATION: 'required' },
  });
  await cluster.leader(60_000);
  const { authority, client } = cluster.security ?? assert.fail();
  const tls = {
    ca: readFileSync(authority, 'utf8'),
    cert: readFileSync(client.certificate, 'utf8'),
    key: readFileSync(client.key, 'utf8'),
  };
  const options = { endpoints: cluster.urls, tls };
  await using first = await connect(options);
  const made = await first.call('auth_create_key', { identity: 'admin', roles: ['admin'] });
  key = made.key;
  await using admin = await connect({ ...options, apiKey: key });
  await admin.call('auth_enable', {});
});
after(async () => {
  await cluster.close();
  rmSync(root, { recursive: true, force: true });
});

/** As an operator writes it: files of the node, and no HOLDFAST_CA. */
function configurationOf(position: number, changes: Readonly<Record<string, string>> = {}): string {
  const { authority } = cluster.security ?? assert.fail();
  const nodeId = `node-${String(position + 1)}`;
  const own = pathsIn(join(root, 'tls'), nodeId);
  const port = Number(new URL(cluster.urls[position] ?? '').port);
  const path = join(root, `${nodeId}-${String(Object.keys(changes).length)}.yaml`);
  const tls = { certificate: own.certificate, key: own.key, authority, ...changes };
  writeFileSync(
    path,
    JSON.stringify({
      cluster: { node_id: nodeId, listen: `127.0.0.1:${String(port + 2000)}` },
      http: { port },
      grpc: { enabled: false },
      storage: { folder: join(root, nodeId, 'data') },
      tls,
    }),
  );
  return path;
}

interface Finding {
  readonly level: string;
  readonly what: string;
  readonly found: string;
}

async function doctor(
  configuration: string,
  apiKey: string,
): Promise<{ readonly status: number | null; readonly findings: readonly Finding[] }> {
  const words = ['doctor', '--config', configuration, '--json'];
  const { status, stdout, stderr } = await holdfast(undefined, words, { HOLDFAST_API_KEY: apiKey })
    .ended;
  assert.equal(stderr, '');
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
  return { status, findings };
}

const about = (findings: readonly Finding[], ...levels: readonly string[]): readonly string[] =>
  findings
    .filter(({ level, what }) => levels.includes(level) && what !== 'disk')
    .map(({ found }) => found);

describe('holdfast doctor', { timeout: 180_000 }, () => {
  it('finds a node that runs with TLS and keys, and all members, by the configuration alone', async () => {
    const { status, findings } = await doctor(configurationOf(0), key);
    const errors = findings.filter(({ level }) => level === 'error');
    assert.deepEqual(about(findings, 'warning', 'error'), []);
    assert.equal(status, errors.length === 0 ? 0 : 1);
    const well = about(findings, 'ok');
    assert.ok(well.includes('the node runs on its ports'), well.join('; '));
    assert.ok(
      well.some((one) => one.startsWith('3 nodes agree on the members')),
      well.join('; '),
    );
    for (const id of ['node-1', 'node-2', 'node-3'])
      assert.ok(well.includes(`the clock of ${id} is that of this machine`), id);
  });

  it('says that a node runs and wants a key, which is no error', async () => {
    const { findings } = await doctor(configurationOf(0), '');
    const warnings = about(findings, 'warning');
    assert.deepEqual(about(findings, 'error'), []);
    assert.equal(warnings.length, 1, warnings.join('; '));
    assert.match(warnings[0] ?? '', /does not tell its status to this caller: 401 unauthorized/);
    assert.ok(about(findings, 'ok').includes('the node runs on its ports'));
  });

  it('tells a handshake that fails from silence', async () => {
    const stranger = await Authority.create({ name: 'Others', days: 30 });
    const file = join(root, 'stranger.crt');
    writeFileSync(file, stranger.pair.certificate);
    const { status, findings } = await doctor(configurationOf(0, { authority: file }), key);
    assert.equal(status, 1);
    const errors = about(findings, 'error').join('; ');
    assert.match(errors, /listens, and no connection over TLS comes about/);
    assert.doesNotMatch(errors, /EADDRINUSE/);
  });

  it('asks a node at its own machine, where its certificate names the address of clients', async () => {
    const folder = join(root, 'tls');
    await makeNodeCertificate('node-1', ['a.example'], { folder, replace: true });
    await sleep(2500); // The files are looked at once a second.
    const { findings } = await doctor(configurationOf(0), key);
    assert.deepEqual(about(findings, 'warning', 'error'), []);
    await makeNodeCertificate('node-1', ['127.0.0.1'], { folder, replace: true });
    await sleep(2500);
  });

  it('names a member that does not answer', async () => {
    await cluster.kill('node-3', 'SIGKILL');
    try {
      const { findings } = await doctor(configurationOf(0), key);
      const warnings = about(findings, 'warning').join('; ');
      assert.match(warnings, /node-3 \(https:.*\) does not answer/);
    } finally {
      await cluster.restart('node-3');
    }
  });
});
