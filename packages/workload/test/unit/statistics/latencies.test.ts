import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Latencies } from '../../../src/statistics/latencies.ts';
import { median } from '../../../src/statistics/median.ts';
import { table } from '../../../src/statistics/table.ts';

describe('Latencies', () => {
  it('tell every quantile to within one percent and a microsecond', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 3_600_000, noNaN: true }), { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, part) => {
          const latencies = new Latencies();
          for (const value of values) latencies.add(value);
          const sorted = values.toSorted((left, right) => left - right);
          const exact = sorted[Math.max(1, Math.ceil(part * sorted.length)) - 1] ?? NaN;
          const told = latencies.quantile(part);
          assert.ok(
            Math.abs(told - exact) <= exact * 0.01 + 0.001,
            `told ${String(told)} for ${String(exact)}`,
          );
        },
      ),
    );
  });

  it('of nothing are not a number', () => {
    assert.ok(Number.isNaN(new Latencies().quantile(0.5)));
  });
});

describe('The median', () => {
  it('is the middle value, or the mean of the two middle ones', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.ok(Number.isNaN(median([])));
  });
});

describe('A table', () => {
  it('is Markdown with stats to the right', () => {
    assert.equal(
      table(
        ['name', 'value'],
        [
          ['a', '1'],
          ['long name', '1,000'],
        ],
      ),
      [
        '| name      | value |',
        '| --------- | ----: |',
        '| a         |     1 |',
        '| long name | 1,000 |',
      ].join('\n'),
    );
  });
});
