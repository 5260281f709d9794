import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  Command,
  CommandResult,
  Delivery,
  PushedMessage,
  QueueView,
  Receipt,
} from '../../src/index.ts';
import { latestFeatureLevel } from '../../src/index.ts';
import { Driver, lockName, outcome } from './support/driver.ts';

const name = lockName('jobs');

const push = (...messages: readonly PushedMessage[]): Command => ({
  type: 'queue_push',
  name,
  messages,
});
const one = (key: string, payload: PushedMessage['payload'] = key): Command =>
  push({ key, payload });
const pop = (count = 1, visibilityMs: number | undefined = 100): Command => ({
  type: 'queue_pop',
  name,
  count,
  ...(visibilityMs === undefined ? {} : { visibilityMs }),
});
const atOnce = (count = 1): Command => ({ type: 'queue_pop', name, count });

function taken(result: CommandResult): readonly Delivery[] {
  assert.ok(result.ok && result.type === 'queue_taken', outcome(result));
  return result.deliveries;
}

function first(result: CommandResult): Receipt {
  const [delivery] = taken(result);
  assert.ok(delivery, 'a message was delivered');
  return { messageId: delivery.id, delivery: delivery.delivery, fenceToken: delivery.fenceToken };
}

const keysOf = (result: CommandResult): readonly string[] => taken(result).map(({ key }) => key);
const ack = (receipt: Receipt): Command => ({ type: 'queue_ack', name, receipt });
const nack = (receipt: Receipt, delayMs?: number): Command => ({
  type: 'queue_nack',
  name,
  receipt,
  ...(delayMs === undefined ? {} : { delayMs }),
});

function view(driver: Driver): QueueView {
  const found = driver.machine.queues.show(name);
  assert.ok(found, 'there is a queue');
  return found;
}

describe('a queue ordered by key', () => {
  test('delivers the messages of a key one at a time, in the order of their push', () => {
    const driver = new Driver();
    driver.do(push({ key: 'a', payload: 1 }, { key: 'a', payload: 2 }, { key: 'b', payload: 3 }));
    const both = taken(driver.do(pop(10)));
    assert.deepEqual(
      both.map(({ payload }) => payload),
      ['1', '3'],
    );
    assert.deepEqual(taken(driver.do(pop(10))), [], 'a is blocked while its first is in flight');
    const [a] = both;
    assert.ok(a);
    driver.do(ack({ messageId: a.id, delivery: 1, fenceToken: a.fenceToken }));
    assert.deepEqual(
      taken(driver.do(pop(10))).map(({ payload }) => payload),
      ['2'],
    );
  });

  test('keeps a key blocked while one of its messages waits for a retry', () => {
    const driver = new Driver();
    driver.do(push({ key: 'a', payload: 1 }, { key: 'a', payload: 2 }));
    driver.do(nack(first(driver.do(pop())), 50));
    driver.advance(49);
    assert.deepEqual(taken(driver.do(pop())), []);
    const { keys } = driver.machine.queues.blockedKeys(name, undefined, 10) ?? { keys: [] };
    assert.deepEqual(
      keys.map(({ key, because, waiting, endsInMs }) => [key, because, waiting, endsInMs]),
      [['a', 'retry', 1, 1]],
    );
    driver.advance(1);
    const [again] = taken(driver.do(pop()));
    assert.deepEqual([again?.payload, again?.delivery], ['1', 2]);
  });

  test('refuses a delay, and a message without a key', () => {
    const driver = new Driver();
    for (const message of [{ key: 'a', payload: 1, delayMs: 1 }, { payload: 1 }]) {
      const result = driver.do(push({ key: 'b', payload: 0 }, message));
      assert.equal(outcome(result), 'queue_order');
    }
    assert.equal(driver.machine.queues.show(name), undefined, 'PUSH-1: nothing was pushed');
  });

  test('serves keys in turn: one with many messages delays no other', () => {
    const driver = new Driver();
    for (let count = 0; count < 50; count++)
      driver.do(
        push(...Array.from({ length: 100 }, (_, index) => ({ key: 'hot', payload: index }))),
      );
    driver.do(push({ key: 'x', payload: 0 }, { key: 'y', payload: 0 }));
    const served: string[] = [];
    for (let count = 0; count < 4; count++) served.push(...keysOf(driver.do(atOnce())));
    assert.deepEqual(served, ['hot', 'x', 'y', 'hot']);
  });
});

