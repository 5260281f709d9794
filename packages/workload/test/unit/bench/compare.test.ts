import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareRuns, comparisonText } from '../../../src/bench/compare.ts';
import type { LoadStats } from '../../../src/bench/plan.ts';

const row = (workers: number, cyclesPerSecond: number, p50: number): LoadStats => ({
  workers,
  connections: 1,
  locks: 'own',
  measuredMs: 1000,
  cycles: cyclesPerSecond,
  cyclesPerSecond,
  handOversPerSecond: null,
  acquireMs: { p50, p95: 2 * p50, p99: 3 * p50 },
  overlaps: 0,
  tokensNotRisen: 0,
});

describe('Two builds that were measured in turns', () => {
  it('are compared pair by pair, and the median is that of the ratios', () => {
    const compared = compareRuns(
      [[row(1, 200, 1)], [row(1, 300, 1)], [row(1, 100, 4)]],
      [[row(1, 100, 2)], [row(1, 100, 2)], [row(1, 100, 2)]],
    );
    const cycles = compared.find(({ metric }) => metric === 'cycles/s');
    assert.deepEqual(cycles?.ratios, [2, 3, 1]);
    assert.equal(cycles?.medianRatio, 2);
    const p50 = compared.find(({ metric }) => metric === 'acquire p50 ms');
    assert.deepEqual(p50?.ratios, [0.5, 0.5, 2]);
    assert.equal(p50?.medianRatio, 0.5);
  });

  it('are matched by their rows, whatever order these came in', () => {
    const compared = compareRuns(
      [[row(1, 100, 1), row(64, 1000, 1)]],
      [[row(64, 500, 1), row(1, 50, 1)]],
    );
    const ratios = compared.filter(({ metric }) => metric === 'cycles/s').map((one) => one.ratios);
    assert.deepEqual(ratios, [[2], [2]]);
  });

  it('show no ratio where the other build has no such row', () => {
    const [cycles] = compareRuns([[row(1, 100, 1)]], [[]]);
    assert.ok(Number.isNaN(cycles?.medianRatio));
    assert.match(comparisonText(cycles === undefined ? [] : [cycles]), /1 worker .*NaN/);
  });
});
