import { after, before, describe } from 'node:test';
import { RedisConnection } from '../../src/redis/connection.ts';
import { testStore } from '../support/conformance.ts';
import type { StoreUnderTest } from '../support/bench.ts';
import {
  RedisServer,
  forgetful,
  redisProgram,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { connected } from '../support/redis-servers.ts';
import { scriptsOf } from '../support/scripts.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;

describe('Queues in Redis', { skip }, () => {
  let server: RedisServer | undefined;
  let connection: RedisConnection | undefined;
  let under: StoreUnderTest | undefined;

  before(async () => {
    server = await RedisServer.start(forgetful);
    const address = { urls: [server.url], isCluster: false };
    connection = new RedisConnection(address, 'test:', () => undefined);
    await connected(connection);
    under = scriptsOf(connection);
  });
  after(async () => {
    connection?.close();
    await server?.[Symbol.asyncDispose]();
  });

  testStore(() => {
    if (under === undefined) throw new Error('Redis did not start.');
    return under;
  });
});