describe('a delivery', () => {
  test('comes again when its visibility has ended, with another fence token and a higher count', () => {
    const driver = new Driver();
    driver.do(one('a'));
    const before = first(driver.do(pop(1, 100)));
    driver.advance(99);
    assert.deepEqual(taken(driver.do(pop())), [], 'DELIV-2');
    driver.advance(1);
    assert.deepEqual(driver.lastEvents, [{ type: 'queue_ready', name, count: 1 }]);
    const after = first(driver.do(pop()));
    assert.equal(after.delivery, 2);
    assert.ok(after.fenceToken > before.fenceToken);
    assert.equal(outcome(driver.do(ack(before))), 'stale_receipt');
    assert.ok(driver.do(ack(after)).ok);
    assert.equal(outcome(driver.do(ack(after))), 'stale_receipt', 'acknowledged twice');
    assert.equal(view(driver).counts.depth, 0);
  });

  test('stays for longer where it is extended, from then on', () => {
    const driver = new Driver();
    driver.do(one('a'));
    const receipt = first(driver.do(pop(1, 100)));
    driver.advance(60);
    assert.ok(driver.do({ type: 'queue_extend', name, receipt, visibilityMs: 100 }).ok);
    driver.advance(99);
    assert.deepEqual(taken(driver.do(pop())), []);
    driver.advance(1);
    assert.equal(first(driver.do(pop())).delivery, 2);
  });

  test('that is given back waits twice as long each time, and is a dead letter after the last', () => {
    const driver = new Driver();
    driver.do(push({ key: 'a', payload: 1, maxDeliveries: 3 }));
    const waits: string[] = [];
    for (let delivery = 1; delivery <= 3; delivery++) {
      const receipt = first(driver.do(pop()));
      waits.push(outcome(driver.do({ ...nack(receipt), reason: 'no' } as Command)));
      driver.advance(2000);
    }
    assert.deepEqual(waits, ['queue_returned 1000', 'queue_returned 2000', 'queue_returned dead']);
    const { letters } = driver.machine.queues.deadLetters(name, 0, 10) ?? { letters: [] };
    assert.deepEqual(
      letters.map(({ key, deliveries, reason }) => [key, deliveries, reason]),
      [['a', 3, 'no']],
    );
    assert.deepEqual(taken(driver.do(pop())), [], 'DELIV-5');
  });

  test('is known by message, delivery and fence token together', () => {
    const driver = new Driver();
    driver.do(one('a'));
    const receipt = first(driver.do(pop()));
    const others: readonly Receipt[] = [
      { ...receipt, messageId: receipt.messageId + 1 },
      { ...receipt, delivery: 2 },
      { ...receipt, fenceToken: (receipt.fenceToken + 1) as Receipt['fenceToken'] },
    ];
    for (const other of others) {
      assert.equal(outcome(driver.do(ack(other))), 'stale_receipt');
      assert.equal(outcome(driver.do(nack(other))), 'stale_receipt');
    }
    assert.equal(view(driver).counts.inFlight, 1);
    assert.ok(driver.do(ack(receipt)).ok);
  });

  test('whose visibility ends is the last one where no more are allowed', () => {
    const driver = new Driver();
    driver.do(push({ key: 'a', payload: 1, maxDeliveries: 1 }));
    first(driver.do(pop(1, 100)));
    driver.advance(100);
    assert.deepEqual(taken(driver.do(pop())), []);
    const { letters } = driver.machine.queues.deadLetters(name, 0, 10) ?? { letters: [] };
    assert.deepEqual(
      letters.map(({ reason }) => reason),
      ['not acknowledged in time'],
    );
  });

  test('that acknowledges at once leaves nothing behind', () => {
    const driver = new Driver();
    driver.do(one('a'));
    assert.equal(taken(driver.do(atOnce())).length, 1);
    assert.equal(view(driver).bytes, 0);
    assert.equal(driver.machine.nextDueTime(), undefined);
  });
});

describe('a dead letter', () => {
  function withDead(onDead: 'skip' | 'block'): Driver {
    const driver = new Driver();
    driver.do({ type: 'queue_configure', name, onDead, maxDeliveries: 1 });
    driver.do(push({ key: 'a', payload: 1 }, { key: 'a', payload: 2 }));
    driver.do(nack(first(driver.do(pop()))));
    return driver;
  }

  test('lets the next ones of its key go on where the queue says skip', () => {
    assert.deepEqual(keysOf(withDead('skip').do(pop())), ['a']);
  });

  test('blocks its key where the queue says block, until it is redriven as the first of it', () => {
    const driver = withDead('block').restored();
    assert.deepEqual(keysOf(driver.do(pop())), []);
    const page = driver.machine.queues.blockedKeys(name, undefined, 10);
    assert.deepEqual(
      page?.keys.map(({ because }) => because),
      ['dead_letter'],
    );
    assert.equal(outcome(driver.do({ type: 'queue_redrive', name, count: 10 })), 'queue_moved 1');
    const [again] = taken(driver.do(pop()));
    assert.deepEqual([again?.payload, again?.delivery], ['1', 1], 'DEAD-3');
  });

  test('that is purged lets its key go on', () => {
    const driver = withDead('block');
    const through = Number.MAX_SAFE_INTEGER;
    const purge = { type: 'queue_purge', name, part: 'dead_letters', through, count: 10 } as const;
    assert.equal(outcome(driver.do(purge)), 'queue_moved 1');
    assert.deepEqual(
      taken(driver.do(pop())).map(({ payload }) => payload),
      ['2'],
    );
  });
});

