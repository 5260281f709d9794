import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { trendOf } from '../../src/soak/slope.ts';

const minuteMs = 60_000;
const measured = (count: number, value: (minute: number) => number) =>
  Array.from({ length: count }, (_, minute) => ({ atMs: minute * minuteMs, value: value(minute) }));

describe('trendOf', () => {
  it('tells how much is added in an hour, whatever swings about it', () => {
    const trend = trendOf(
      measured(120, (minute) => 100 + minute / 2 + (minute % 2 === 0 ? 3 : -3)),
    );
    assert.ok(trend !== undefined && Math.abs(trend.perHour - 30) < 1, JSON.stringify(trend));
    assert.ok(Math.abs(trend.rise - 29.5) < 1, JSON.stringify(trend));
  });

  it('leaves the first half out, in which caches are filled', () => {
    const trend = trendOf(measured(60, (minute) => Math.min(minute * 10, 250)));
    assert.equal(trend?.perHour, 0);
  });

  it('says nothing of one point', () => {
    assert.equal(trendOf(measured(1, () => 1)), undefined);
  });
});
