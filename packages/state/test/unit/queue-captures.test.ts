/** A snapshot of many queues: what beginning it costs, and that it has them as they were. */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import * as fc from 'fast-check';
import type { Command, Receipt } from '../../src/index.ts';
import { OrderedByNumber } from '../../src/kernel/collections/ordered-by-number.ts';
import { OrderedMap } from '../../src/kernel/collections/ordered-map.ts';
import { ShardedMap } from '../../src/kernel/collections/sharded-map.ts';
import { Driver, lockName } from './support/driver.ts';
import { check } from './support/randomness.ts';

const queueCount = 24;
/** Long names, keys and payloads: few records make many chunks. */
const queueName = (number: number): ReturnType<typeof lockName> =>
  lockName(`${'q'.repeat(400)}${String(number)}`);
const keyName = (number: number): string => `${'k'.repeat(200)}${String(number)}`;
const limits = { maxQueues: 100_000 };

type Step =
  | { readonly type: 'push'; readonly queue: number; readonly key: number }
  | { readonly type: 'pop'; readonly queue: number; readonly visibilityMs: number | undefined }
  | { readonly type: 'ack' | 'nack'; readonly which: number }
  | { readonly type: 'purge' | 'delete' | 'redrive' | 'configure'; readonly queue: number }
  | { readonly type: 'advance' };

const queue = fc.nat({ max: queueCount - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({ queue, key: fc.nat({ max: 2 }) })
      .map((one): Step => ({ type: 'push', ...one })),
  },
  {
    weight: 5,
    arbitrary: fc
      .record({ queue, visibilityMs: fc.constantFrom(undefined, 5, 1000) })
      .map((one): Step => ({ type: 'pop', ...one })),
  },
  {
    weight: 5,
    arbitrary: fc
      .record({ type: fc.constantFrom('ack' as const, 'nack' as const), which: fc.nat(5) })
      .map((one): Step => one),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        type: fc.constantFrom(
          'purge' as const,
          'delete' as const,
          'redrive' as const,
          'configure' as const,
        ),
        queue,
      })
      .map((one): Step => one),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ type: 'advance' }) },
);

/** Does steps to a state machine, with the receipts that it got. */
class Worker {
  readonly #driver: Driver;
  readonly #taken: { readonly name: ReturnType<typeof lockName>; readonly receipt: Receipt }[] = [];

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  run(one: Step): void {
    if (one.type === 'advance') this.#driver.advance(10);
    else if (one.type === 'pop') this.#pop(one);
    else this.#driver.do(this.#commandOf(one));
  }

  #commandOf(one: Exclude<Step, { type: 'advance' | 'pop' }>): Command {
    switch (one.type) {
      case 'push':
        return {
          type: 'queue_push',
          name: queueName(one.queue),
          messages: [{ key: keyName(one.key), payload: 'p'.repeat(2000), maxDeliveries: 2 }],
        };
      case 'ack':
      case 'nack': {
        const { name, receipt } = this.#taken.splice(-1 - one.which, 1)[0] ?? {
          name: queueName(0),
          receipt: { messageId: 0, delivery: 0, fenceToken: 0 as Receipt['fenceToken'] },
        };
        return { type: one.type === 'ack' ? 'queue_ack' : 'queue_nack', name, receipt };
      }
      case 'purge':
        return {
          type: 'queue_purge',
          name: queueName(one.queue),
          part: 'messages',
          through: Number.MAX_SAFE_INTEGER,
          count: 10,
        };
      case 'redrive':
        return { type: 'queue_redrive', name: queueName(one.queue), count: 10 };
      case 'delete':
        return { type: 'queue_delete', name: queueName(one.queue) };
      case 'configure':
        return { type: 'queue_configure', name: queueName(one.queue), onDead: 'block' };
    }
  }

  #pop({ queue: of, visibilityMs }: Extract<Step, { type: 'pop' }>): void {
    const name = queueName(of);
    const result = this.#driver.do({
      type: 'queue_pop',
      name,
      count: 2,
      ...(visibilityMs === undefined ? {} : { visibilityMs }),
    });
    assert.ok(result.ok && result.type === 'queue_taken');
    for (const { id: messageId, delivery, fenceToken } of result.deliveries)
      this.#taken.push({ name, receipt: { messageId, delivery, fenceToken } });
  }
}

