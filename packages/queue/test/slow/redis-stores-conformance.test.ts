/** Three nodes that own the partitions of a Redis together, asked in turn: as every other store of queues. */
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe } from 'node:test';
import {
  RedisServer,
  forgetful,
  redisProgram,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import type { StoreUnderTest } from '../support/bench.ts';
import { testStore } from '../support/conformance.ts';
import { RedisStores } from '../support/redis-stores.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;
const asker = { identity: 'test' };

describe('Queues in Redis, through three nodes', { skip }, () => {
  let server: RedisServer | undefined;
  let nodes: RedisStores | undefined;
  let under: StoreUnderTest | undefined;

  before(async () => {
    server = await RedisServer.start(forgetful);
    const address = { urls: [server.url], isCluster: false };
    nodes = await RedisStores.open(() => address);
    const stores = [...nodes.stores.values()];
    let asked = 0;
    const next = () => {
      const store = stores[asked++ % stores.length];
      if (store === undefined) throw new Error('There is no node.');
      return store;
    };
    under = {
      submit: (command) => next().submit(command, asker),
      query: (query) => next().query(query, 'linearizable', asker),
      pass: async (ms) => {
        await sleep(ms);
      },
    };
  });
  after(async () => {
    await nodes?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  testStore(() => {
    if (under === undefined) throw new Error('The nodes did not start.');
    return under;
  });
});
