import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { RedisConnection } from '../../src/redis/connection.ts';
import {
  RedisServer,
  forgetful,
  redisProgram,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { connected } from '../support/redis-servers.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;

describe('A Redis that has become a replica', { skip }, () => {
  it('does not answer as the one that keeps queues, for it executes no script of them', async (t) => {
    await using server = await RedisServer.start(forgetful);
    const address = { urls: [server.url], isCluster: false };
    const connection = new RedisConnection(address, 'test:', () => undefined);
    t.after(() => connection.close());
    await connected(connection);
    await connection.addName('jobs');
    await connection.answers();
    assert.equal(await connection.countNames(), 1);
    await server.ask('REPLICAOF', '127.0.0.1', '1');
    await assert.rejects(
      connection.answers(),
      (error: unknown) => error instanceof HoldfastError && /READONLY/.test(error.message),
    );
    await server.ask('REPLICAOF', 'NO', 'ONE');
    await connection.answers();
  });
});
