/** The coherent cache on a cluster of real nodes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cacheLeaseMs, grantorLeaseMs } from '@holdfast/protocol/cache';
import { latestFeatureLevel } from '@holdfast/state';
import type { JsonValue, ResourceName } from '@holdfast/state';
import type { CacheRead, Engine } from '../../src/types.ts';
import { startTestCluster, statusReached } from '../cluster.ts';
import type { TestCluster } from '../cluster.ts';

const leaderLeaseMs = grantorLeaseMs(cacheLeaseMs);
const caller = { identity: 'test' };

describe('the cache of a cluster', () => {
  let cluster: TestCluster;
  let leader: Engine;
  let followers: readonly Engine[];
  before(async () => {
    cluster = await startTestCluster(['a', 'b', 'c']);
    leader = await cluster.leader();
    await statusReached([leader], () => leader.status().featureLevel === latestFeatureLevel);
    followers = [...cluster.engines.values()].filter((engine) => engine !== leader);
  });
  after(() => cluster.close());

  const set = async (engine: Engine, key: string, value: JsonValue): Promise<number> => {
    const command = { type: 'cache_set', name: key as ResourceName, value } as const;
    const result = await engine.submit(command, caller);
    assert.ok(result.ok, JSON.stringify(result));
    return result.version;
  };
  const read = (engine: Engine, key: string): Promise<CacheRead> => engine.readCache(key, caller);
  const shown = ({ view, hit, state }: CacheRead): string =>
    `${view?.value ?? 'nothing'} ${hit ? 'hit' : 'miss'} ${state}`;

  test('given a cluster that is new, when it is written, then nobody is waited for', async () => {
    await set(leader, 'first', 1);
    assert.equal(leader.stats().cache.writesDelayed, 0);
  });

  test('given a key that is read, then the node has it in its memory, and tells who else has', async () => {
    const [one, other] = followers;
    assert.ok(one !== undefined && other !== undefined);
    await set(one, 'k', 1);
    assert.equal(shown(await read(one, 'k')), '1 miss modified', 'it wrote that version');
    assert.equal(shown(await read(one, 'k')), '1 hit modified');
    assert.equal(shown(await read(other, 'k')), '1 miss shared');
    assert.equal(shown(await read(leader, 'k')), '1 miss shared');
    assert.equal(shown(await read(leader, 'k')), '1 hit shared');
    assert.equal(shown(await read(other, 'none')), 'nothing miss exclusive');
    assert.equal(shown(await read(other, 'none')), 'nothing hit exclusive');
  });

  test('given lines on all nodes, when the key is written, then no node answers what it had', async () => {
    const engines = [leader, ...followers];
    for (let version = 1; version <= 20; version++) {
      await Promise.all(engines.map((engine) => read(engine, 'w')));
      const writer = engines[version % engines.length] ?? leader;
      await set(writer, 'w', version);
      const all = await Promise.all(engines.map((engine) => read(engine, 'w')));
      assert.deepEqual(
        all.map(({ view }) => view?.value),
        engines.map(() => String(version)),
      );
    }
    assert.ok(leader.stats().cache.writesDelayed > 0, 'writes waited for the lines of others');
  });

  test('given loaders on all nodes, then one of them loads, and the others are answered what it wrote', async () => {
    const asked = { token: undefined, waitMs: 5000, fillMs: 10_000 };
    const engines = [leader, ...followers];
    const answers = engines.map((engine) => engine.cacheFills.fillCache('fill', asked, caller));
    const first = await Promise.race(answers);
    assert.ok(first.token !== undefined);
    const command = { type: 'cache_set', name: 'fill' as ResourceName, value: 1 } as const;
    const filled = { ...command, fillToken: first.token };
    assert.ok((await followers[0]?.submit(filled, caller))?.ok);
    const all = await Promise.all(answers);
    assert.deepEqual(
      new Set(all.map(({ view, token }) => token ?? view?.value)),
      new Set(['1', first.token]),
    );
    assert.equal(all.filter(({ token }) => token !== undefined).length, 1);
    await assert.rejects(leader.submit(filled, caller), /fill_superseded|turn/);
    await leader.submit({ type: 'cache_delete', name: 'fill' as ResourceName }, caller);
    await assert.rejects(leader.submit(filled, caller), /turn/, 'also when it has no value again');
  });

  test('given many writers of one key, then each write has its turn', async () => {
    const engines = [leader, ...followers];
    const versions = await Promise.all(
      Array.from({ length: 60 }, (_, number) => set(engines[number % 3] ?? leader, 'many', number)),
    );
    assert.equal(new Set(versions).size, 60);
  });

  test('given a node that is gone, then a write waits for its lease and for no longer', async () => {
    const gone = followers.find((engine) => engine !== leader);
    assert.ok(gone !== undefined);
    await set(leader, 'gone', 1);
    const readMs = performance.now();
    await read(gone, 'gone');
    await gone.close();
    const before = leader.stats().cache;
    const startedMs = performance.now();
    await set(leader, 'gone', 2);
    const endedMs = performance.now();
    const tookMs = endedMs - startedMs;
    assert.ok(
      endedMs - readMs >= cacheLeaseMs,
      `it could have answered: ${String(endedMs - readMs)}`,
    );
    assert.ok(tookMs < leaderLeaseMs + 1500, String(tookMs));
    const { writesDelayed, delayMs, delays } = leader.stats().cache;
    const leastMs = cacheLeaseMs - (startedMs - readMs);
    assert.equal(writesDelayed - before.writesDelayed, 1);
    const toldMs = delayMs - before.delayMs;
    assert.ok(toldMs >= leastMs && toldMs <= tookMs + 1, `${String(toldMs)} of ${String(tookMs)}`);
    const [by] = delays.filter(({ name }) => name === gone.status().nodeId);
    assert.equal(by?.lapsed, 1);
    assert.ok(by.ms >= leastMs && by.ms <= tookMs + 1, `${String(by.ms)} of ${String(tookMs)}`);
    assert.equal((await read(leader, 'gone')).view?.value, '2');
  });
});
