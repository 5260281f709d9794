import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { metricOf } from '../../src/soak/samples.ts';
import type { SoakSample } from '../../src/soak/samples.ts';
import { judgeAudit, judgeSamples, judgeWork } from '../../src/soak/verdict.ts';

const mebibyte = 1024 * 1024;
const flat: SoakSample = {
  memoryBytes: 300 * mebibyte,
  liveHeapBytes: 80 * mebibyte,
  diskBytes: 25 * mebibyte,
  handles: 40,
  longestTurnMs: 30,
  loopDelayMs: 11,
};

/** A sample a minute; `rising` adds to it what it does by then. */
function run(minutes: number, rising: (minute: number) => Partial<SoakSample> = () => ({})) {
  const samples = Array.from({ length: minutes }, (_, minute) => ({
    atMs: minute * 60_000,
    sample: { ...flat, ...rising(minute) },
  }));
  return judgeSamples(new Map([['node-1', samples]]), minutes);
}

describe('the verdict on a run', () => {
  it('is passed where all stays flat', () => {
    assert.deepEqual(run(60).passed, true);
  });

  const leaks: Readonly<Record<keyof SoakSample, (minute: number) => number>> = {
    memoryBytes: (minute) => (300 + 3 * minute) * mebibyte,
    liveHeapBytes: (minute) => (80 + minute) * mebibyte,
    diskBytes: (minute) => (25 + minute) * mebibyte,
    handles: (minute) => 40 + minute,
    longestTurnMs: (minute) => 30 + 2 * minute,
    loopDelayMs: (minute) => 11 + minute,
  };
  for (const [name, leak] of Object.entries(leaks))
    it(`is failed where ${name} goes on rising, and names it`, () => {
      const { lines, passed } = run(60, (minute) => ({ [name]: leak(minute) }));
      assert.equal(passed, false);
      const told = lines.filter((line) => line.endsWith('RISES'));
      assert.equal(told.length, 1, lines.join('\n'));
      assert.ok(told[0]?.startsWith(`node-1 ${name} `), told[0]);
    });

  it('is not failed by what rises in the first half alone, in which caches are filled', () => {
    const filled = (minute: number) => ({
      memoryBytes: Math.min(500, 200 + 10 * minute) * mebibyte,
    });
    assert.equal(run(60, filled).passed, true);
  });

  it('shows a short run without a verdict on its lines', () => {
    const { lines, passed } = run(10, (minute) => ({ handles: 40 + 10 * minute }));
    assert.equal(passed, true);
    assert.match(lines.join('\n'), /Shown, not judged/);
  });

  it('says of a heap that was never collected as a whole that it was not measured, and is failed by that after an hour', () => {
    for (const [minutes, expected] of [
      [59, true],
      [60, false],
    ] as const) {
      const { lines, passed } = run(minutes, () => ({ liveHeapBytes: undefined }));
      assert.equal(passed, expected);
      assert.match(lines.join('\n'), /liveHeapBytes +was not measured/);
    }
  });

  it('is closer after an hour on what a leak fills: the live heap, and handles', () => {
    // In the second half by 6 MiB and by 2 handles.
    const leaks = [
      (minute: number) => ({ liveHeapBytes: (80 + minute / 5) * mebibyte }),
      (minute: number) => ({ handles: 40 + minute / 15 }),
    ];
    for (const leak of leaks) {
      assert.equal(run(59, leak).passed, true);
      assert.equal(run(60, leak).passed, false);
    }
    const quiet = (minute: number) => ({ liveHeapBytes: (80 + minute / 10) * mebibyte });
    assert.equal(run(60, quiet).passed, true, 'as it was measured');
  });
});

it('work that is interrupted now and then is passed, and failed where that is more than one in a hundred', () => {
  assert.equal(judgeWork(10, 0).passed, true);
  assert.equal(judgeWork(11, 0).passed, false);
  assert.equal(judgeWork(110, 10_000).passed, true);
  assert.equal(judgeWork(111, 10_000).passed, false);
});

describe('the verdict on the audit', () => {
  const told = (records: number, dropped: number, failures: number): string =>
    ['changes', 'node', 'requests']
      .flatMap((chain, position) => [
        `holdfast_audit_records_total{chain="${chain}"} ${String(records)}`,
        `holdfast_audit_dropped_total{chain="${chain}"} ${String(position === 2 ? dropped : 0)}`,
        `holdfast_audit_write_failures_total{chain="${chain}"} ${String(position === 0 ? failures : 0)}`,
      ])
      .join('\n');
  const judge = (text: string) => judgeAudit(new Map([['node-1', text]])).passed;

  it('is passed where all was recorded', () => {
    assert.equal(judge(told(10, 0, 0)), true);
  });

  it('is failed where one record of any chain was dropped, or could not be written at once', () => {
    assert.equal(judge(told(10, 1, 0)), false);
    assert.equal(judge(told(10, 0, 1)), false);
  });

  it('is failed where nothing was recorded: the audit was off', () => {
    assert.equal(judge(told(0, 0, 0)), false);
  });
});

it('a metric is the sum over its labels, and one that is not told is an error', () => {
  const text = 'a_total{chain="x"} 2\na_total{chain="y"} 3.5\na_total_more 9\nb 1e-3';
  assert.equal(metricOf(text, 'a_total'), 5.5);
  assert.equal(metricOf(text, 'b'), 0.001);
  assert.throws(() => metricOf(text, 'c'), /tells no c/);
});
