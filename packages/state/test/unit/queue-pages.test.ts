import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { Command } from '../../src/index.ts';
import { ShardedMap } from '../../src/kernel/collections/sharded-map.ts';
import { Driver, lockName } from './support/driver.ts';

const named = (number: number): ReturnType<typeof lockName> =>
  lockName(`q/${String(number).padStart(5, '0')}`);

test('given 2,000 queues, then a page looks at those that it shows, and tells their partitions together (QVIEW-1)', () => {
  const driver = Driver.withLimits({ maxQueues: 10_000 });
  driver.entry(
    Array.from({ length: 2000 }, (_, number): Command => ({
      type: 'queue_push',
      name: named((number * 7) % 2000),
      messages: [{ key: String(number), payload: 'p' }],
    })),
  );
  const get = mock.method(ShardedMap.prototype, 'get');
  const walks = mock.method(ShardedMap.prototype, 'values');
  const page = driver.machine.queues.page({ prefix: 'q/', after: named(1499), limit: 10 });
  const looked = [get.mock.callCount(), walks.mock.callCount()];
  for (const one of [get, walks]) one.mock.restore();
  assert.deepEqual(looked, [11, 0]);
  assert.deepEqual(
    page.queues.map(({ name }) => name),
    Array.from({ length: 10 }, (_, at) => named(1500 + at)),
  );
  assert.equal(page.nextAfter, named(1509));
  assert.equal(
    page.partitions.reduce((sum, { depth }) => sum + depth, 0),
    10,
  );
  assert.ok(page.queues.every((row) => !('partitions' in row)));
});
