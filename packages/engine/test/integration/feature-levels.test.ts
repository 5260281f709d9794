/** Members of different releases in one cluster, over real sockets and disks. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { latestFeatureLevel } from '@holdfast/state';
import type { SessionId } from '@holdfast/state';
import { FeatureLevelError } from '../../src/feature-levels.ts';
import type { Engine } from '../../src/index.ts';
import { startTestCluster, statusReached } from '../cluster.ts';
import type { TestCluster } from '../cluster.ts';

const caller = { identity: 'anonymous', proof: 'none', address: '192.0.2.1' };

const create = (engine: Engine, sessionId: string): Promise<unknown> =>
  engine.submit(
    {
      type: 'create_session',
      sessionId: sessionId as SessionId,
      clientId: 'c',
      timeoutMs: 60_000,
      lockDelayMs: 0,
      createdAtMs: 0,
    },
    caller,
  );

const raised = async (cluster: TestCluster): Promise<void> => {
  for (const engine of cluster.engines.values())
    await statusReached([engine], () => engine.status().featureLevel === latestFeatureLevel);
};

const restart = async (
  cluster: TestCluster,
  id: string,
  changes: Parameters<TestCluster['start']>[1],
): Promise<Engine> => {
  await cluster.engines.get(id)?.close();
  cluster.engines.delete(id);
  return cluster.start(id, changes);
};

describe('A rolling upgrade', { timeout: 60_000 }, () => {
  it('raises the level when its last member is upgraded; none can go back then', async () => {
    // Given three members of the release before
    const old = { supportedFeatureLevel: 1 };
    const cluster = await startTestCluster(['n1', 'n2', 'n3'], old);
    try {
      await create(await cluster.leader(), 's0');
      // When two of them are upgraded, and each leads
      for (const id of ['n1', 'n2']) {
        const engine = await restart(cluster, id, { supportedFeatureLevel: latestFeatureLevel });
        const leader = await cluster.leader();
        if (leader !== engine) await leader.transferLeadership(id);
        await statusReached([engine], () => engine.status().leader === id && engine.status().ready);
        await statusReached([engine], () =>
          engine.status().members.every(({ connected }) => connected),
        );
        await create(engine, `s-${id}`);
        // Then nothing is written that the third one cannot read
        assert.equal(engine.status().featureLevel, 1);
        assert.equal(
          engine.status().members.find(({ id: other }) => other === 'n3')?.supportedFeatureLevel,
          1,
        );
      }
      // When it is upgraded as well
      await restart(cluster, 'n3', { supportedFeatureLevel: latestFeatureLevel });
      // Then the level rises on all
      await raised(cluster);
      await create(await cluster.leader(), 's4');
      // And a member that comes back as it was before does not start
      await cluster.engines.get('n3')?.close();
      cluster.engines.delete('n3');
      await assert.rejects(cluster.start('n3', old), FeatureLevelError);
      await cluster.start('n3', { supportedFeatureLevel: latestFeatureLevel });
      await raised(cluster);
    } finally {
      await cluster.close();
    }
  });

  it('refuses a node of an older release that is to join, by log and by snapshot', async () => {
    for (const snapshotLogBytes of [64 * 1024 * 1024, 1]) {
      const cluster = await startTestCluster(['n1'], { extraIds: ['n2'], snapshotLogBytes });
      try {
        await raised(cluster);
        const leader = await cluster.leader();
        for (let number = 0; number < 20; number++) await create(leader, `s${String(number)}`);
        await leader.addMember('n2', `127.0.0.1:${String(cluster.ports.get('n2'))}`);
        const stopped = new EventEmitter();
        const ended = once(stopped, 'fatal');
        const older = await cluster.start('n2', {
          join: true,
          supportedFeatureLevel: 1,
          onFatal: (error) => stopped.emit('fatal', error),
        });
        const [error] = (await ended) as [unknown];
        assert.ok(error instanceof FeatureLevelError);
        assert.equal(older.status().appliedIndex, 0);
        await older.close();
        cluster.engines.delete('n2');
        // And joins as what it should be
        const newer = await cluster.start('n2', { join: true });
        await statusReached([newer], () => newer.status().featureLevel === latestFeatureLevel);
      } finally {
        await cluster.close();
      }
    }
  });
});
