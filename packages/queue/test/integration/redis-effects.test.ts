/** What is refused while the Redis of queues is down was not executed when it is back. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { ResourceName } from '@holdfast/state';
import { RedisConnection } from '../../src/redis/connection.ts';
import {
  RedisServer,
  durable,
  redisProgram,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { connected } from '../support/redis-servers.ts';
import { scriptsOf } from '../support/scripts.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;
const name = 'jobs' as ResourceName;

describe('A queue whose Redis is down', { skip }, () => {
  it('has no more messages than before when it is back (store_unavailable)', async () => {
    const server = await RedisServer.start(durable);
    const address = { urls: [server.url], isCluster: false };
    const connection = new RedisConnection(address, 'test:', () => undefined);
    try {
      await connected(connection);
      const store = scriptsOf(connection);
      const push = (payload: string) =>
        store.submit({ type: 'queue_push', name, messages: [{ key: 'a', payload }] });
      const size = async () => {
        const found = await store.query({ type: 'queue', name });
        assert.ok(found.type === 'queue');
        return found.view?.counts.depth;
      };
      assert.ok((await push('first')).ok);
      await server.kill();
      while (connection.isConnected) await new Promise((resolve) => setImmediate(resolve));
      const before = await push('second').catch((error: unknown) => error);
      assert.ok(before instanceof HoldfastError, JSON.stringify(before));
      assert.equal(before.code, 'store_unavailable');
      await server.start();
      await connected(connection);
      assert.equal(await size(), 1);
    } finally {
      connection.close();
      await server[Symbol.asyncDispose]();
    }
  });
});
