import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { DueHeap } from '../../src/kernel/due.ts';
import type { DueItem } from '../../src/kernel/due.ts';
import { check } from './support/randomness.ts';

describe('what is due', () => {
  test('items come out in order of time, then rank, then age, whatever was added and removed', () => {
    const action = fc.record({
      dueMs: fc.nat({ max: 5 }),
      rank: fc.nat({ max: 1 }),
      remove: fc.option(fc.nat({ max: 20 })),
    });
    check(
      fc.property(fc.array(action, { maxLength: 60, size: 'max' }), (actions) => {
        const heap = new DueHeap<DueItem>();
        const items: DueItem[] = [];
        actions.forEach(({ dueMs, rank, remove }, sequence) => {
          const gone = remove === null ? undefined : items[remove];
          if (gone !== undefined) {
            heap.remove(gone);
            items.splice(items.indexOf(gone), 1);
          } else {
            const item = { dueMs, rank, sequence, heapIndex: -1 };
            heap.add(item);
            items.push(item);
          }
          assert.equal(heap.size, items.length);
        });
        items.sort((a, b) => a.dueMs - b.dueMs || a.rank - b.rank || a.sequence - b.sequence);
        for (const item of items) {
          assert.equal(heap.first(), item);
          heap.remove(item);
          assert.equal(item.heapIndex, -1);
        }
        assert.equal(heap.first(), undefined);
      }),
      300,
    );
  });
});
