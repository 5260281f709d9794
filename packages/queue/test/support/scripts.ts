import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisConnection } from '../../src/redis/connection.ts';
import { Partitions } from '../../src/redis/partitions.ts';
import type { CommandAsker } from '../../src/redis/partitions.ts';
import { testLimits } from './conformance.ts';
import type { StoreUnderTest } from './bench.ts';

/** The scripts, by one that owns everything. */
export function scriptsOf(
  connection: RedisConnection,
  asker: CommandAsker = { identity: 'test', spreads: true },
): StoreUnderTest {
  const partitions = new Partitions(connection, testLimits, () => performance.now());
  const owned = new Map(Array.from({ length: 64 }, (_, partition) => [partition, 1]));
  return {
    async submit(command) {
      const executed = await partitions.execute(command, owned, asker);
      if (executed.type === 'not_owner') throw new Error('It is the owner of everything.');
      return executed.result;
    },
    query: (query) => partitions.query(query, 'linearizable'),
    pass: async (ms) => {
      await sleep(ms);
    },
  };
}
