import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pool } from '../../src/primitives/holds/pool.ts';
import type { Waiter } from '../../src/primitives/holds/pool.ts';
import { maxCounted, positionOf } from '../../src/primitives/holds/queue.ts';
import { lockName } from './support/driver.ts';

/** A queue that counts how often one looks from a waiter to the next one. */
function queueOf(length: number) {
  const pool = new Pool('lock', lockName('x'), 1, 0);
  const looks = { count: 0 };
  const waiters = Array.from({ length }, (): Waiter => {
    const waiter = { pool, previous: undefined, next: undefined } as unknown as Waiter;
    pool.enqueue(waiter);
    return waiter;
  });
  for (const waiter of waiters)
    for (const way of ['previous', 'next'] as const) {
      const value = waiter[way];
      Object.defineProperty(waiter, way, { get: () => ((looks.count += 1), value) });
    }
  return { waiters, looks };
}

describe('the place in a queue', () => {
  it('given a short queue, then it is exact everywhere', () => {
    const { waiters } = queueOf(2 * maxCounted);
    assert.deepEqual(
      waiters.map(positionOf),
      waiters.map((_, index) => index + 1),
    );
  });

  it('given a long queue, then it is exact at both ends and at least so much between, for few steps', () => {
    const { waiters, looks } = queueOf(1000);
    waiters.forEach((waiter, index) => {
      looks.count = 0;
      const place = positionOf(waiter);
      const isNearAnEnd = index < maxCounted || index >= 1000 - maxCounted;
      assert.equal(place, isNearAnEnd ? index + 1 : maxCounted + 1, String(index));
      assert.ok(looks.count <= 2 * (maxCounted + 1), String(looks.count));
    });
  });
});