/** Queues of which each has a key with messages, but for every other one. */
function withQueues(count: number): Driver {
  const driver = Driver.withLimits(limits);
  const commands = Array.from({ length: count }, (_, number): Command => {
    const name = lockName(`queue-${String(number)}`);
    return number % 2 === 0
      ? { type: 'queue_configure', name, order: 'key' }
      : { type: 'queue_push', name, messages: [{ key: 'k', payload: 'p' }] };
  });
  driver.entry(commands);
  return driver;
}

/** How often what a map or a list has is captured or walked while a snapshot begins. */
function beginningOf(driver: Driver): { readonly captures: number; readonly walks: number } {
  const captures = [
    mock.method(OrderedMap.prototype, 'capture'),
    mock.method(OrderedByNumber.prototype, 'capture'),
  ];
  const walks = [
    mock.method(OrderedMap.prototype, 'values'),
    mock.method(OrderedMap.prototype, 'entries'),
    mock.method(ShardedMap.prototype, 'values'),
  ];
  const snapshot = driver.machine.snapshot();
  const sum = (mocks: readonly { readonly mock: { callCount(): number } }[]): number =>
    mocks.reduce((total, one) => total + one.mock.callCount(), 0);
  const told = { captures: sum(captures), walks: sum(walks) };
  for (const one of [...captures, ...walks]) one.mock.restore();
  snapshot.return?.();
  return told;
}

describe('a snapshot of many queues', () => {
  it('given 2,000 queues, then beginning it does what it does for 2 (QCAP-1)', () => {
    assert.deepEqual(beginningOf(withQueues(2000)), beginningOf(withQueues(2)));
  });

  it('given commands from its begin on and between its chunks, then has the bytes of the state at its begin', () => {
    check(
      fc.property(
        fc.array(step, { maxLength: 120, size: 'max' }),
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.nat({ max: 6 }),
        (before, meanwhile, many) => {
          const driver = Driver.withLimits(limits);
          const worker = new Worker(driver);
          for (const one of before) worker.run(one);
          // One that was cancelled half way leaves nothing behind (QCAP-3).
          const cancelled = driver.machine.snapshot();
          for (const one of meanwhile.slice(0, many)) worker.run(one);
          cancelled.next();
          for (const one of meanwhile.slice(0, many)) worker.run(one);
          cancelled.return?.();
          const frozen = driver.restored();
          const chunks: Uint8Array[] = [];
          const taken = driver.machine.snapshot();
          let next = 0;
          do {
            for (const end = Math.min(next + 1 + many, meanwhile.length); next < end; next++)
              worker.run(meanwhile[next] ?? { type: 'advance' });
            const chunk = taken.next();
            if (chunk.done === true) break;
            chunks.push(chunk.value);
          } while (chunks.length < 10_000);
          assert.equal(
            Buffer.concat(chunks).toString(),
            Buffer.concat([...frozen.machine.snapshot()]).toString(),
          );
        },
      ),
      20,
    );
  });

  it('given idle queues, then nothing of them is captured (QCAP-2)', () => {
    const driver = Driver.withLimits(limits);
    for (let number = 0; number < 50; number++)
      driver.do({ type: 'queue_configure', name: queueName(number), order: 'key' });
    const snapshot = driver.machine.snapshot();
    const captures = [
      mock.method(OrderedMap.prototype, 'capture'),
      mock.method(OrderedByNumber.prototype, 'capture'),
    ];
    assert.ok([...snapshot].length > 0);
    for (const one of captures) {
      assert.equal(one.mock.callCount(), 0);
      one.mock.restore();
    }
  });

  it('given one that is cancelled, then a change of what it captured copies nothing (QCAP-3)', () => {
    const map = new OrderedMap<number, number>((key) => key);
    for (let key = 0; key < 10; key++) map.set(key, key);
    const reader = { isOver: false };
    const kept = map.capture(reader);
    map.delete(0);
    assert.equal([...kept].length, 10);
    const dropped = map.capture(reader);
    reader.isOver = true;
    map.delete(1);
    assert.equal([...dropped].length, 8, 'what it had was not kept');
  });
});
