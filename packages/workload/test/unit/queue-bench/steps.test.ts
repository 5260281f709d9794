import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { measureSteps } from '../../../src/queue-bench/steps.ts';
import type { Steps } from '../../../src/queue-bench/steps.ts';

/** A queue in which a push takes 2 ms, a pop 5 ms and an acknowledgement 1 ms, for one that asks at a time. */
class TimedQueue implements Steps<number> {
  nowMs = 0;
  readonly waiting: number[] = [];
  readonly taken = new Set<number>();
  acknowledged = 0;

  push({ number }: { readonly number: number }): Promise<void> {
    this.nowMs += 2;
    this.waiting.push(number);
    return Promise.resolve();
  }

  take(): Promise<number | undefined> {
    this.nowMs += 5;
    const one = this.waiting.shift();
    if (one !== undefined) this.taken.add(one);
    return Promise.resolve(one);
  }

  acknowledge(one: number): Promise<void> {
    this.nowMs += 1;
    assert.ok(this.taken.delete(one), 'it was taken, and not acknowledged yet');
    this.acknowledged += 1;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('the steps of a message', () => {
  test('are measured one after the other, each with a rate of its own', async () => {
    const queue = new TimedQueue();
    const rates = await measureSteps({ workers: 1, measureMs: 100 }, queue, () => queue.nowMs);
    assert.deepEqual(rates, {
      pushesPerSecond: 500,
      takesPerSecond: 200,
      acknowledgementsPerSecond: 1000,
    });
    // 50 were pushed, 20 of them taken in as much time, and those acknowledged.
    assert.deepEqual([queue.waiting.length, queue.taken.size, queue.acknowledged], [30, 0, 20]);
  });

  test('given several workers, then each number is pushed once and each message taken once', async () => {
    const queue = new TimedQueue();
    await measureSteps({ workers: 16, measureMs: 1000 }, queue, () => queue.nowMs);
    const left = [...queue.waiting].toSorted((one, other) => one - other);
    assert.equal(new Set(left).size, left.length);
    assert.ok(queue.acknowledged >= 200);
    assert.equal(queue.taken.size, 0);
  });
});
