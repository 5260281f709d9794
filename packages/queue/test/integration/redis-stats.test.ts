/** What it costs Redis that queues are watched. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { QueueCommand, ResourceName } from '@holdfast/state';
import { Partitions } from '../../src/redis/partitions.ts';
import { testLimits } from '../support/conformance.ts';
import { redisProgram } from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { ownRedis } from '../support/redis-servers.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;
const owned = new Map(Array.from({ length: 64 }, (_, partition) => [partition, 1]));

describe('Statistics of queues in Redis', { skip }, () => {
  const redis = ownRedis();

  /** Commands that Redis has executed, those of scripts included. */
  const commands = async (): Promise<number> => {
    const told = String(await redis().server.ask('INFO', 'commandstats'));
    return [...told.matchAll(/calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0);
  };

  it('look at partitions only until all messages are found, and are read once a second for all who watch (RSTATS-1)', async () => {
    const { connection } = redis();
    let nowMs = 0;
    const partitions = new Partitions(connection, testLimits, () => nowMs);
    const push = async (queue: string, key: string): Promise<void> => {
      const name = queue as ResourceName;
      const messages = [{ key, payload: 1 }];
      const command: QueueCommand = { type: 'queue_push', name, messages };
      assert.equal((await partitions.execute(command, owned, { identity: 'test' })).type, 'done');
    };
    const count = 30;
    for (let number = 0; number < count; number++) await push(`q/${String(number)}`, 'a');
    const page = async (consistency: 'stale' | 'linearizable'): Promise<readonly number[]> => {
      const wanted = { prefix: 'q/', limit: 100 };
      const found = await partitions.query({ type: 'queues', wanted }, consistency);
      assert.ok(found.type === 'queues');
      assert.equal(found.page.queues.length, count);
      return found.page.queues.map(({ counts }) => counts.depth);
    };
    const costOf = async (work: () => Promise<unknown>): Promise<number> => {
      const before = await commands();
      await work();
      return (await commands()) - before;
    };
    const first = await costOf(() => page('stale'));
    assert.ok(first < 80 * count, `${String(first)} commands for ${String(count)} queues`);
    nowMs = 999;
    const again = await costOf(() => Promise.all([page('stale'), page('stale')]));
    assert.ok(again < 10, `${String(again)} commands for two who watch`);
    await push('q/7', 'b');
    assert.equal((await page('stale')).includes(2), false, 'it may be a second old');
    assert.equal((await page('linearizable')).includes(2), true, 'and this may not');
    assert.equal((await page('stale')).includes(2), true);
    await push('q/8', 'b');
    nowMs = 2000;
    assert.equal((await page('stale')).filter((depth) => depth === 2).length, 2);
  });
});
