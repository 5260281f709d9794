import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MemoryFenceStore } from '@holdfast/guards/http';
import { isCode } from './support/refusals.ts';

describe('The store of fence tokens in memory', () => {
  it('answers with the largest token of each resource', () => {
    const store = new MemoryFenceStore();
    assert.equal(store.raise('a', 5), 5);
    assert.equal(store.raise('a', 5), 5);
    assert.equal(store.raise('a', 4), 5);
    assert.equal(store.raise('b', 2), 2);
    assert.equal(store.raise('a', Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
    assert.equal(store.raise('a', Number.MAX_SAFE_INTEGER - 1), Number.MAX_SAFE_INTEGER);
  });

  it('takes the smallest token into the floor when it is full, and counts it as seen by all that it forgot', () => {
    const store = new MemoryFenceStore({ maxResources: 2 });
    store.raise('a', 30);
    store.raise('b', 10);
    assert.equal(store.floor, 0);
    store.raise('c', 20);
    assert.deepEqual([store.floor, store.size], [10, 2]);
    assert.equal(store.raise('b', 9), 10);
    assert.equal(store.raise('never seen', 9), 10);
    assert.equal(store.raise('b', 10), 10);
    assert.equal(store.raise('a', 29), 30);
  });

  it('starts from a floor: whoever was granted a lock before is refused', () => {
    const store = new MemoryFenceStore({ floor: 100 });
    assert.equal(store.raise('a', 99), 100);
    assert.equal(store.raise('a', 101), 101);
  });

  it('never answers with less than it has seen, whatever it forgot, and stays within its size (GUARD-MEMORY-1)', () => {
    const calls = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 99 })),
      {
        maxLength: 200,
      },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), calls, (maxResources, calls) => {
        const store = new MemoryFenceStore({ maxResources });
        const seen = new Map<number, number>();
        for (const [resource, token] of calls) {
          const answer = store.raise(String(resource), token);
          const least = Math.max(token, seen.get(resource) ?? 0);
          assert.ok(answer >= least, `${String(answer)} < ${String(least)}`);
          assert.ok(store.size <= maxResources);
          seen.set(resource, answer);
        }
      }),
    );
  });

  it('refuses a size and a floor that cannot be', () => {
    for (const maxResources of [0, -1, 1.5, Number.NaN])
      assert.throws(() => new MemoryFenceStore({ maxResources }), isCode('invalid_request'));
    assert.throws(() => new MemoryFenceStore({ floor: -1 }), isCode('invalid_request'));
  });
});
