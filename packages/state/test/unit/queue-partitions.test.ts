/** What the partitions of a queue have: the oldest message of each, and how often something happens in it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { partitionOf } from '../../src/index.ts';
import type { Command, QueuePartition, QueueView, Receipt } from '../../src/index.ts';
import { Driver, lockName, outcome } from './support/driver.ts';

const name = lockName('jobs');
/** Of two partitions. */
const [one, other] = ['a', 'b'];
assert.notEqual(partitionOf(one), partitionOf(other));

const push = (key: string, maxDeliveries = 9): Command => ({
  type: 'queue_push',
  name,
  messages: [{ key, payload: key, maxDeliveries }],
});

function shown({ machine }: Driver): QueueView {
  const view = machine.queues.show(name);
  assert.ok(view);
  return view;
}

function partition(driver: Driver, key: string): QueuePartition {
  const found = shown(driver).partitions[partitionOf(key)];
  assert.ok(found);
  return found;
}

const ages = (driver: Driver): readonly (number | undefined)[] =>
  [one, other].map((key) => partition(driver, key).oldestAgeMs);

function take(driver: Driver, count: number): readonly Receipt[] {
  const result = driver.do({ type: 'queue_pop', name, count, visibilityMs: 60_000 });
  assert.ok(result.ok && result.type === 'queue_taken', outcome(result));
  return result.deliveries.map(({ id, delivery, fenceToken }) => ({
    messageId: id,
    delivery,
    fenceToken,
  }));
}

describe('a partition of a queue', () => {
  test('has the age of the oldest of its own messages that live, also from a snapshot (QPART-1)', () => {
    const driver = new Driver();
    driver.do(push(one, 1));
    driver.advance(10);
    driver.do(push(other));
    driver.advance(10);
    driver.do(push(one));
    assert.deepEqual(ages(driver), [20, 10]);
    assert.deepEqual(ages(driver.restored()), [20, 10]);

    // A dead letter is no message that waits, and is one with its old age again when it is redriven.
    const [first = assert.fail()] = take(driver, 1);
    driver.do({ type: 'queue_nack', name, receipt: first });
    assert.deepEqual(ages(driver), [0, 10]);
    driver.advance(5);
    driver.do({ type: 'queue_redrive', name, count: 1 });
    assert.deepEqual(ages(driver), [25, 15]);

    driver.do({
      type: 'queue_purge',
      name,
      part: 'messages',
      through: Number.MAX_SAFE_INTEGER,
      count: 9,
    });
    assert.deepEqual(ages(driver), [undefined, undefined]);
  });

  test('has rates of its own, which together are those of the queue, until they are over', () => {
    const driver = new Driver();
    driver.advance(60_000);
    for (let count = 0; count < 6; count++) driver.do(push(one, 1));
    for (let count = 0; count < 3; count++) driver.do(push(other));
    const [first = assert.fail(), second = assert.fail()] = take(driver, 2);
    driver.do({ type: 'queue_nack', name, receipt: first });
    driver.do({ type: 'queue_ack', name, receipt: second });
    driver.do({ type: 'queue_pop', name, count: 1 });
    const inTwo = [partition(driver, one).rates, partition(driver, other).rates];
    assert.deepEqual(
      inTwo.map(({ pushed }) => pushed),
      [6 / 60, 3 / 60],
    );
    const { rates, partitions } = shown(driver);
    for (const happening of ['pushed', 'delivered', 'acknowledged', 'dead'] as const) {
      const sum = partitions.reduce((total, each) => total + each.rates[happening], 0);
      assert.ok(rates[happening].perSecond > 0, happening);
      assert.ok(Math.abs(sum - rates[happening].perSecond) < 1e-9, happening);
    }
    // A queue without a message has rates on a page as well.
    driver.do({
      type: 'queue_purge',
      name,
      part: 'messages',
      through: Number.MAX_SAFE_INTEGER,
      count: 9,
    });
    driver.advance(30_000);
    const page = driver.machine.queues.page({ prefix: '', limit: 10 });
    assert.equal(page.partitions[partitionOf(other)]?.rates.pushed, 3 / 60);
    driver.advance(60_000);
    assert.equal(partition(driver, one).rates.pushed, 6 / 2 / 60);
    driver.advance(60_000);
    assert.equal(partition(driver, one).rates.pushed, 0);
    assert.deepEqual(driver.machine.queues.page({ prefix: '', limit: 10 }).partitions, []);
  });
});
