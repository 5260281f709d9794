import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import type { LocalCluster } from '@holdfast/server';
import { urlOfNode } from '../../src/cluster-node.ts';
import { waitUntil } from '../../src/wait-until.ts';
import { threeNodes } from '../integration/support/cluster.ts';
import { consumed, lockCycles, pushes, semaphoreCycles, watched } from './rolling-works.ts';
import type { Work } from './rolling-works.ts';

const longestMs = 20_000;

/** The first one, and the one before the present. */
const olderLevels = [1, 2];
/** Messages can be pushed from here on. */
const queuesLevel = 2;

/** The feature level in force, as each node has applied it. */
const levelsOf = (cluster: LocalCluster): Promise<readonly number[]> =>
  Promise.all(
    cluster.urls.map(async (url) => {
      const answer = await fetch(`${url}/cluster/status`);
      const { feature_level: level } = (await answer.json()) as { feature_level: number };
      return level;
    }),
  );

/** Each does some more. @throws What one of them has seen. */
async function goOn(works: readonly Work[], when: string): Promise<void> {
  const before = works.map(({ cycles }) => cycles());
  const ended = works.map(async ({ name, ended: end }) => {
    await end;
    throw new Error(`${name} has ended`);
  });
  const more = works.map(({ name, cycles }, position) =>
    waitUntil(`${name} goes on ${when}`, longestMs, () => cycles() > (before[position] ?? 0)),
  );
  await Promise.race([Promise.all(more), ...ended]);
}

/** A node of the new release in the place of this one, on its folder. */
async function replace(cluster: LocalCluster, id: string): Promise<void> {
  await cluster.kill(id, 'SIGTERM');
  await cluster.restart(id);
  await waitUntil(
    `${id} is ready`,
    longestMs,
    async () => (await fetch(`${urlOfNode(cluster, id)}/readyz`)).ok,
  );
}

/** What clients do meanwhile. */
async function beginWorks(client: Client, queues: boolean) {
  const over = new AbortController();
  const read = new AbortController();
  const sessions = await Promise.all(
    Array.from({ length: 4 }, () => client.session({ timeoutSeconds: 30 })),
  );
  const [session, ...others] = sessions;
  assert.ok(session !== undefined);
  const kept = await session.lock('kept');
  // What one makes the other one reads.
  const pairs: (readonly [Work, Work])[] = [
    [lockCycles(session, 'worked', over.signal), watched(client, 'worked', read.signal)],
  ];
  if (queues) pairs.push([pushes(client, over.signal), consumed(client, read.signal)]);
  const alone = semaphoreCycles(others, over.signal);
  const endOf = (works: readonly Work[]) => Promise.all(works.map(({ ended }) => ended));
  return {
    all: [...pairs.flat(), ...alone],
    /** Ends them all. @throws What one of them has seen, or that a reader has not seen all. */
    end: async () => {
      over.abort();
      await endOf([...pairs.map(([maker]) => maker), ...alone]);
      for (const [maker, reader] of pairs)
        await waitUntil(
          `the ${reader.name} sees all that ${maker.name} made`,
          longestMs,
          () => reader.cycles() === maker.cycles(),
        );
      read.abort();
      await endOf(pairs.map(([, reader]) => reader));
      kept.assertHeld();
      await Promise.all(sessions.map((one) => one.end()));
    },
  };
}

describe('Three nodes that are upgraded one after the other, the leader last', () => {
  for (const olderLevel of olderLevels)
    it(`show clients no error meanwhile, keep what they hold, and come from level ${String(olderLevel)} to the new one only then`, async () => {
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
      const works = await beginWorks(client, olderLevel >= queuesLevel);
      await goOn(works.all, 'before');
      const leader = await cluster.leader();
      const followers = cluster.nodes.map(({ nodeId }) => nodeId).filter((id) => id !== leader);
      for (const id of [...followers, leader]) {
        // A member of the older release is there: nothing that it cannot read may be logged.
        assert.deepEqual(await levelsOf(cluster), [olderLevel, olderLevel, olderLevel]);
        await replace(cluster, id);
        await goOn(works.all, `after ${id}`);
      }
      await waitUntil('all are at the level of this release', longestMs, async () =>
        (await levelsOf(cluster)).every((level) => level > olderLevel),
      );
      await goOn(works.all, 'at the new level');
      await works.end();
    });
});
