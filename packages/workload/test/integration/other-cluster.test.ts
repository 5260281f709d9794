/** Members that tell an address which leads, from where the client is, to another cluster: a tunnel, a port forward. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import type { ClientOptions, ClientWarning } from '@holdfast/client';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster } from '@holdfast/server';
import { urlOfNode } from '../../src/cluster-node.ts';
import { freePorts } from '../../src/free-ports.ts';
import { threeNodes } from './support/cluster.ts';
import type { TestCluster } from './support/cluster.ts';
import { untilSo } from '../../../checker/src/waits.ts';

async function locksAt(url: string): Promise<readonly string[]> {
  await using client = await connect({ endpoints: [url] });
  const { locks } = await client.call('list_locks', { limit: 10 });
  return locks.map(({ resource }) => resource);
}

describe('A client whose cluster tells the address of another one', () => {
  let folder: string;
  let other: LocalCluster;
  let nodes: TestCluster;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-other-'));
    other = await startLocalCluster({ ports: await freePorts(1), folder });
    await other.leader();
    nodes = await threeNodes({ HOLDFAST_HTTP_ADVERTISE: other.urls[0] ?? '' });
  });
  after(async () => {
    await nodes[Symbol.asyncDispose]();
    await other.close();
    await rm(folder, { recursive: true, force: true });
  });

  for (const transport of ['stream', 'http'] satisfies ClientOptions['transport'][])
    it(`locks in its own cluster alone, by ${transport} (REACH-8)`, async () => {
      const { cluster } = nodes;
      const leader = await cluster.leader();
      const asked = cluster.nodes.find(({ nodeId }) => nodeId !== leader)?.nodeId ?? '';
      const warnings: ClientWarning[] = [];
      await using client = await connect({
        endpoints: [urlOfNode(cluster, asked)],
        transport,
        onWarning: (warning) => warnings.push(warning),
      });
      await using session = await client.session({ timeoutSeconds: 6 });
      let turn = 0;
      const isWarned = async (): Promise<boolean> => {
        if (warnings.length > 0) return true;
        await (await session.lock(`turn-${String((turn += 1))}`)).release();
        return false;
      };
      await untilSo(isWarned, { what: 'the address is tried', longestMs: 20_000 });
      const hold = await session.lock(`own-${transport}`);
      hold.assertHeld();
      const [warning] = warnings;
      assert.ok(warning?.kind === 'other_cluster');
      assert.equal(warnings.length, 1);
      assert.equal(warning.address, other.urls[0]);
      assert.equal(client.cluster?.cluster_id, warning.clusterId);
      for (const part of [warning.address, warning.clusterId, warning.otherClusterId])
        assert.ok(warning.message.includes(part), part);
      assert.deepEqual(await locksAt(other.urls[0] ?? ''), []);
      assert.deepEqual(await locksAt(urlOfNode(cluster, asked)), [`own-${transport}`]);
      await hold.release();
    });
});
