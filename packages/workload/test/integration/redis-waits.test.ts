/** Pops that wait on nodes whose queues are in one Redis. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertEnds, untilSo } from '../../../checker/src/waits.ts';
import {
  forgetful,
  redisProgram,
  RedisServer,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { threeNodes } from './support/cluster.ts';
import type { TestCluster } from './support/cluster.ts';
import { lookedForMessages, wokenWithinMs } from './support/waiting-pops.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;

describe('A pop that waits, with queues in Redis', { skip }, () => {
  let redis: RedisServer | undefined;
  let nodes: TestCluster | undefined;
  before(async () => {
    redis = await RedisServer.start(forgetful);
    nodes = await threeNodes({
      HOLDFAST_QUEUES_STORE: 'redis',
      HOLDFAST_QUEUES_REDIS_URLS: redis.url,
    });
    const areOwned = async (): Promise<boolean> => {
      const { owners } = await ask(1, '/queue/stats');
      const shares = owners as readonly { readonly partitions: number }[];
      return shares.reduce((sum, { partitions }) => sum + partitions, 0) === 64;
    };
    const patience = { what: 'all partitions are owned', longestMs: 30_000, pauseMs: 50 };
    await untilSo(() => areOwned().catch(() => false), patience);
  });
  after(async () => {
    await nodes?.[Symbol.asyncDispose]();
    await redis?.[Symbol.asyncDispose]();
  });

  const urlOf = (node: number): string => nodes?.cluster.urls[node - 1] ?? assert.fail();
  const ask = async (
    node: number,
    path: string,
    init?: RequestInit,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const response = await fetch(`${urlOf(node)}${path}`, init);
    const body = (await response.json()) as Readonly<Record<string, unknown>>;
    assert.ok(response.ok, JSON.stringify(body));
    return body;
  };

  it('is answered at once when a message is pushed on another node, whoever owns its partition', async () => {
    // Keys of several partitions, so that each of the nodes is asked as an owner.
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      const waiting = ask(3, '/queue/pop?wait_seconds=20');
      await lookedForMessages(urlOf(3));
      await ask(1, '/queue/push', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ key, payload: 1 }),
      });
      const soon = { longestMs: wokenWithinMs, what: `the message of "${key}" is taken` };
      const { messages } = await assertEnds(waiting, soon);
      assert.deepEqual(
        (messages as readonly { readonly key: string }[]).map((message) => message.key),
        [key],
      );
    }
  });
});
