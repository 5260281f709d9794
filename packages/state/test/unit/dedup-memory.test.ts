/** The memory of dedup ids, beside one that keeps an object for each. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { DedupMemory, dedupWindowMs } from '../../src/primitives/queue/dedup.ts';
import type { RememberedPush } from '../../src/primitives/queue/dedup-pages.ts';
import { check } from './support/randomness.ts';

/** What is remembered, oldest first. */
class PlainMemory {
  pushes: RememberedPush[] = [];

  find(queue: string, dedupId: string, timeMs: number): RememberedPush | undefined {
    const found = this.pushes.findLast((one) => one.queue === queue && one.dedupId === dedupId);
    return found === undefined || found.untilMs <= timeMs ? undefined : found;
  }

  forget(timeMs: number, most: number): void {
    const alive = this.pushes.findIndex(({ untilMs }) => untilMs > timeMs);
    this.pushes.splice(0, Math.min(most, alive === -1 ? this.pushes.length : alive));
  }
}

const queueNames = ['a', 'b', 'c'];

const step = fc.record({
  queue: fc.constantFrom(...queueNames),
  /** Of so many dedup ids some are pushed again before they are forgotten. */
  from: fc.nat({ max: 900 }),
  count: fc.nat({ max: 700 }),
  passesMs: fc.constantFrom(0, 1, dedupWindowMs / 2, dedupWindowMs),
  forgotten: fc.nat({ max: 1500 }),
});

describe('Dedup ids', () => {
  test('are remembered and forgotten in the order of their pushes, of each queue its own (DEDUP-1)', () => {
    check(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const memory = new DedupMemory();
        const plain = new PlainMemory();
        let timeMs = 0;
        let id = 0;
        for (const { queue, from, count, passesMs, forgotten } of steps) {
          for (let number = from; number < from + count; number++) {
            const dedupId = String(number);
            const found = memory.find(queue, dedupId, timeMs);
            assert.deepEqual(found, plain.find(queue, dedupId, timeMs));
            if (found !== undefined) continue;
            id += 1;
            const remembered = { id, queue, dedupId, untilMs: timeMs + dedupWindowMs };
            memory.add(remembered);
            plain.pushes.push(remembered);
          }
          timeMs += passesMs;
          memory.forget(timeMs, forgotten);
          plain.forget(timeMs, forgotten);
          assert.equal(memory.size, plain.pushes.length);
          assert.deepEqual([...memory.values()], plain.pushes);
        }
      }),
      40,
    );
  });

  test('are captured as they are at that moment, whatever comes and goes (DPAGE-1)', () => {
    const memory = new DedupMemory();
    const add = (id: number): void => {
      memory.add({ id, queue: 'a', dedupId: String(id), untilMs: id });
    };
    for (let id = 1; id <= 1300; id++) add(id);
    memory.forget(100, 1000);
    const before = [...memory.values()];
    const captured = memory.capture();
    for (let id = 1301; id <= 1400; id++) add(id);
    memory.forget(1200, 1000);
    memory.forget(1200, 1000);
    assert.deepEqual([...captured], before);
    const all = memory.capture();
    memory.forget(2000, 2000);
    assert.equal(memory.size, 0);
    add(2001);
    assert.deepEqual(
      [...all].map(({ id }) => id),
      Array.from({ length: 200 }, (_, index) => 1201 + index),
    );
    assert.deepEqual(
      [...memory.values()].map(({ id }) => id),
      [2001],
    );
  });
});
