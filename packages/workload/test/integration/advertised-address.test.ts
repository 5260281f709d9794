/** Nodes that tell addresses of which nobody can be reached: what is no address is refused, the rest harms nobody. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import { urlOfNode } from '../../src/cluster-node.ts';
import { freePorts } from '../../src/free-ports.ts';
import { threeNodes } from './support/cluster.ts';
import { startHoldfast } from './support/command.ts';

describe('A node that is told to tell an address that is none', () => {
  it('does not start, and names each with what was given, before anything is written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-address-'));
    try {
      const wrong = ['localhost:8080', 'ftp://localhost:33034', '0.0.0.0:7000'] as const;
      const [host, told, peers] = wrong;
      const addresses = [
        '--http-host',
        host,
        '--http-advertise',
        told,
        '--cluster-advertise',
        peers,
      ];
      const own = ['--storage-folder', join(folder, 'data'), '--cluster-listen', '127.0.0.1:0'];
      const child = startHoldfast(['server', ...own, ...addresses]);
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const [status] = (await once(child, 'close')) as [number | null];
      assert.equal(status, 2, said);
      for (const given of wrong) assert.ok(said.includes(given), said);
      assert.deepEqual(await readdir(folder), []);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('A cluster whose members tell an address where nobody listens', () => {
  it('is served on, and a client that loses its node keeps what it holds', async () => {
    const [nowhere = 0] = await freePorts(1);
    // As a person writes it: no scheme.
    await using nodes = await threeNodes({
      HOLDFAST_HTTP_ADVERTISE: `localhost:${String(nowhere)}`,
    });
    const { cluster } = nodes;
    const told = (await (await fetch(`${cluster.urls[0] ?? ''}/leader`)).json()) as object;
    assert.equal('url' in told && told.url, `http://localhost:${String(nowhere)}`);
    const leader = await cluster.leader();
    const followers = cluster.nodes
      .map(({ nodeId }) => nodeId)
      .filter((nodeId) => nodeId !== leader);
    await using client = await connect({
      endpoints: followers.map((nodeId) => urlOfNode(cluster, nodeId)),
    });
    await using session = await client.session({ timeoutSeconds: 15 });
    const hold = await session.lock('told/wrong');
    const used = client.cluster?.node_id ?? '';
    assert.ok(followers.includes(used), used);
    await cluster.kill(used, 'SIGKILL');
    const next = await session.lock('told/without-it', { waitMs: 5000 });
    hold.assertHeld();
    assert.ok(next.fenceToken > hold.fenceToken);
    assert.notEqual(client.cluster?.node_id, used);
    await hold.release();
    assert.equal(hold.state, 'released');
  });
});
