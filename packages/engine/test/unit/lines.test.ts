import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Lines } from '@holdfast/protocol/cache';
import type { LineState } from '@holdfast/protocol/cache';
import type { CacheView, ResourceName } from '@holdfast/state';
import { listLines } from '../../src/cache/listing.ts';
import type { AskedLines } from '../../src/cache/listing.ts';
import { nodeStore } from '../../src/cache/node-store.ts';
import type { CachedKey } from '../../src/cache/node-store.ts';

const view = (key: string, value: string): CacheView => ({
  name: key as ResourceName,
  value,
  version: 1,
  expiresInMs: undefined,
});

/** As read through from a leader that lets the line be kept. */
function keep(lines: Lines<CachedKey>, key: string, value: string): void {
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

  it('are counted by state, and listed in the order of keys, whichever way they come, change and go', () => {
    const store = nodeStore({ maxLines: 4, maxBytes: 5000 });
    const put = (key: string, state: LineState, value = 'v'): void => {
      store.set(key, { value: { view: view(key, value), revision: 1 }, untilMs: undefined, state });
    };
    const counted = (): readonly number[] => {
      const keys = [...store.from('')].map(([key, line]) => {
        assert.equal(store.peek(key), line);
        return key;
      });
      assert.deepEqual(keys, keys.toSorted(), 'in the order of keys');
      assert.equal(keys.length, store.size);
      const { modified, exclusive, shared, invalid } = store.counts;
      assert.equal(modified + exclusive + shared + invalid, store.size);
      return [modified, exclusive, shared, invalid];
    };
    put('a', 'modified');
    put('b', 'exclusive');
    put('c', 'shared');
    assert.deepEqual(counted(), [1, 1, 1, 0]);
    put('a', 'exclusive');
    assert.deepEqual(
      counted(),
      [0, 2, 1, 0],
      'one that is read anew takes the place of the former',
    );
    store.share('b');
    store.share('c');
    store.share('none');
    assert.deepEqual(counted(), [0, 1, 2, 0]);
    store.delete('c');
    assert.deepEqual(counted(), [0, 1, 1, 0]);
    for (const key of ['d', 'e', 'f']) put(key, 'modified');
    assert.deepEqual(counted(), [3, 1, 0, 0], 'the one that was read longest ago made room');
    put('g', 'exclusive', 'x'.repeat(3000));
    put('f', 'exclusive', 'x'.repeat(3000));
    assert.equal(store.peek('f'), undefined, 'it is larger than all of the memory');
    assert.deepEqual(counted(), [2, 1, 0, 0]);
    store.clear();
    assert.deepEqual(counted(), [0, 0, 0, 0]);
  });

  it('are listed by pages: a line that goes meanwhile moves no other one', () => {
    const store = nodeStore();
    const put = (key: string): void =>
      void store.set(key, {
        value: { view: view(key, 'v'), revision: 1 },
        untilMs: undefined,
        state: 'shared',
      });
    for (const key of ['b/3', 'a/1', 'c', 'b/1', 'b/2']) put(key);
    const page = (asked: AskedLines): readonly (string | null)[] => {
      const { rows, nextAfter } = listLines(store.from, asked);
      return [...rows.map(({ key }) => key), nextAfter];
    };
    assert.deepEqual(page({ prefix: '', limit: 2 }), ['a/1', 'b/1', 'b/1']);
    store.delete('b/1');
    store.delete('a/1');
    put('a/2');
    assert.deepEqual(page({ prefix: '', after: 'b/1', limit: 2 }), ['b/2', 'b/3', 'b/3']);
    assert.deepEqual(page({ prefix: '', after: 'b/3', limit: 2 }), ['c', null]);
    assert.deepEqual(page({ prefix: 'b/', limit: 1 }), ['b/2', 'b/2']);
    assert.deepEqual(page({ prefix: 'b/', after: 'a', limit: 2 }), ['b/2', 'b/3', null]);
    assert.deepEqual(page({ prefix: 'b/', after: 'b/3', limit: 2 }), [null]);
  });
});
