import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ShardedMap } from '../../src/kernel/collections/sharded-map.ts';

describe('A sharded map whose names come and go', () => {
  it('lets go what went, without a full collection (SHARD-3)', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
    const oldBytes = (): number =>
      getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')
        ?.space_used_size ?? assert.fail('there is an old generation');
    const map = new ShardedMap<string, readonly number[]>();
    const names = Array.from({ length: 20 }, (_, place) => `lock-${String(place)}`);
    const rounds = (count: number): void => {
      for (let round = 0; round < count; round++) {
        for (const name of names) map.set(name, [round]);
        if (round % 20 === 0) collect({ type: 'minor' });
        for (const name of names) assert.equal(map.delete(name), true);
      }
    };
    rounds(5);
    // The map, and the tables that it has now, are in the old generation after this.
    for (let times = 0; times < 4; times++) collect({ type: 'minor' });
    rounds(100);
    // A full collection may come in one of them.
    const grown = [1, 2, 3, 4, 5].map(() => {
      const before = oldBytes();
      rounds(400);
      return oldBytes() - before;
    });
    // The tables alone: some hundred bytes for each name that came and went.
    assert.ok(Math.max(...grown) < 400 * names.length * 25, `${grown.join(', ')} bytes stayed`);
    assert.equal(map.size, 0);
  });

  it('shows a reader what came while its shard was empty', () => {
    const map = new ShardedMap<string, string>();
    // All in one shard: the hash is of the last code unit alone.
    const oneShard = new ShardedMap<string, string>(1);
    for (const each of [map, oneShard]) {
      each.set('a1', 'a1');
      const seen: string[] = [];
      for (const value of each.values()) {
        seen.push(value);
        for (let times = 0; times < 20 && seen.length === 1; times++) {
          each.delete(value);
          each.set(value, value);
        }
        each.delete(value);
        if (seen.length === 1) each.set('b1', 'b1');
      }
      assert.ok(seen.length >= 1);
      if (each === oneShard) assert.deepEqual(new Set(seen), new Set(['a1', 'b1']));
    }
  });
});
