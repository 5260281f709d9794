/** The list of the names of all queues in Redis, as two nodes know it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CommandResult, QueueCommand, ResourceName } from '@holdfast/state';
import { Partitions } from '../../src/redis/partitions.ts';
import { testLimits } from '../support/conformance.ts';
import { redisProgram } from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { ownRedis } from '../support/redis-servers.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;
const owned = new Map(Array.from({ length: 64 }, (_, partition) => [partition, 1]));

async function execute(node: Partitions, command: QueueCommand): Promise<CommandResult> {
  const executed = await node.execute(command, owned, { identity: 'test' });
  assert.ok(executed.type === 'done');
  return executed.result;
}

describe('Names of queues in Redis', { skip }, () => {
  const redis = ownRedis();

  it('are no more than the limit, also where a node remembers one that another node has deleted (NAMED-3)', async () => {
    const { connection } = redis();
    const limits = { ...testLimits, maxQueues: 2 };
    const [one, other] = [connection, connection].map(
      (at) => new Partitions(at, limits, () => performance.now()),
    );
    assert.ok(one !== undefined && other !== undefined);
    const make = async (name: string): Promise<string> => {
      const command = { type: 'queue_configure', name: name as ResourceName } as const;
      const result = await execute(one, command);
      return result.ok ? 'made' : result.code;
    };
    // Given a node that has made a queue, which another node has deleted since
    assert.equal(await make('first'), 'made');
    const gone = { type: 'queue_delete', name: 'first' as ResourceName } as const;
    assert.ok((await execute(other, gone)).ok);
    // When there are as many others as may be
    assert.equal(await make('second'), 'made');
    assert.equal(await make('third'), 'made');
    // Then it is not made again before there is room, neither by a setting nor by a message
    assert.equal(await make('first'), 'limit_exceeded');
    const messages = [{ key: 'a', payload: 1 }];
    const push = { type: 'queue_push', name: 'first' as ResourceName, messages } as const;
    const refused = await execute(one, push);
    assert.ok(!refused.ok && refused.code === 'limit_exceeded');
    assert.equal(await connection.countNames(), 2);
    assert.ok((await execute(other, { ...gone, name: 'third' as ResourceName })).ok);
    assert.ok((await execute(one, push)).ok);
    assert.equal(await connection.hasName('first'), true);
  });
});
