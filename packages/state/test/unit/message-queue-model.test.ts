/** Random commands for a queue, held against a naive model after each, by way of snapshots too. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { partitionOf } from '../../src/index.ts';
import type { Delivery, OnDead, QueueOrder, Receipt } from '../../src/index.ts';
import { check } from './support/randomness.ts';
import { Driver, lockName } from './support/driver.ts';
import { QueueModel } from './support/queue-model.ts';

const name = lockName('q');
const key = fc.constantFrom('a', 'b', 'c');
const shortMs = fc.constantFrom(5, 10, 10, 40);

type Step =
  | { readonly type: 'push'; readonly key: string; readonly most: number; readonly delayMs: number }
  | { readonly type: 'pop'; readonly count: number; readonly visibilityMs: number | undefined }
  | { readonly type: 'ack' | 'stale'; readonly which: number }
  | { readonly type: 'nack'; readonly which: number; readonly delayMs: number }
  | { readonly type: 'extend'; readonly which: number; readonly visibilityMs: number }
  | { readonly type: 'redrive'; readonly count: number }
  | { readonly type: 'advance'; readonly byMs: number }
  | { readonly type: 'restore' };

const which = fc.nat({ max: 7 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc
      .record({ key, most: fc.constantFrom(1, 2, 9), delayMs: fc.constantFrom(0, 0, 15) })
      .map((one): Step => ({ type: 'push', ...one })),
  },
  {
    weight: 10,
    arbitrary: fc
      .record({
        count: fc.constantFrom(1, 1, 3),
        visibilityMs: fc.oneof({ weight: 4, arbitrary: shortMs }, fc.constant(undefined)),
      })
      .map((one): Step => ({ type: 'pop', ...one })),
  },
  { weight: 5, arbitrary: which.map((at): Step => ({ type: 'ack', which: at })) },
  { weight: 2, arbitrary: which.map((at): Step => ({ type: 'stale', which: at })) },
  {
    weight: 4,
    arbitrary: fc
      .record({ which, delayMs: fc.constantFrom(0, 10, 30) })
      .map((one): Step => ({ type: 'nack', ...one })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ which, visibilityMs: shortMs })
      .map((one): Step => ({ type: 'extend', ...one })),
  },
  { weight: 1, arbitrary: fc.nat({ max: 2 }).map((count): Step => ({ type: 'redrive', count })) },
  {
    weight: 5,
    arbitrary: fc.integer({ min: 1, max: 25 }).map((byMs): Step => ({ type: 'advance', byMs })),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ type: 'restore' }) },
);

class Comparison {
  #driver = new Driver();
  readonly #model: QueueModel;
  readonly #order: QueueOrder;
  readonly #receipts: { readonly receipt: Receipt; readonly take: number }[] = [];
  #lastToken = 0;

  constructor(order: QueueOrder, onDead: OnDead) {
    this.#order = order;
    this.#model = new QueueModel(order, onDead);
    this.#driver.do({ type: 'queue_configure', name, order, onDead });
  }

  run(step: Step): void {
    switch (step.type) {
      case 'push':
        return this.#push(step);
      case 'pop':
        return this.#pop(step);
      case 'advance':
        this.#model.advance(step.byMs);
        this.#driver.advance(step.byMs);
        return;
      case 'redrive': {
        const moved = this.#model.redrive(step.count);
        const result = this.#driver.do({ type: 'queue_redrive', name, count: step.count });
        assert.ok(result.ok && result.type === 'queue_moved');
        assert.equal(result.count, moved.length);
        return;
      }
      case 'restore': {
        const before = this.#driver.machine.digest();
        this.#driver = this.#driver.restored();
        assert.equal(this.#driver.machine.digest(), before, 'the digest of what was restored');
        return;
      }
      case 'ack':
      case 'extend':
      case 'nack':
      case 'stale':
        return this.#settle(step);
    }
  }

  #push({ key: of, most, delayMs }: Extract<Step, { type: 'push' }>): void {
    const delay = this.#order === 'key' ? 0 : delayMs;
    const number = this.#model.push(of, most, delay);
    const result = this.#driver.do({
      type: 'queue_push',
      name,
      messages: [{ key: of, payload: number, maxDeliveries: most, delayMs: delay }],
    });
    assert.ok(result.ok && result.type === 'queue_pushed');
  }

  #pop({ count, visibilityMs }: Extract<Step, { type: 'pop' }>): void {
    const result = this.#driver.do({
      type: 'queue_pop',
      name,
      count,
      ...(visibilityMs === undefined ? {} : { visibilityMs }),
    });
    assert.ok(result.ok && result.type === 'queue_taken');
    const expected: string[] = [];
    const takes: number[] = [];
    for (let left = count; left > 0; left--) {
      const message = this.#model.pop(visibilityMs);
      if (message === undefined) break;
      takes.push(message.take);
      expected.push(`${message.key} ${String(message.number)} ${String(message.deliveries)}`);
    }
    const shown = result.deliveries.map(
      ({ key: of, payload, delivery }) => `${of} ${payload} ${String(delivery)}`,
    );
    assert.deepEqual(shown, expected);
    for (const [index, delivery] of result.deliveries.entries())
      this.#took(delivery, takes[index] ?? 0);
  }

  #took({ id, delivery, fenceToken }: Delivery, take: number): void {
    assert.ok(fenceToken > this.#lastToken, 'DELIV-1: tokens rise');
    this.#lastToken = fenceToken;
    this.#receipts.push({ receipt: { messageId: id, delivery, fenceToken }, take });
  }

  #settle(step: Extract<Step, { readonly which: number }>): void {
    const chosen = this.#receipts.at(-1 - step.which);
    if (chosen === undefined) return;
    const { receipt } = chosen;
    const current = this.#model.inFlight(chosen.take);
    const before = recordsOf(this.#driver);
    const of =
      step.type === 'stale'
        ? { ...receipt, fenceToken: (receipt.fenceToken - 1) as Receipt['fenceToken'] }
        : receipt;
    const about = { name, receipt: of };
    const result =
      step.type === 'nack'
        ? this.#driver.do({ type: 'queue_nack', ...about, delayMs: step.delayMs })
        : step.type === 'extend'
          ? this.#driver.do({ type: 'queue_extend', ...about, visibilityMs: step.visibilityMs })
          : this.#driver.do({ type: 'queue_ack', ...about });
    if (current === undefined || step.type === 'stale') {
      assert.equal(result.ok ? 'done' : result.code, 'stale_receipt');
      assert.equal(recordsOf(this.#driver), before, 'DELIV-3: nothing changed');
      return;
    }
    assert.ok(result.ok, result.ok ? '' : result.message);
    if (step.type === 'nack') this.#model.nack(current, step.delayMs);
    else if (step.type === 'extend') this.#model.extend(current, step.visibilityMs);
    else this.#model.ack(current);
  }

  assertAlike(): void {
    const view = this.#driver.machine.queues.show(name);
    assert.ok(view);
    assert.deepEqual({ ...view.counts, dead: view.dead }, this.#model.counts());
    const sum = view.partitions.reduce((total, { depth }) => total + depth, 0);
    assert.equal(sum, view.counts.depth);
    for (const [partition, { oldestAgeMs }] of view.partitions.entries()) {
      const expected = this.#model.oldestAgeMs((one) => partitionOf(one) === partition);
      assert.equal(oldestAgeMs, expected, 'QPART-1: the messages tell the oldest one');
    }
    const blocked = this.#driver.machine.queues.blockedKeys(name, undefined, 100);
    assert.deepEqual(
      blocked?.keys.map((one) => one.key),
      this.#model.blockedKeys(),
    );
  }
}

/** A snapshot without its first line, which tells the entry, and its last, which is a sum. */
function recordsOf({ machine }: Driver): string {
  const text = new TextDecoder().decode(Buffer.concat([...machine.snapshot()]));
  return text.split('\n').slice(1, -2).join('\n');
}

describe('a queue', () => {
  for (const [order, onDead] of [
    ['key', 'skip'],
    ['key', 'block'],
    ['none', 'skip'],
  ] as const)
    test(`ordered by ${order} that ${onDead}s dead letters does what the model does`, () => {
      check(
        fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (list) => {
          const comparison = new Comparison(order, onDead);
          for (const one of list) {
            comparison.run(one);
            comparison.assertAlike();
          }
        }),
        300,
      );
    });
});
