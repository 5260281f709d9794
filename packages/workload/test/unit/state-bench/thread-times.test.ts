import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { threadTimes, waitingMsOf } from '../../../src/state-bench/thread-times.ts';

function work(forMs: number): void {
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs);
}

describe('What a thread has had of the processors', () => {
  it('is told so often that every millisecond of work shows', () => {
    const read = threadTimes();
    let lastMs = read().processorMs;
    let silentMs = 0;
    for (let count = 0; count < 200; count++) {
      const startMs = performance.now();
      work(0.2);
      const { processorMs } = read();
      // The system may have run something else meanwhile; a metric that does not change for a whole tick is another matter.
      if (processorMs === lastMs) silentMs += performance.now() - startMs;
      lastMs = processorMs;
    }
    assert.equal(silentMs, 0);
  });

  it('is not more than the clock says', () => {
    const read = threadTimes();
    const before = read();
    work(20);
    const after = read();
    assert.ok(after.processorMs - before.processorMs <= after.atMs - before.atMs + 1);
  });

  it('tells no waiting where the system has no such file', () => {
    const read = threadTimes(() => {
      throw new Error('ENOENT');
    });
    assert.ok(Number.isNaN(read().waitingMs));
  });

  it('reads the second number of schedstat', () => {
    assert.equal(waitingMsOf('2015628481 1735275050 608\n'), 1735.27505);
  });
});
