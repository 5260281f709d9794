/** LARGE-HEAP-1, by a clock of the test. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { whenHeapReaches } from '../../src/large-heap.ts';

describe('What a node does once its heap has grown', () => {
  it('is done once, and not before (LARGE-HEAP-1, HELPERS-3, COLLECTOR-2)', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    let usedBytes = 99;
    let done = 0;
    whenHeapReaches(
      100,
      () => (done += 1),
      () => usedBytes,
    );
    t.mock.timers.tick(60_000);
    assert.equal(done, 0);
    usedBytes = 101;
    t.mock.timers.tick(1000);
    assert.equal(done, 1);
    t.mock.timers.tick(60_000);
    assert.equal(done, 1);
  });
});
