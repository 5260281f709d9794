import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { systemClock } from '@holdfast/engine/parts';
import type { QueueCommand, ResourceName } from '@holdfast/state';
import { silentLog, startTestCluster } from '../../../engine/test/cluster.ts';
import type { TestCluster } from '../../../engine/test/cluster.ts';
import { ownersOf } from '../../src/index.ts';
import { openRedisStore } from '../../src/redis/index.ts';
import type { RedisStore } from '../../src/redis/index.ts';
import { testLimits } from '../support/conformance.ts';
import {
  RedisServer,
  forgetful,
  redisProgram,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { assertSoon } from '../../../checker/src/waits.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;
const ids = ['a', 'b', 'c'];
const asker = { identity: 'test' };

async function until(what: string, isSo: () => boolean): Promise<void> {
  await assertSoon(isSo, { what, longestMs: 10_000, pauseMs: 20 });
}

describe('Partitions of queues in Redis', { skip }, () => {
  let server: RedisServer | undefined;
  let cluster: TestCluster | undefined;
  const stores = new Map<string, RedisStore>();
  const ownedBy = (): ReadonlyMap<number, readonly string[]> => {
    const all = [...stores].flatMap(([id, { owned }]) =>
      [...owned].map(([partition, token]) => [partition, `${id} ${String(token)}`] as const),
    );
    const found = Map.groupBy(all, ([partition]) => partition);
    return new Map(
      [...found].map(([partition, owners]) => [partition, owners.map(([, one]) => one)]),
    );
  };
  /** Each by the node that rendezvous hashing names, and by no other. */
  const allAreOwned = (): boolean => {
    const owned = ownedBy();
    const owners = ownersOf([...stores.keys()]);
    return owners.every((id, partition) => {
      const found = owned.get(partition) ?? [];
      return found.length === 1 && found[0]?.startsWith(`${id} `);
    });
  };
  const open = (id: string): void => {
    const engine = cluster?.engines.get(id);
    if (engine === undefined || server === undefined) throw new Error('It did not start.');
    const address = { urls: [server.url], isCluster: false };
    const parts = { limits: testLimits, engine, clock: systemClock, log: silentLog };
    stores.set(id, openRedisStore({ address, prefix: 'test:', ...parts }));
  };

  before(async () => {
    server = await RedisServer.start(forgetful);
    cluster = await startTestCluster(ids);
    await cluster.leader();
    for (const id of ids) open(id);
  });
  after(async () => {
    await Promise.all([...stores.values()].map((store) => store.close()));
    await cluster?.close();
    await server?.[Symbol.asyncDispose]();
  });

  /** In parts, each the owners one after the other; what is pushed after the first part stays. */
  async function purgesAll(store: RedisStore, keys: readonly string[]): Promise<void> {
    const name = 'purged' as ResourceName;
    const push = async (key: string): Promise<void> => {
      const messages = [{ key, payload: key }];
      assert.ok((await store.submit({ type: 'queue_push', name, messages }, asker)).ok);
    };
    for (const key of keys) for (let count = 0; count < 3; count++) await push(key);
    let through = Number.MAX_SAFE_INTEGER;
    let purged = 0;
    for (let more = true; more;) {
      const command = { type: 'queue_purge', name, part: 'messages', through, count: 7 } as const;
      const result = await store.submit(command, asker);
      assert.ok(result.ok);
      if (purged === 0) for (const key of keys) await push(key);
      purged += result.count;
      ({ more, through } = result);
    }
    const { type, ...found } = await store.query({ type: 'queue', name }, 'stale', asker);
    assert.ok(type === 'queue' && 'view' in found);
    assert.deepEqual([purged, found.view?.counts.depth], [3 * keys.length, keys.length]);
  }

  /** RSTORE-6: keys of each owner, on whichever node somebody asks. */
  async function servesOwnersInTurn(): Promise<void> {
    const name = 'fair' as ResourceName;
    const owners = ownersOf([...stores.keys()]);
    const all = [...stores.values()];
    const allKnow = (): boolean =>
      all.every((store) => store.owners().every((owner, at) => owner === owners[at]));
    await until('every node knows all owners', allKnow);
    for (const store of all) {
      const keys = Array.from({ length: 60 }, (_, at) => `fair-${String(at)}`);
      const messages = keys.map((key) => ({ key, payload: key }));
      assert.ok((await store.submit({ type: 'queue_push', name, messages }, asker)).ok);
      const served = new Map<string, number>();
      for (let pops = 0; pops < 4 * stores.size; pops++) {
        const pop = { type: 'queue_pop', name, count: 1, visibilityMs: 60_000 } as const;
        const popped = await store.submit(pop, asker);
        assert.ok(popped.ok && popped.type === 'queue_taken');
        const [{ id } = assert.fail()] = popped.deliveries;
        const owner = owners[id % 64] ?? '';
        served.set(owner, (served.get(owner) ?? 0) + 1);
      }
      assert.deepEqual(
        served,
        new Map([...served.keys()].map((owner) => [owner, 4])),
        'each owner as often as the others',
      );
      assert.equal(served.size, stores.size);
      const part = { type: 'queue_purge', name, part: 'messages', count: 1000 } as const;
      await store.submit({ ...part, through: Number.MAX_SAFE_INTEGER }, asker);
    }
    const gone = { type: 'queue_delete', name } as const;
    assert.ok((await stores.get('a')?.submit(gone, asker))?.ok);
  }

  /** SPREAD-2: of whichever owners they are. */
  async function redrivesByIds(store: RedisStore): Promise<void> {
    const name = 'dead' as ResourceName;
    const submit = async (command: QueueCommand) => {
      const result = await store.submit(command, asker);
      assert.ok(result.ok, JSON.stringify(result));
      return result;
    };
    const die = async (): Promise<readonly number[]> => {
      const pop = { type: 'queue_pop', name, count: 100, visibilityMs: 60_000 } as const;
      const taken = await submit(pop);
      assert.ok(taken.type === 'queue_taken');
      for (const { id: messageId, delivery, fenceToken } of taken.deliveries)
        await submit({ type: 'queue_nack', name, receipt: { messageId, delivery, fenceToken } });
      return taken.deliveries.map(({ id }) => id).toSorted((one, other) => one - other);
    };
    await submit({ type: 'queue_configure', name, maxDeliveries: 1 });
    const messages = Array.from({ length: 20 }, (_, at) => ({ key: String(at), payload: at }));
    await submit({ type: 'queue_push', name, messages });
    const ids = await die();
    assert.equal(ids.length, 20);
    for (const chosen of [ids.slice(0, 8), ids.slice(8)]) {
      const count = chosen.length;
      const moved = await submit({ type: 'queue_redrive', name, count, ids: chosen });
      assert.ok(moved.type === 'queue_moved');
      assert.deepEqual([moved.count, moved.more, await die()], [count, false, chosen]);
    }
    const part = { type: 'queue_purge', name, part: 'dead_letters', count: 1000 } as const;
    await submit({ ...part, through: Number.MAX_SAFE_INTEGER });
    await submit({ type: 'queue_delete', name });
  }

  /** NAMED-1: of queues that were not made; one that is made and deleted leaves none either. */
  async function leavesNoName(store: RedisStore): Promise<void> {
    const name = 'made and deleted' as ResourceName;
    for (let at = 0; at < 5; at++) {
      const refused = `refused-${String(at)}` as ResourceName;
      const messages = [{ payload: 'without a key' }];
      const result = await store.submit({ type: 'queue_push', name: refused, messages }, asker);
      assert.equal(result.ok, false);
    }
    assert.ok((await store.submit({ type: 'queue_configure', name }, asker)).ok);
    assert.ok((await store.submit({ type: 'queue_delete', name }, asker)).ok);
    const redis = new Redis(server?.url ?? '');
    const names = await redis.smembers('test:names');
    redis.disconnect();
    assert.deepEqual(names.toSorted(), ['jobs', 'purged']);
  }

  it('have one owner each, move alone with the node that goes or comes, and serve all keys on every node', async () => {
    const keys = Array.from({ length: 40 }, (_, at) => `key-${String(at)}`);
    const name = 'jobs' as ResourceName;
    await until('every partition has an owner', allAreOwned);
    const earlier = ownedBy();
    const first = stores.get('a');
    const last = stores.get('c');
    assert.ok(first !== undefined && last !== undefined);
    await servesOwnersInTurn();
    await redrivesByIds(first);
    for (const key of keys) {
      const messages = [{ key, payload: key }];
      const pushed = await first.submit({ type: 'queue_push', name, messages }, asker);
      assert.ok(pushed.ok);
    }

    await last.close();
    stores.delete('c');
    await until('every partition has an owner again', allAreOwned);
    const without = ownedBy();
    let moved = 0;
    for (const [partition, owners] of earlier)
      if (owners[0]?.startsWith('c ')) moved += 1;
      else assert.deepEqual(without.get(partition), owners, 'it stays where it was');
    assert.ok(moved >= 8 && moved <= 34, `${String(moved)} of 64 moved`);

    const second = stores.get('b');
    assert.ok(second !== undefined);
    const taken: string[] = [];
    while (taken.length < keys.length) {
      const command = { type: 'queue_pop', name, count: 10, visibilityMs: 60_000 } as const;
      const popped = await second.submit(command, asker);
      assert.ok(popped.ok && popped.type === 'queue_taken');
      for (const { key } of popped.deliveries) taken.push(key);
      assert.ok(popped.deliveries.length > 0, `${String(taken.length)} of ${String(keys.length)}`);
    }
    assert.deepEqual(taken.toSorted(), keys.toSorted());

    await purgesAll(first, keys);
    await leavesNoName(first);

    open('c');
    await until('the node that is back has its partitions', allAreOwned);
    for (const [partition, owners] of without)
      if (!earlier.get(partition)?.[0]?.startsWith('c '))
        assert.deepEqual(ownedBy().get(partition), owners);

    // Those that gave partitions to it have them again, under tokens of then.
    await stores.get('c')?.close();
    stores.delete('c');
    await until('every partition has an owner for the third time', allAreOwned);
  });
});
