/** LARGE-HEAP-1, by an observer of the test. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { afterCollectionsOfLargeHeap } from '../../src/large-heap.ts';

describe('What a node does once its heap is large', () => {
  it('is done after its collections, until nothing is left to be done (LARGE-HEAP-1, HELPERS-3, COLLECTOR-2)', () => {
    let usedBytes = 70 * 1024 * 1024;
    const done: number[] = [];
    let isObserved = true;
    let collected = (): void => assert.fail('Nothing observes collections.');
    afterCollectionsOfLargeHeap(
      (times) => done.push(times) < 2,
      () => usedBytes,
      (onCollection) => {
        collected = onCollection;
        return { disconnect: () => (isObserved = false) };
      },
    );
    collected();
    assert.deepEqual(done, []);
    usedBytes = 90 * 1024 * 1024;
    collected();
    assert.deepEqual([done, isObserved], [[1], true]);
    collected();
    assert.deepEqual([done, isObserved], [[1, 2], false]);
  });
});
