import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MachineClocks } from '../../../src/run/certain-time.ts';
import { longestTime } from '../../../src/run/longest-time.ts';

describe('the longest time of a hold', () => {
  const clocksFrom = (start: number) => {
    const at = { ms: start };
    const clocks: MachineClocks = { monotonicMs: () => at.ms, bootMs: () => at.ms };
    return { at, clocks };
  };

  it('given the cluster tells its end, when time goes by, then it is over before that, reckoned from before the question (LONGEST-1, LONGEST-2)', async () => {
    const { at, clocks } = clocksFrom(5000);
    const leftMs = await longestTime(() => {
      at.ms += 300; // The way to the cluster and back.
      return Promise.resolve(2);
    }, clocks);
    assert.equal(leftMs(), 1500);
    at.ms = 5000 + 1799;
    assert.equal(leftMs(), 1);
    at.ms = 5000 + 2000;
    assert.equal(leftMs(), 0);
  });

  it('given a long time, when it is reckoned, then no more than a second is given away', async () => {
    const { clocks } = clocksFrom(0);
    const leftMs = await longestTime(() => Promise.resolve(3600), clocks);
    assert.equal(leftMs(), 3_599_000);
  });

  it('given a hold without an end, then there is none; given one that is gone, then nothing is left', async () => {
    assert.equal((await longestTime(() => Promise.resolve(null)))(), Number.POSITIVE_INFINITY);
    assert.equal((await longestTime(() => Promise.resolve(undefined)))(), 0);
  });
});
