import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { partitionOf } from '@holdfast/state';
import type { QueueCommand, ResourceName } from '@holdfast/state';
import { RedisConnection } from '../../src/redis/connection.ts';
import { Partitions } from '../../src/redis/partitions.ts';
import { testLimits } from '../support/conformance.ts';
import {
  RedisServer,
  forgetful,
  redisProgram,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { connected, ownRedis } from '../support/redis-servers.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;
const asker = { identity: 'test' };
const all = (token: number): ReadonlyMap<number, number> =>
  new Map(Array.from({ length: 64 }, (_, partition) => [partition, token]));

describe('An owner that was paused and has lost its partitions', { skip }, () => {
  const redis = ownRedis();

  it('changes nothing from the moment when the next one has claimed them (RFENCE-1)', async () => {
    const { connection } = redis();
    const name = 'mail' as ResourceName;
    const partitions = new Partitions(connection, testLimits, () => performance.now());
    const messages = [
      { key: 'a', payload: 1 },
      { key: 'b', payload: 2 },
    ];
    const push: QueueCommand = { type: 'queue_push', name, messages };
    assert.equal((await partitions.execute(push, all(5), asker)).type, 'done');
    const pop: QueueCommand = { type: 'queue_pop', name, count: 1, visibilityMs: 60_000 };
    const popped = await partitions.execute(pop, all(5), asker);
    assert.ok(popped.type === 'done' && popped.result.ok && popped.result.type === 'queue_taken');
    const [{ id: messageId, delivery, fenceToken } = assert.fail()] = popped.result.deliveries;
    const receipt = { messageId, delivery, fenceToken };

    assert.equal(await partitions.claim(all(6)), true);

    const late: readonly QueueCommand[] = [
      push,
      pop,
      { type: 'queue_pop', name, count: 1 },
      { type: 'queue_ack', name, receipt },
      { type: 'queue_nack', name, receipt },
      { type: 'queue_extend', name, receipt, visibilityMs: 1000 },
      { type: 'queue_purge', name, part: 'messages', through: Number.MAX_SAFE_INTEGER, count: 10 },
      { type: 'queue_redrive', name, count: 10 },
      { type: 'queue_configure', name, maxDeliveries: 1 },
      { type: 'queue_delete', name },
    ];
    const earlier = await partitions.query({ type: 'queue', name }, 'linearizable');
    for (const command of late)
      assert.equal(
        (await partitions.execute(command, all(5), asker)).type,
        'not_owner',
        command.type,
      );
    assert.equal(await partitions.claim(all(5)), false);
    const later = await partitions.query({ type: 'queue', name }, 'linearizable');
    assert.ok(earlier.type === 'queue' && later.type === 'queue');
    assert.deepEqual(later.view?.counts, earlier.view?.counts);
    // Who asks has to be who took it (OWNER-1).
    const ack: QueueCommand = { type: 'queue_ack', name, receipt };
    const another = await partitions.execute(ack, all(6), { identity: 'another' });
    assert.ok(another.type === 'done' && !another.result.ok);
    assert.equal(another.result.code, 'stale_receipt');
    // The next one goes on where the first was stopped.
    const acknowledged = await partitions.execute(
      { type: 'queue_ack', name, receipt },
      all(6),
      asker,
    );
    assert.ok(acknowledged.type === 'done' && acknowledged.result.ok);
  });

  it('makes no queue whose name was in the list when the next one claimed them (NAMED-4)', async () => {
    const { connection } = redis();
    const name = 'to be made' as ResourceName;
    const partitions = new Partitions(connection, testLimits, () => performance.now());
    const messages = [{ key: 'a', payload: 1 }];
    const push: QueueCommand = { type: 'queue_push', name, messages };
    const pop: QueueCommand = { type: 'queue_pop', name, count: 1 };
    // The name is there, as where the owner is paused before it makes the queue.
    await connection.addName(name);
    assert.equal(await partitions.claim(all(6)), true);
    for (const command of [push, pop, { type: 'queue_configure', name } as const])
      assert.equal((await partitions.execute(command, all(5), asker)).type, 'not_owner');
    const made = await partitions.execute(push, all(6), asker);
    assert.ok(made.type === 'done' && made.result.ok);
    assert.equal((await partitions.execute(pop, all(5), asker)).type, 'not_owner');
    const fences = Number(await redis().server.ask('PTTL', 'test:{to be made}:f'));
    assert.equal(fences, -1, 'fences of a queue that is there stay');
  });

  it('makes no queue once it knows that it may have lost them, and leaves no name (NAMED-4)', async () => {
    const { connection } = redis();
    const name = 'made too late' as ResourceName;
    const partitions = new Partitions(connection, testLimits, () => performance.now());
    let asked = 0;
    const isOwner = (tokens: ReadonlyMap<number, number>): boolean => {
      asked += tokens.size;
      return false;
    };
    const messages = [{ key: 'a', payload: 1 }];
    const push: QueueCommand = { type: 'queue_push', name, messages };
    const executed = await partitions.execute(push, all(5), { ...asker, isOwner });
    assert.equal(executed.type, 'not_owner');
    assert.equal(asked, 1);
    assert.equal(await connection.hasName(name), false);
    const found = await partitions.query({ type: 'queue', name }, 'linearizable');
    assert.ok(found.type === 'queue');
    assert.equal(found.view, undefined);
  });

  it('is refused for one partition as well, and serves those that it still has', async () => {
    const { connection } = redis();
    const name = 'parts' as ResourceName;
    const partitions = new Partitions(connection, testLimits, () => performance.now());
    const keys = Array.from({ length: 20 }, (_, at) => `key-${String(at)}`);
    const messages = keys.map((key) => ({ key, payload: key }));
    await partitions.execute({ type: 'queue_push', name, messages }, all(5), asker);
    const half = new Map([...all(5)].filter(([partition]) => partition < 32));
    const others = new Map([...all(6)].filter(([partition]) => partition >= 32));
    assert.equal(await partitions.claim(others), true);
    const pop: QueueCommand = { type: 'queue_pop', name, count: 100, visibilityMs: 60_000 };
    const take = async (owned: ReadonlyMap<number, number>): Promise<readonly string[]> => {
      const popped = await partitions.execute(pop, owned, asker);
      assert.ok(popped.type === 'done' && popped.result.ok && popped.result.type === 'queue_taken');
      return popped.result.deliveries.map(({ key }) => key);
    };
    assert.equal((await partitions.execute(pop, all(5), asker)).type, 'not_owner');
    // Who is refused is told for which of them.
    const stale = new Map([...half, [40, 5] as const]);
    const parts = { name, count: 10 } as const;
    for (const command of [
      pop,
      { type: 'queue_purge', part: 'messages', through: Number.MAX_SAFE_INTEGER, ...parts },
      { type: 'queue_redrive', ...parts },
    ] as const)
      assert.deepEqual(await partitions.execute(command, stale, asker), {
        type: 'not_owner',
        partition: 40,
      });
    const taken = [...(await take(half)), ...(await take(others))];
    assert.deepEqual(new Set(taken), new Set(keys));
    assert.equal(taken.length, keys.length);
  });
});

describe('A push of several partitions', { skip }, () => {
  const redis = ownRedis();

  it('comes with the fence token of each owner, or pushes nothing, whichever is too small (RFENCE-1)', async () => {
    const { connection } = redis();
    const name = 'batches' as ResourceName;
    const partitions = new Partitions(connection, testLimits, () => performance.now());
    const keys = Array.from({ length: 8 }, (_, at) => `key-${String(at)}`);
    const places = [...new Set(keys.map(partitionOf))];
    assert.ok(places.length > 4);
    const push = (dedup: string): QueueCommand => {
      const messages = keys.map((key) => ({ key, payload: key, dedupId: `${dedup} ${key}` }));
      return { type: 'queue_push', name, messages };
    };
    const depth = async (): Promise<number | undefined> => {
      const told = await partitions.query({ type: 'queue', name }, 'linearizable');
      assert.ok(told.type === 'queue');
      return told.view?.counts.depth;
    };
    const first = await partitions.execute(push('first'), all(5), asker);
    assert.ok(first.type === 'done' && first.result.ok && first.result.type === 'queue_pushed');
    assert.equal(first.result.messages.length, keys.length);
    assert.ok(first.result.messages.every(({ duplicate }) => !duplicate));
    // Each of them in its turn is taken over by another owner.
    for (const [at, place] of places.entries()) {
      assert.equal(await partitions.claim(new Map([[place, 6]])), true);
      const late = await partitions.execute(push('late'), all(5), asker);
      assert.deepEqual(late, { type: 'not_owner', partition: places.slice(0, at + 1)[0] });
      assert.equal(await depth(), keys.length);
      // Without a token of one of them nothing is pushed either.
      const lacking = new Map([...all(6)].filter(([partition]) => partition !== place));
      const without = await partitions.execute(push('late'), lacking, asker);
      assert.deepEqual(without, { type: 'not_owner', partition: place });
    }
    const mixed = new Map([...all(5), ...places.map((place) => [place, 6] as const)]);
    const done = await partitions.execute(push('late'), mixed, asker);
    assert.ok(done.type === 'done' && done.result.ok && done.result.type === 'queue_pushed');
    // Nothing of what was refused is known by its dedup id.
    assert.ok(done.result.messages.every(({ duplicate }) => !duplicate));
    assert.equal(await depth(), 2 * keys.length);
    assert.ok(first.result.messages.every(({ id }, at) => id % 64 === partitionOf(keys[at] ?? '')));
  });
});

describe('A queue that is made again after all that it left has expired', { skip }, () => {
  const name = 'remade' as ResourceName;
  let server: RedisServer | undefined;
  let connection: RedisConnection | undefined;
  let redis: Redis | undefined;
  let partitions: Partitions | undefined;
  before(async () => {
    server = await RedisServer.start(forgetful);
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

  const execute = async (command: QueueCommand) => {
    const executed = await partitions?.execute(command, all(5), asker);
    assert.ok(executed?.type === 'done');
    return executed.result;
  };
  const push = async (maxDeliveries: number): Promise<void> => {
    const messages = [{ key: 'a', payload: 1, maxDeliveries }];
    assert.ok((await execute({ type: 'queue_push', name, messages })).ok);
  };
  const take = async (): Promise<QueueCommand & { type: 'queue_ack' }> => {
    const popped = await execute({ type: 'queue_pop', name, count: 1, visibilityMs: 60_000 });
    assert.ok(popped.ok && popped.type === 'queue_taken');
    const [{ id: messageId, delivery, fenceToken } = assert.fail()] = popped.deliveries;
    return { type: 'queue_ack', name, receipt: { messageId, delivery, fenceToken } };
  };
  const die = async (): Promise<number> => {
    await push(1);
    const { receipt } = await take();
    const given = await execute({ type: 'queue_nack', name, receipt });
    assert.ok(given.ok && given.type === 'queue_returned' && given.dead);
    return receipt.messageId;
  };

  it('takes no receipt of then for one of now, and its fence tokens rise (RKEPT-1)', async () => {
    // Given a receipt of a queue of which nothing is left
    await push(10);
    const old = await take();
    await redis?.flushall();
    // When the first message is taken by the same caller from a queue under the same name
    await push(10);
    const present = await take();
    assert.ok(present.receipt.fenceToken > old.receipt.fenceToken);
    // Then the old receipt is stale
    const late = await execute(old);
    assert.ok(!late.ok);
    assert.equal(late.code, 'stale_receipt');
    assert.ok((await execute(present)).ok);
  });

  it('has no message or dead letter with an id of then (RKEPT-1)', async () => {
    // Given a dead letter of a queue of which nothing is left
    await redis?.flushall();
    const old = await die();
    await redis?.flushall();
    // When the first message of a queue under the same name dies as well
    const present = await die();
    assert.ok(present > old, `${String(present)} after ${String(old)}`);
    // Then an operator who redrives the one of then makes no message of the one of now
    const late = await execute({ type: 'queue_redrive', name, ids: [old], count: 1 });
    assert.ok(late.ok && late.type === 'queue_moved');
    assert.equal(late.count, 0);
    const redriven = await execute({ type: 'queue_redrive', name, ids: [present], count: 1 });
    assert.ok(redriven.ok && redriven.type === 'queue_moved');
    assert.equal(redriven.count, 1);
  });

  it('serves, purges and redrives messages whose ids have 16 digits (RID-1)', async () => {
    await redis?.flushall();
    await push(10);
    const first = await take();
    assert.ok((await execute(first)).ok);
    // Given a queue with ids near the largest that a number is exact for
    const sequence = Math.floor(Number.MAX_SAFE_INTEGER / 64) - 100;
    await redis?.hset('test:{remade}:q', 'seq', String(sequence));
    const dead = await die();
    assert.equal(Math.floor(dead / 64), sequence + 1);
    const listed = await partitions?.query(
      { type: 'dead_letters', name, after: dead - 1, limit: 10 },
      'linearizable',
    );
    assert.ok(listed?.type === 'dead_letters');
    assert.deepEqual(
      listed.page?.letters.map(({ id }) => id),
      [dead],
    );
    const redriven = await execute({ type: 'queue_redrive', name, ids: [dead], count: 1 });
    assert.ok(redriven.ok && redriven.type === 'queue_moved');
    assert.equal(redriven.count, 1);
    // When the first of two messages is purged
    await push(10);
    const all = { type: 'queue_purge', name, part: 'messages' } as const;
    const purged = await execute({ ...all, through: Number.MAX_SAFE_INTEGER, count: 1 });
    assert.ok(purged.ok && purged.type === 'queue_moved' && purged.more);
    // Then what is told of the rest ends those that were there, and no later one
    assert.equal(purged.through, (sequence + 2) * 64 + 63);
    await push(10);
    const rest = await execute({ ...all, through: purged.through, count: 10 });
    assert.ok(rest.ok && rest.type === 'queue_moved');
    assert.deepEqual([rest.count, rest.more], [1, false]);
    const { receipt } = await take();
    assert.equal(Math.floor(receipt.messageId / 64), sequence + 3);
  });
});
