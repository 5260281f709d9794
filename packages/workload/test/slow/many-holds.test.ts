/** As many holds of one semaphore as a node can be told to take: a process that has them starts again. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect, HoldfastError } from '@holdfast/client';
import type { Session } from '@holdfast/client';
import { startLocalCluster } from '@holdfast/server';
import { freePorts } from '../../src/free-ports.ts';
import { waitUntil } from '../../src/wait-until.ts';

const ofEach = 50_000;

/** By so many at a time as one stream carries. */
async function takePermits(session: Session): Promise<void> {
  let left = ofEach;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await session.permits('many', { limit: 1_000_000 });
  };
  await Promise.all(Array.from({ length: 500 }, worker));
}

describe('A process in which two sessions have 50,000 permits each of one semaphore, the most that it may have', () => {
  it('saves them in snapshots, starts again with all of them, and goes on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-many-'));
    const cluster = await startLocalCluster({
      ports: await freePorts(1),
      folder,
      environment: {
        HOLDFAST_STORAGE_SNAPSHOT_LOG_BYTES: '8000000',
        HOLDFAST_LIMITS_MAX_HOLDS_PER_SESSION: '100000',
        HOLDFAST_LIMITS_MAX_HOLDS_PER_RESOURCE: '100000',
      },
    });
    try {
      const nodeId = await cluster.leader();
      await using client = await connect({ endpoints: cluster.urls });
      await using first = await client.session({ timeoutSeconds: 600 });
      await using second = await client.session({ timeoutSeconds: 600 });
      await takePermits(first);
      await takePermits(second);
      await waitUntil('a snapshot', 60_000, async () => {
        const files = await readdir(folder, { recursive: true });
        return files.some((name) => /snapshots\/\d+-/.test(name));
      });
      await cluster.kill(nodeId, 'SIGTERM');
      await cluster.restart(nodeId);
      await cluster.leader(60_000);
      const { free, holder_count: holders } = await first.request('semaphore_status', {
        name: 'many',
      });
      assert.deepEqual([free, holders], [1_000_000 - 2 * ofEach, 2 * ofEach]);
      await assert.rejects(
        second.permits('many'),
        (error) => error instanceof HoldfastError && error.code === 'limit_exceeded',
      );
      const next = await second.permits('another', { limit: 1 });
      assert.ok(next.fenceToken > 2 * ofEach);
    } finally {
      await cluster.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
