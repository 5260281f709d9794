import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '@holdfast/client';
import type { LocalCluster } from '@holdfast/server';
import { urlOfNode } from '../../src/cluster-node.ts';
import { waitUntil } from '../../src/wait-until.ts';
import { threeNodes } from '../integration/support/cluster.ts';

const longestMs = 20_000;
const paceMs = 5;

const olderLevel = 1;

/** The feature level in force, as each node has applied it. */
const levelsOf = (cluster: LocalCluster): Promise<readonly number[]> =>
  Promise.all(
    cluster.urls.map(async (url) => {
      const answer = await fetch(`${url}/cluster/status`);
      const { feature_level: level } = (await answer.json()) as { feature_level: number };
      return level;
    }),
  );

describe('Three nodes that are upgraded one after the other, the leader last', () => {
  it('show a client that takes locks meanwhile no error, keep what it holds, and come to the new level only then', async () => {
    // Read at each start of a node: the first ones are of an older release, the next ones of this.
    const environment: Record<string, string> = {
      HOLDFAST_TEST_FEATURE_LEVEL: String(olderLevel),
    };
    await using nodes = await threeNodes(environment);
    const { cluster } = nodes;
    await waitUntil('all are at the older level', longestMs, async () =>
      (await levelsOf(cluster)).every((level) => level === olderLevel),
    );
    delete environment['HOLDFAST_TEST_FEATURE_LEVEL'];
    await using client = await connect({ endpoints: cluster.urls });
    await using session = await client.session({ timeoutSeconds: 30 });
    const kept = await session.lock('kept');
    const enough = new AbortController();
    let cycles = 0;
    let latest = kept.fenceToken;
    const work = (async () => {
      while (!enough.signal.aborted) {
        const hold = await session.lock('worked', { waitMs: longestMs });
        hold.assertHeld();
        assert.ok(hold.fenceToken > latest, 'tokens rise');
        latest = hold.fenceToken;
        await hold.release();
        cycles += 1;
        await pause(paceMs); // The processors are for the nodes that start.
      }
    })();
    // A failure of it ends the test where it is awaited, and not before.
    work.catch(() => undefined);
    const leader = await cluster.leader();
    const followers = cluster.nodes.map(({ nodeId }) => nodeId).filter((id) => id !== leader);
    for (const id of [...followers, leader]) {
      const before = cycles;
      // A member of the older release is there: nothing that it cannot read may be logged.
      assert.deepEqual(await levelsOf(cluster), [olderLevel, olderLevel, olderLevel]);
      await cluster.kill(id, 'SIGTERM');
      await cluster.restart(id);
      await waitUntil(
        `${id} is ready`,
        longestMs,
        async () => (await fetch(`${urlOfNode(cluster, id)}/readyz`)).ok,
      );
      await waitUntil(`work goes on after ${id}`, longestMs, () => cycles > before);
    }
    await waitUntil('all are at the level of this release', longestMs, async () =>
      (await levelsOf(cluster)).every((level) => level > olderLevel),
    );
    const after = cycles;
    await waitUntil('work goes on at the new level', longestMs, () => cycles > after);
    enough.abort();
    await work;
    kept.assertHeld();
    await kept.release();
  });
});
