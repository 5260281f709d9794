import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Lines } from '@holdfast/protocol/cache';
import type { CacheView, ResourceName } from '@holdfast/state';
import { nodeStore } from '../../src/cache/node-store.ts';
import type { Found } from '../../src/cache/node-store.ts';

const view = (key: string, value: string): CacheView => ({
  name: key as ResourceName,
  value,
  version: 1,
  expiresInMs: undefined,
});

/** As read through from a leader that lets the line be kept. */
function keep(lines: Lines<Found>, key: string, value: string): void {
  const fetch = lines.beginFetch(key, 0);
  const answer = {
    term: 1,
    value: { view: view(key, value), revision: 1 },
    expiresInMs: undefined,
    grant: { leaseMs: 1000, line: 'shared', seq: 1 },
  } as const;
  assert.equal(lines.endFetch(fetch, answer, false, 0), 'shared');
}

describe('The lines of a node', () => {
  it('are so many at most: the one that was read longest ago makes room', () => {
    const lines = new Lines('n1/0', nodeStore({ maxLines: 3, maxBytes: 1_000_000 }), 2);
    for (const key of ['a', 'b', 'c']) keep(lines, key, 'value');
    assert.ok(lines.read('a', 1));
    keep(lines, 'd', 'value');
    assert.equal(lines.statistics.lines, 3);
    assert.equal(lines.read('b', 1), undefined);
    for (const key of ['a', 'c', 'd']) assert.ok(lines.read(key, 1), key);
  });

  it('take so many bytes at most', () => {
    const lines = new Lines('n1/0', nodeStore({ maxLines: 1000, maxBytes: 5000 }), 2);
    for (let count = 0; count < 20; count++) keep(lines, `key ${String(count)}`, 'x'.repeat(400));
    assert.ok(lines.statistics.bytes <= 5000, String(lines.statistics.bytes));
    assert.ok(lines.statistics.lines > 2, String(lines.statistics.lines));
    assert.ok(lines.read('key 19', 1));
  });
});
