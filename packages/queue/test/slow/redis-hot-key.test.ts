/** One key with a million messages in Redis, by what Redis itself takes for the scripts of the others. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { QueueCommand, ResourceName } from '@holdfast/state';
import {
  RedisServer,
  forgetful,
  redisProgram,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { RedisConnection } from '../../src/redis/connection.ts';
import { Partitions } from '../../src/redis/partitions.ts';
import { connected } from '../support/redis-servers.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;
const many = 1_000_000;
const perPush = 1000;
const others = 300;
const limits = {
  maxQueues: 10,
  maxMessagesPerQueue: 2 * many,
  maxMessageBytesPerQueue: 2 ** 40,
  maxDedupIds: 10,
};
const owned = new Map(Array.from({ length: 64 }, (_, partition) => [partition, 1]));

describe('A key with a million messages in Redis', { skip }, () => {
  let server: RedisServer | undefined;
  let connection: RedisConnection | undefined;
  before(async () => {
    server = await RedisServer.start(forgetful);
    connection = new RedisConnection(
      { urls: [server.url], isCluster: false },
      'test:',
      () => undefined,
    );
    await connected(connection);
  });
  after(async () => {
    connection?.close();
    await server?.[Symbol.asyncDispose]();
  });

  async function execute(command: QueueCommand) {
    assert.ok(connection !== undefined);
    const partitions = new Partitions(connection, limits, () => performance.now());
    const executed = await partitions.execute(command, owned, { identity: 'test' });
    assert.ok(executed.type === 'done' && executed.result.ok, JSON.stringify(executed));
    return executed.result;
  }

  /** What Redis has taken for scripts, in ms. */
  async function scriptsMs(): Promise<number> {
    const told = String(await server?.ask('INFO', 'commandstats'));
    const [, usec] = /cmdstat_evalsha:calls=\d+,usec=(\d+)/.exec(told) ?? assert.fail(told);
    return Number(usec) / 1000;
  }

  async function push(name: ResourceName, keys: readonly string[]): Promise<void> {
    const messages = keys.map((key) => ({ key, payload: 1 }));
    await execute({ type: 'queue_push', name, messages });
  }

  async function fill(name: ResourceName, hot: number): Promise<void> {
    const someHot = Array.from({ length: perPush }, () => 'hot');
    for (let pushed = 0; pushed < hot; pushed += perPush) await push(name, someHot);
  }

  /** Two messages of each of the other keys. */
  async function pushOthers(name: ResourceName): Promise<void> {
    for (let round = 0; round < 2; round++)
      await push(
        name,
        Array.from({ length: others }, (_, other) => `key ${String(other)}`),
      );
  }

  /** Takes and acknowledges so many, one after the other. @returns Their keys, and what Redis took for that in ms. */
  async function drain(name: ResourceName, count: number): Promise<[readonly string[], number]> {
    const keys: string[] = [];
    const beforeMs = await scriptsMs();
    for (let taken = 0; taken < count; taken++) {
      const popped = await execute({
        type: 'queue_pop',
        name,
        count: 1,
        visibilityMs: 3_600_000,
      });
      assert.ok(popped.type === 'queue_taken');
      const [{ id: messageId, key, delivery, fenceToken } = assert.fail()] = popped.deliveries;
      keys.push(key);
      await execute({ type: 'queue_ack', name, receipt: { messageId, delivery, fenceToken } });
    }
    return [keys, (await scriptsMs()) - beforeMs];
  }

  it('is served in its turn, and a delivery of others costs what it costs without it (LANE-3)', async (t) => {
    const alone = 'alone' as ResourceName;
    const beside = 'beside' as ResourceName;
    await fill(beside, many);
    const ratios: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      await pushOthers(alone);
      const [, aloneMs] = await drain(alone, 2 * others);
      await pushOthers(beside);
      const [keys, besideMs] = await drain(beside, 2 * others + 2);
      // Each turn has every key once.
      for (const turn of [keys.slice(0, others + 1), keys.slice(others + 1)])
        assert.equal(new Set(turn).size, others + 1);
      ratios.push(besideMs / aloneMs);
    }
    const median = ratios.toSorted((a, b) => a - b)[2] ?? assert.fail();
    const told = `${median.toFixed(2)} times as much (${ratios.map((one) => one.toFixed(1)).join(', ')})`;
    t.diagnostic(told);
    assert.ok(median < 3, told);
  });
});
