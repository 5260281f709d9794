import { after, before, describe } from 'node:test';
import { RedisConnection } from '../../src/redis/connection.ts';
import { testStore } from '../support/conformance.ts';
import type { StoreUnderTest } from '../support/bench.ts';
import { redisProgram } from '../../../redis-voters/test/integration/redis/redis-server.ts';
import type { RedisServer } from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { connected, startRedisCluster } from '../support/redis-servers.ts';
import { scriptsOf } from '../support/scripts.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;

describe('Queues in a Redis Cluster of three', { skip }, () => {
  let servers: readonly RedisServer[] = [];
  let connection: RedisConnection | undefined;
  let under: StoreUnderTest | undefined;

  before(async () => {
    servers = await startRedisCluster();
    const address = { urls: servers.map(({ url }) => url), isCluster: true };
    connection = new RedisConnection(address, 'test:', () => undefined);
    await connected(connection);
    under = scriptsOf(connection);
  });
  after(async () => {
    connection?.close();
    for (const server of servers) await server[Symbol.asyncDispose]();
  });

  testStore(() => {
    if (under === undefined) throw new Error('Redis did not start.');
    return under;
  });
});
