import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { RedisConnection } from '../../src/redis/connection.ts';
import { assertSoon, untilSo } from '../../../checker/src/waits.ts';
import {
  RedisServer,
  forgetful,
  redisProgram,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { connected, hasIpv6 } from '../support/redis-servers.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;
const skipIpv6 = hasIpv6 ? skip : 'no ::1 on this machine';

describe('The address of the Redis that keeps the queues', { skip }, () => {
  let server: RedisServer | undefined;
  before(async () => {
    server = await RedisServer.start(forgetful);
  });
  after(async () => server?.[Symbol.asyncDispose]());

  const told: string[] = [];
  const at = (place: string): string => `redis://${place.replace('PORT', String(server?.port))}`;
  const open = (t: TestContext, url: string): RedisConnection => {
    const address = { urls: [url], isCluster: false };
    const connection = new RedisConnection(address, 'test:', ({ message }) => told.push(message));
    t.after(() => connection.close());
    return connection;
  };
  const refused = async (connection: RedisConnection): Promise<string> => {
    try {
      await connection.addName('lost');
    } catch (error) {
      assert.ok(error instanceof HoldfastError && error.code === 'store_unavailable');
      return error.message;
    }
    return assert.fail('it was executed');
  };

  it('may be an IPv6 address', { skip: skipIpv6 }, async (t) => {
    await using here = await RedisServer.start(['--bind', '::1', ...forgetful]);
    const connection = open(t, `redis://[::1]:${String(here.port)}`);
    await connected(connection);
    assert.equal(await connection.addName('mail'), true);
  });

  it('may name a database: two clusters with one prefix share nothing then (RCONN-3)', async (t) => {
    const third = open(t, at('127.0.0.1:PORT/3'));
    const fourth = open(t, at('127.0.0.1:PORT/4'));
    await Promise.all([connected(third), connected(fourth)]);
    assert.equal(await third.addName('mail'), true);
    assert.equal(await fourth.hasName('mail'), false);
    const ours = open(t, at('127.0.0.1:PORT'));
    await connected(ours);
    assert.equal(await ours.hasName('mail'), false);
  });

  it('given a database that Redis has not, then nothing is asked of another one (RCONN-3)', async (t) => {
    const connection = open(t, at('127.0.0.1:PORT/99'));
    const isTold = async () => (await refused(connection)).includes('database 99 cannot be used');
    await untilSo(isTold, { what: 'it is refused', longestMs: 10_000, pauseMs: 5 });
    assert.equal(connection.isConnected, false);
    assert.ok(told.some((message) => message.includes('database 99 cannot be used')));
  });

  it('given a database that is refused and then allowed, then it is used from then on (RCONN-3)', async (t) => {
    const user = ['limited', 'on', '>secret%', '~*', '&*', '+@all'];
    await server?.ask('ACL', 'SETUSER', ...user, '-select');
    const connection = open(t, at('limited:secret%25@127.0.0.1:PORT/5'));
    const isTold = async () => (await refused(connection)).includes('database 5 cannot be used');
    await untilSo(isTold, { what: 'it is refused', longestMs: 10_000, pauseMs: 5 });
    await server?.ask('ACL', 'SETUSER', 'limited', '+select');
    await connected(connection);
    assert.equal(await connection.addName('mail'), true);
  });

  it('given an access list that refuses SELECT, then the first database is used without it (RCONN-3)', async (t) => {
    const user = ['selectless', 'on', '>secret', '~*', '&*', '+@all', '-select'];
    await server?.ask('ACL', 'SETUSER', ...user);
    for (const path of ['', '/', '/0']) {
      const connection = open(t, at(`selectless:secret@127.0.0.1:PORT${path}`));
      await assertSoon(() => connection.isConnected, {
        what: `the database of "${path}" is used`,
        longestMs: 10_000,
        pauseMs: 10,
      });
      await connection.addName('first');
      assert.equal(await connection.hasName('first'), true, path);
    }
  });

  it('is refused at once where it is none, without its password', (t) => {
    assert.throws(
      () => open(t, 'redis://:100%@127.0.0.1'),
      (error) =>
        error instanceof HoldfastError &&
        error.code === 'invalid_request' &&
        error.message.includes('"redis://…@127.0.0.1", has a "%"'),
    );
  });
});
