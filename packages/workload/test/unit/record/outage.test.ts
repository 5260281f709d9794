import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { longestSilenceMs } from '../../../src/record/outage.ts';

describe('The outage after a fault', () => {
  it('reaches from the last grant before the silence to the first after it', () => {
    assert.equal(longestSilenceMs([90, 99, 101, 700, 705], 100, 1000), 599);
  });

  it('counts the silence that had begun when the fault came', () => {
    assert.equal(longestSilenceMs([95, 400, 402], 100, 1000), 305);
  });

  it('does not count silences before the fault or after the window', () => {
    assert.equal(longestSilenceMs([0, 80, 99, 105, 110, 1200], 100, 108), 6);
  });

  it('is without end when no grant came any more', () => {
    assert.equal(longestSilenceMs([10, 20], 100, 1000), Infinity);
  });
});
