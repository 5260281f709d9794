/** Three nodes, each with a store of queues in one Redis. */
import { systemClock } from '@holdfast/engine/parts';
import { silentLog, startTestCluster } from '../../../engine/test/cluster.ts';
import type { TestCluster } from '../../../engine/test/cluster.ts';
import { untilSo } from '../../../checker/src/waits.ts';
import { ownersOf } from '../../src/owners.ts';
import type { RedisAddress } from '../../src/redis/connection.ts';
import { openRedisStore } from '../../src/redis/index.ts';
import type { RedisStore } from '../../src/redis/index.ts';
import type { StoreLimits } from '../../src/redis/limits.ts';
import { testLimits } from './conformance.ts';

const ids = ['a', 'b', 'c'];

export class RedisStores implements AsyncDisposable {
  readonly stores: ReadonlyMap<string, RedisStore>;
  readonly #cluster: TestCluster;

  private constructor(cluster: TestCluster, stores: ReadonlyMap<string, RedisStore>) {
    this.#cluster = cluster;
    this.stores = stores;
  }

  /** @param addressOf Of the Redis, as each node is told. */
  static async open(
    addressOf: (id: string) => RedisAddress,
    limits: StoreLimits = testLimits,
  ): Promise<RedisStores> {
    const cluster = await startTestCluster(ids);
    await cluster.leader();
    const stores = new Map<string, RedisStore>();
    for (const [id, engine] of cluster.engines) {
      const parts = { limits, engine, clock: systemClock, log: silentLog };
      stores.set(id, openRedisStore({ address: addressOf(id), prefix: 'test:', ...parts }));
    }
    const all = new RedisStores(cluster, stores);
    await untilSo(() => all.areOwnedBy(ids), { what: 'all are owned', longestMs: 20_000 });
    return all;
  }

  /** Whether these own all partitions, each its own, and every node knows. */
  areOwnedBy(owning: readonly string[]): boolean {
    const owners = ownersOf(owning);
    return [...this.stores].every(
      ([id, store]) =>
        store.owners().every((owner, partition) => owner === owners[partition]) &&
        owners.every((owner, partition) => store.owned.has(partition) === (owner === id)),
    );
  }

  of(id: string): RedisStore {
    const store = this.stores.get(id);
    if (store === undefined) throw new Error(`There is no node "${id}".`);
    return store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.stores.values()].map((store) => store.close()));
    await this.#cluster.close();
  }
}
