/** What charts and timelines work out of numbers and events. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WatchEvent } from '@holdfast/protocol';
import { linesOf, withinWindow } from '../../src/page/chart.ts';
import { areMixed, behind, slowest, titleOf } from '../../src/page/machine.ts';
import { quantileBetween, readMetrics } from '../../src/page/metrics.ts';
import { bytes, duration, span } from '../../src/page/parts.ts';
import { ratesOf } from '../../src/page/rates.ts';
import { grantsOf, heldFor } from '../../src/page/resource.ts';

/** As a node tells of commits: so many within 1 ms, 10 ms, 100 ms, and longer. */
const told = (counts: readonly [number, number, number, number]): string =>
  [
    '# HELP commit_seconds Time of commits.',
    '# TYPE commit_seconds histogram',
    ...['0.001', '0.01', '0.1', '+Inf'].map(
      (upTo, index) => `commit_seconds_bucket{le="${upTo}"} ${String(counts[index])}`,
    ),
    'commit_seconds_sum 1.5',
    `commit_seconds_count ${String(counts[3])}`,
    'queue_depth{queue="a b"} 7',
    'disk_free_bytes 4.2e+9',
    '',
  ].join('\n');
const read = (...counts: [number, number, number, number]) =>
  readMetrics(told(counts), ['commit_seconds', 'disk_']);

describe('Metrics on the page', () => {
  it('are read as they are told to Prometheus, those that are wanted', () => {
    const metrics = read(1, 2, 3, 4);
    assert.equal(metrics.get('disk_free_bytes'), 4.2e9);
    assert.equal(metrics.get('commit_seconds_bucket{le="+Inf"}'), 4);
    assert.equal(metrics.get('queue_depth{queue="a b"}'), undefined);
  });

  it('give quantiles of what was measured between two reads, as Prometheus works them out', () => {
    const quantile = (after: ReturnType<typeof read>, wanted: number): number | undefined =>
      quantileBetween(read(100, 100, 100, 100), after, 'commit_seconds', wanted);
    // 10 more within 1 ms, 10 within 10 ms.
    assert.equal(quantile(read(110, 120, 120, 120), 0.5), 0.001);
    assert.equal(quantile(read(110, 120, 120, 120), 0.75)?.toFixed(5), '0.00550');
    assert.equal(quantile(read(100, 100, 100, 105), 0.99), 0.1, 'the last limit');
    assert.equal(quantile(read(100, 100, 100, 100), 0.99), undefined, 'nothing was measured');
    assert.equal(quantile(read(1, 1, 1, 1), 0.99), undefined, 'the node was started again');
  });

  it('say of what is measured on the leader that the node does not lead', () => {
    const commit = 'Commit, on the leader';
    assert.equal(titleOf(commit, { node: 'a', leader: 'a' }), commit);
    assert.equal(titleOf(commit, { node: 'a', leader: undefined }), commit, 'not known yet');
    assert.equal(titleOf(commit, { node: 'a', leader: 'b' }), `${commit} (a does not lead)`);
    assert.equal(titleOf(commit, { node: 'a', leader: null }), `${commit} (a does not lead)`);
    assert.equal(titleOf('Acquire', { node: 'a', leader: 'b' }), 'Acquire');
  });

  it('make a point of each read but the first', () => {
    const reads = [read(0, 0, 0, 0), read(10, 10, 10, 10), read(10, 10, 10, 10)].map(
      (metrics, index) => ({ atMs: index * 4000, metrics }),
    );
    const points = slowest(reads, 'commit_seconds');
    assert.deepEqual(
      points.map(({ atMs, value }) => [atMs, value?.toFixed(5)]),
      [
        [4000, '0.00099'],
        [8000, '0.00099'],
      ],
    );
  });
});

describe('A chart', () => {
  it('ends at the right edge, is as high as its largest value, and has a gap where nothing was measured', () => {
    const points = [0, 60_000, 120_000, 240_000].map((atMs, index) => ({
      atMs,
      value: index === 2 ? undefined : index,
    }));
    assert.deepEqual(linesOf(points, 3), ['0.0,58.0 75.0,39.3', '300.0,2.0 300.0,2.0']);
    assert.deepEqual(linesOf([], 0), []);
  });

  it('keeps what it still shows', () => {
    const kept = withinWindow([{ atMs: 0 }, { atMs: 2000 }], { atMs: 241_000 });
    assert.deepEqual(kept, [{ atMs: 2000 }, { atMs: 241_000 }]);
  });

  it('shows rates between samples, and 0 where a counter began anew', () => {
    const samples = [
      { atMs: 0, value: 5 },
      { atMs: 2000, value: 9 },
      { atMs: 4000, value: 1 },
    ];
    assert.deepEqual(
      ratesOf(samples).map(({ value }) => value),
      [2, 0],
    );
  });

  it('has units that people read', () => {
    assert.deepEqual([0, 999, 1000, 123_456, 4.2e9].map(bytes), [
      '0 B',
      '999 B',
      '1.0 kB',
      '123 kB',
      '4.2 GB',
    ]);
    assert.deepEqual([0.00012, 0.0123, 2].map(duration), ['0.1 ms', '12 ms', '2.0 s']);
    assert.deepEqual([59, 61, 3700, 8_640_000].map(span), [
      '59 s',
      '1 min 1 s',
      '1 h 1 min',
      '100 days',
    ]);
  });
});

describe('A timeline', () => {
  const event = (
    type: WatchEvent['type'],
    time: number | undefined,
    fence_token?: number,
  ): WatchEvent => ({
    position: '1-1',
    revision: 1,
    type,
    kind: 'lock',
    resource: 'jobs',
    ...(time === undefined ? {} : { time }),
    ...(fence_token === undefined ? {} : { fence_token }),
  });

  it('tells for how long each hold was held, where its grant is retained', () => {
    const released = event('released', 1012.5, 7);
    const grants = grantsOf([event('granted', 1000, 7), event('granted', undefined, 8)]);
    assert.equal(heldFor(released, grants), ', held for 13 s');
    assert.equal(heldFor(event('expired', 1003, 7), grants), ', held for 3.0 s');
    assert.equal(heldFor(event('released', 1012, 8), grants), '');
    assert.equal(heldFor(event('granted', 1000, 7), grants), '');
    assert.equal(heldFor(event('waiting', 1001), grants), '');
  });
});

describe('Machines on the page', () => {
  it('are behind by what they have not applied and another member of the same answer has', () => {
    const of = (...applied: (number | null)[]) =>
      applied.map((index) => ({ applied_index: index }));
    const machines = of(40, 42, null);
    assert.deepEqual(
      machines.map((machine) => behind(machine, machines)),
      [2, 0, undefined],
    );
    assert.equal(behind({ applied_index: 7 }, of(7, null)), 0);
  });

  it('are of one release, or mixed; one that does not answer is of none', () => {
    const machine = (version: string | null) => ({
      node_id: 'a',
      answered: version !== null,
      version,
      applied_index: null,
      disk_free_bytes: null,
      disk_size_bytes: null,
      stored_bytes: null,
      memory_bytes: null,
      longest_turn_seconds: null,
    });
    assert.equal(areMixed(['1', '1', null].map(machine)), false);
    assert.equal(areMixed(['1', '2', '1'].map(machine)), true);
  });
});
