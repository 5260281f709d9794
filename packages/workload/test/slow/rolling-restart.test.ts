import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import { waitUntil } from '../../src/wait-until.ts';
import { threeNodes } from '../integration/support/cluster.ts';
import { levelsOf, replace } from './rolling-nodes.ts';
import {
  consumed,
  goOn,
  lockCycles,
  pushes,
  semaphoreCycles,
  watched,
  worksOf,
} from './rolling-works.ts';
import type { MakerAndReader, Works } from './rolling-works.ts';

const longestMs = 20_000;

/** The first one, and the one before the present. */
const olderLevels = [1, 2];
/** Messages can be pushed from here on. */
const queuesLevel = 2;

/** What clients do meanwhile. */
async function beginWorks(client: Client, queues: boolean): Promise<Works> {
  const over = new AbortController();
  const read = new AbortController();
  const sessions = await Promise.all(
    Array.from({ length: 4 }, () => client.session({ timeoutSeconds: 30 })),
  );
  const [session, ...others] = sessions;
  assert.ok(session !== undefined);
  const kept = await session.lock('kept');
  const [worked] = lockCycles([session], 'worked', over.signal);
  assert.ok(worked !== undefined);
  const pairs: MakerAndReader[] = [[worked, watched(client, 'worked', read.signal)]];
  if (queues)
    pairs.push([pushes(client, 'jobs', over.signal), consumed(client, 'jobs', read.signal)]);
  const works = worksOf({ pairs, alone: semaphoreCycles(others, over.signal), over, read });
  return {
    ...works,
    end: async () => {
      await works.end();
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
        (await levelsOf(cluster)).every(({ level }) => level === olderLevel),
      );
      delete environment['HOLDFAST_TEST_FEATURE_LEVEL'];
      await using client = await connect({ endpoints: cluster.urls });
      using works = await beginWorks(client, olderLevel >= queuesLevel);
      await goOn(works, 'before');
      const leader = await cluster.leader();
      const followers = cluster.nodes.map(({ nodeId }) => nodeId).filter((id) => id !== leader);
      for (const id of [...followers, leader]) {
        // A member of the older release is there: nothing that it cannot read may be logged.
        for (const { level } of await levelsOf(cluster)) assert.equal(level, olderLevel);
        await replace(cluster, id);
        await goOn(works, `after ${id}`);
      }
      await waitUntil('all are at the level of this release', longestMs, async () =>
        (await levelsOf(cluster)).every(({ level }) => level > olderLevel),
      );
      await goOn(works, 'at the new level');
      await works.end();
    });
});
