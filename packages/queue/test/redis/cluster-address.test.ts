import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RedisConnection } from '../../src/redis/connection.ts';
import { untilSo } from '../../../checker/src/waits.ts';
import {
  RedisServer,
  forgetful,
  redisProgram,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { belowTheBus, connected, hasIpv6 } from '../support/redis-servers.ts';

const skip =
  redisProgram === undefined
    ? 'no redis-server on this machine'
    : !hasIpv6 && 'no ::1 on this machine';

describe('The address of a Redis Cluster that keeps the queues', { skip }, () => {
  it('may be an IPv6 address', async (t) => {
    const settings = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '::1'];
    const both = ['--bind', '127.0.0.1', '::1'];
    await using server = await RedisServer.start([...settings, ...both, ...forgetful], belowTheBus);
    await server.ask('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    const isOk = async () =>
      String(await server.ask('CLUSTER', 'INFO')).includes('cluster_state:ok');
    await untilSo(isOk, { what: 'the cluster serves', longestMs: 10_000, pauseMs: 10 });
    const address = { urls: [`redis://[::1]:${String(server.port)}`], isCluster: true };
    const connection = new RedisConnection(address, 'test:', () => undefined);
    t.after(() => connection.close());
    await connected(connection);
    assert.equal(await connection.addName('mail'), true);
  });
});
