/** A Redis whose memory is full, what it is asked to do many at once, and where messages are put. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { HoldfastError } from '@holdfast/protocol';
import type { QueueCommand, ResourceName } from '@holdfast/state';
import { RedisConnection } from '../../src/redis/connection.ts';
import { Partitions } from '../../src/redis/partitions.ts';
import type { CommandAsker } from '../../src/redis/partitions.ts';
import { testLimits } from '../support/conformance.ts';
import {
  RedisServer,
  forgetful,
  redisProgram,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { connected } from '../support/redis-servers.ts';
import { scriptsOf } from '../support/scripts.ts';
import { Bench, receiptOf } from '../support/bench.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;
const asker: CommandAsker = { identity: 'test' };
const all = (token: number): ReadonlyMap<number, number> =>
  new Map(Array.from({ length: 64 }, (_, partition) => [partition, token]));
const unavailable = (error: unknown): boolean =>
  error instanceof HoldfastError && error.code === 'store_unavailable';

describe('Queues in a Redis', { skip }, () => {
  let server: RedisServer | undefined;
  let connection: RedisConnection | undefined;
  let redis: Redis | undefined;
  let partitions: Partitions | undefined;
  let bench: Bench | undefined;
  let tests = 0;
  let name = '' as ResourceName;
  before(async () => {
    server = await RedisServer.start([...forgetful, '--maxmemory-policy', 'noeviction']);
    redis = new Redis(server.url);
    const address = { urls: [server.url], isCluster: false };
    connection = new RedisConnection(address, 'test:', () => undefined);
    await connected(connection);
    partitions = new Partitions(connection, testLimits, () => performance.now());
  });
  after(async () => {
    redis?.disconnect();
    connection?.close();
    await server?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await redis?.config('SET', 'maxmemory', '0');
    name = `full-${String(++tests)}` as ResourceName;
    if (connection !== undefined) bench = new Bench(scriptsOf(connection), name);
  });

  const fill = async (): Promise<void> => {
    await redis?.config('SET', 'maxmemory', '1');
  };
  /** What must not be refused. */
  const executeWhenFull = (command: QueueCommand, owned: ReadonlyMap<number, number>) =>
    execute(command, owned).catch((error: unknown) => assert.fail(String(error)));
  const execute = async (command: QueueCommand, owned = all(1), by: CommandAsker = asker) => {
    const executed = await partitions?.execute(command, owned, by);
    assert.ok(executed?.type === 'done', executed?.type);
    return executed;
  };
  const push = (key: string, dedupId: string): QueueCommand => ({
    type: 'queue_push',
    name,
    messages: [{ key, payload: 'x', dedupId }],
  });

  it('whose memory is full takes no push, also where dedup ids have ended or the queue was there before (FULL-1)', async () => {
    assert.ok(bench !== undefined && redis !== undefined);
    await execute(push('a', 'first'));
    await redis.hset(`test:{${name}}:d`, 'old', '64');
    await redis.zadd(`test:{${name}}:e`, 1, 'old');
    const gone = bench.beside('-gone');
    await gone.configure({});
    assert.ok((await execute({ type: 'queue_delete', name: gone.name })).result.ok);
    await fill();
    await assert.rejects(execute(push('b', 'second')), unavailable);
    await assert.rejects(execute({ ...push('b', 'second'), name: gone.name }), unavailable);
    await assert.rejects(execute({ type: 'queue_configure', name: gone.name }), unavailable);
    assert.equal((await bench.view()).counts.depth, 1);
    await redis.config('SET', 'maxmemory', '0');
    await execute(push('b', 'second'));
    assert.equal(
      await redis.hexists(`test:{${name}}:d`, 'old'),
      0,
      'and ended ids go with the next',
    );
  });

  it('whose memory is full can be claimed, taken from, acknowledged and purged by the next owner (FULL-1)', async () => {
    assert.ok(bench !== undefined && partitions !== undefined);
    await bench.configure({ maxDeliveries: 1 });
    await bench.pushAll(['a', 'b', 'c', 'd'].map((key) => ({ key, payload: key })));
    await bench.nack(await bench.popOne(60_000));
    const held = await bench.popOne(60_000);
    await fill();
    await assert.doesNotReject(partitions.claim(all(2)).then((done) => assert.ok(done)));
    const next = all(3); // It has not claimed them.
    const receipt = receiptOf(held);
    const extend = { type: 'queue_extend', name, receipt, visibilityMs: 60_000 } as const;
    for (const command of [
      extend,
      { type: 'queue_ack', name, receipt } as const,
      { type: 'queue_pop', name, count: 1 } as const,
      { type: 'queue_redrive', name, count: 1 } as const,
    ]) {
      const { result } = await executeWhenFull(command, next);
      assert.ok(result.ok, JSON.stringify(result));
    }
    const taken = (
      await executeWhenFull({ type: 'queue_pop', name, count: 9, visibilityMs: 60_000 }, next)
    ).result;
    assert.ok(taken.ok && taken.type === 'queue_taken');
    for (const one of taken.deliveries) {
      const nack = { type: 'queue_nack', name, receipt: receiptOf(one) } as const;
      assert.ok((await executeWhenFull(nack, next)).result.ok);
    }
    const through = Number.MAX_SAFE_INTEGER;
    const dead = { type: 'queue_purge', name, part: 'dead_letters', through, count: 9 } as const;
    const purged = (await executeWhenFull(dead, next)).result;
    assert.ok(purged.ok && purged.type === 'queue_moved');
    assert.equal(purged.count, 2);
    const view = await bench.view();
    assert.deepEqual([view.counts.depth, view.dead, view.bytes], [0, 0, 0]);
  });

  it('works on so many messages that are due with one pop, and says that there are more (DUE-1)', async () => {
    assert.ok(bench !== undefined);
    await bench.configure({ order: 'none' });
    const messages = Array.from({ length: 100 }, (_, number) => ({
      key: `k${String(number)}`,
      payload: number,
      delayMs: 20,
    }));
    for (let round = 0; round < 3; round++) await bench.pushAll(messages);
    await bench.pass(30);
    const pop = { type: 'queue_pop', name, count: 1 } as const;
    const first = await execute(pop);
    assert.equal(first.dueInMs, 0);
    assert.equal((await bench.view()).counts.delayed, 100);
    const second = await execute(pop);
    assert.equal(second.dueInMs, undefined);
    assert.deepEqual((await bench.view()).counts.delayed, 0);
  });

  it('keeps messages without a key in many partitions, and finds those of before in one (KEYLESS-1)', async () => {
    assert.ok(bench !== undefined && connection !== undefined);
    await bench.configure({ order: 'none' });
    const before = new Bench(scriptsOf(connection, { ...asker, spreads: false }), name);
    const some = (from: number) =>
      Array.from({ length: 30 }, (_, at) => ({ payload: { number: from + at } }));
    await before.pushAll(some(0));
    const partitionsUsed = async (): Promise<number> =>
      ((await bench?.view())?.partitions ?? []).filter(({ depth }) => depth > 0).length;
    assert.equal(await partitionsUsed(), 1);
    await bench.pushAll(some(30));
    const used = await partitionsUsed();
    assert.ok(used > 15, `${String(used)} partitions`);
    const taken = await bench.pop(100);
    assert.equal(new Set(taken.map(({ payload }) => payload)).size, 60);
    assert.equal((await bench.view()).counts.depth, 0);
  });

  it('is asked nothing for who does not wait any more (LATE-1)', async () => {
    assert.ok(bench !== undefined && connection !== undefined);
    await bench.push('a', 1);
    const gone = { ...asker, isGone: () => true };
    const pop = { type: 'queue_pop', name, count: 1 } as const;
    await assert.rejects(execute(pop, all(1), gone), unavailable);
    assert.equal((await bench.view()).counts.depth, 1);
    const other = `${name}-not-made` as ResourceName;
    const configure = { type: 'queue_configure', name: other } as const;
    await assert.rejects(execute(configure, all(1), gone), unavailable);
    assert.equal(await connection.hasName(other), false, 'it leaves no name either');
  });

  it('can be used by somebody who may do what the page says, and no more', async () => {
    assert.ok(redis !== undefined && server !== undefined);
    const page = readFileSync(
      new URL('../../../../docs/primitives/queues.md', import.meta.url),
      'utf8',
    );
    const [line = ''] = /^ACL SETUSER .*$/m.exec(page) ?? [];
    const [, ...words] = line.replace('>PASSWORD', '>secret').split(' ');
    await redis.acl('SETUSER', ...(words.slice(1) as [string, ...string[]]));
    const url = `redis://holdfast:secret@127.0.0.1:${String(server.port)}`;
    const refused: string[] = [];
    const limited = new RedisConnection({ urls: [url], isCluster: false }, 'holdfast:', (error) =>
      refused.push(error.message),
    );
    try {
      await connected(limited);
      const own = new Bench(scriptsOf(limited), name);
      await own.configure({ onDead: 'block', maxDeliveries: 1 });
      await own.pushAll(['a', 'b'].map((key) => ({ key, payload: key, dedupId: key })));
      const held = await own.popOne(60_000);
      await own.extend(held, 60_000);
      await own.nack(held);
      assert.equal((await own.deadLetters()).letters.length, 1);
      assert.equal((await own.blockedKeys()).keys.length, 1);
      await own.redrive(1);
      for (const one of await own.pop(2, 60_000)) await own.ack(one);
      await own.purge('messages');
      assert.equal((await own.page('', 10)).queues.length, 1);
      const claimed = new Partitions(limited, testLimits, () => performance.now());
      assert.equal(await claimed.claim(all(2)), true);
      assert.ok(
        (await claimed.execute({ type: 'queue_delete', name }, all(2), asker)).type === 'done',
      );
      assert.deepEqual(refused, []);
    } finally {
      limited.close();
    }
  });

  it('serves lanes in turn by the exact number, also where thousands are in flight', async () => {
    assert.ok(bench !== undefined && redis !== undefined);
    await bench.configure({ order: 'none' });
    for (const key of ['a', 'b']) {
      await bench.pushAll(Array.from({ length: 3 }, () => ({ key, payload: key })));
      const kept = JSON.parse((await redis.hget(`test:{${name}}:L`, key)) ?? '') as object;
      const lane = { ...kept, i: 20_000 + (key === 'a' ? 1 : 0) };
      await redis.hset(`test:{${name}}:L`, key, JSON.stringify(lane));
      await bench.push(key, key); // It takes its place anew.
    }
    const taken = await bench.pop(8, 60_000);
    assert.deepEqual(
      taken.map(({ key }) => key),
      ['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'],
    );
  });
});
