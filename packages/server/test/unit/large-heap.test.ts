/** LARGE-HEAP-1, by an observer of the test. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onceHeapIsLarge } from '../../src/large-heap.ts';

describe('What a node does once its heap is large', () => {
  it('is done once, after a collection, and not before (LARGE-HEAP-1, HELPERS-3, COLLECTOR-2)', () => {
    let usedBytes = 70 * 1024 * 1024;
    let done = 0;
    let isObserved = true;
    let collected = (): void => assert.fail('Nothing observes collections.');
    onceHeapIsLarge(
      () => (done += 1),
      () => usedBytes,
      (onCollection) => {
        collected = onCollection;
        return { disconnect: () => (isObserved = false) };
      },
    );
    collected();
    assert.deepEqual([done, isObserved], [0, true]);
    usedBytes = 90 * 1024 * 1024;
    collected();
    assert.deepEqual([done, isObserved], [1, false]);
  });
});