describe('a push', () => {
  test('with a dedup id is one message for five minutes, whatever became of it', () => {
    const driver = new Driver();
    const twice = push(
      { key: 'a', payload: 1, dedupId: 'd' },
      { key: 'a', payload: 1, dedupId: 'd' },
    );
    const result = driver.do(twice);
    assert.ok(result.ok && result.type === 'queue_pushed');
    assert.deepEqual(
      result.messages.map(({ duplicate }) => duplicate),
      [false, true],
    );
    driver.do(atOnce());
    driver.advance(299_999);
    driver.do(twice);
    assert.equal(view(driver).counts.depth, 0);
    const later = driver.restored();
    later.advance(1);
    later.do(twice);
    assert.equal(view(later).counts.depth, 1);
  });

  test('that would pass a bound of messages, bytes, queues or dedup ids changes nothing', () => {
    const full: readonly (readonly [Parameters<typeof Driver.withLimits>[0], PushedMessage])[] = [
      [{ maxMessagesPerQueue: 1 }, { key: 'a', payload: 1 }],
      [{ maxMessages: 1 }, { key: 'a', payload: 1 }],
      [{ maxMessageBytesPerQueue: 600 }, { key: 'a', payload: 'x'.repeat(400) }],
      [{ maxMessageBytes: 600 }, { key: 'a', payload: 'x'.repeat(400) }],
      [{ maxDedupIds: 0 }, { key: 'a', payload: 1, dedupId: 'd' }],
    ];
    for (const [limits, message] of full) {
      const driver = Driver.withLimits(limits);
      assert.ok(driver.do(one('a')).ok);
      assert.equal(outcome(driver.do(push(message))), 'limit_exceeded', JSON.stringify(limits));
      assert.equal(view(driver).counts.depth, 1);
    }
    const driver = Driver.withLimits({ maxQueues: 1 });
    driver.do(one('a'));
    const other = { ...one('a'), name: lockName('other') } as Command;
    assert.equal(outcome(driver.do(other)), 'limit_exceeded');
  });

  test('that is sent again is answered as the first time, also where that one has filled the queue (DEDUP-3)', () => {
    const full = [
      { maxMessagesPerQueue: 1 },
      { maxMessages: 1 },
      { maxMessageBytesPerQueue: 600 },
      { maxMessageBytes: 600 },
      { maxDedupIds: 1 },
    ];
    const message = { key: 'a', payload: 'x'.repeat(200), dedupId: 'd' };
    for (const limits of full) {
      const driver = Driver.withLimits(limits);
      driver.do({ type: 'raise_feature_level', level: latestFeatureLevel });
      driver.do(push(message));
      const again = driver.do(push(message, message));
      assert.ok(again.ok && again.type === 'queue_pushed', JSON.stringify(limits));
      assert.deepEqual(
        again.messages.map(({ duplicate }) => duplicate),
        [true, true],
      );
    }
  });
});

describe('a queue without order', () => {
  test('delivers after a delay, and many of a key at once, fairly by what each key has in flight', () => {
    const driver = new Driver();
    driver.do({ type: 'queue_configure', name, order: 'none' });
    driver.do(push({ payload: 'late', delayMs: 50 }));
    driver.do(push(...['a', 'a', 'a', 'b'].map((key) => ({ key, payload: key }))));
    assert.deepEqual(keysOf(driver.do(pop(2))), ['a', 'b']);
    assert.deepEqual(keysOf(driver.do(pop(2))), ['a', 'a']);
    driver.advance(50);
    assert.deepEqual(keysOf(driver.do(pop())), ['']);
  });

  test('changes its order only while it is empty, and is deleted only then', () => {
    const driver = new Driver();
    driver.do(one('a'));
    const unordered = { type: 'queue_configure', name, order: 'none' } as const;
    const gone = { type: 'queue_delete', name } as const;
    assert.equal(outcome(driver.do(unordered)), 'queue_order');
    assert.equal(outcome(driver.do(gone)), 'queue_not_empty');
    driver.do(atOnce());
    assert.ok(driver.do(unordered).ok);
    assert.ok(driver.do(gone).ok);
    assert.equal(outcome(driver.do(gone)), 'queue_not_found');
  });
});

describe('a snapshot with queues', () => {
  test('has every message as it was when it began, whatever happens while it is pulled', () => {
    const driver = new Driver();
    for (let key = 0; key < 300; key++)
      driver.do(push(...[1, 2].map((payload) => ({ key: `k${String(key)}`, payload }))));
    taken(driver.do(pop(50)));
    const digest = driver.machine.digest();
    const expected = Buffer.concat([...driver.machine.snapshot()]);
    const chunks = driver.machine.snapshot();
    const pulled: Uint8Array[] = [];
    for (let turn = 0; turn < 60; turn++) {
      driver.do(one(`new${String(turn)}`));
      const receipt = first(driver.do(pop()));
      driver.do(turn % 2 === 0 ? ack(receipt) : nack(receipt, 0));
      if (turn === 30) driver.advance(200);
      const chunk = chunks.next();
      if (chunk.done !== true) pulled.push(chunk.value);
    }
    pulled.push(...chunks);
    assert.equal(Buffer.concat(pulled).toString(), expected.toString());
    assert.notEqual(driver.machine.digest(), digest);
  });
});
