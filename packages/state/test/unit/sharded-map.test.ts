import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { shardOf, ShardedMap } from '../../src/kernel/collections/sharded-map.ts';
import { check } from './support/randomness.ts';

const numbers = Array.from({ length: 100_000 }, (_, number) => number);

/** Names as they are used. */
const namings: Readonly<Record<string, (number: number) => string>> = {
  'that are numbered': (number) => `lock/${String(number)}`,
  'with a common end': (number) => `tenants/${String(number)}/payments/of/today`,
  'of one length': (number) => String(number).padStart(20, '0'),
};

function filled(count: number): ShardedMap<string, number> {
  const map = new ShardedMap<string, number>();
  for (let number = 0; number < count; number++) map.set(`name ${String(number)}`, number);
  return map;
}

describe('a map in shards', () => {
  for (const [label, nameOf] of Object.entries(namings))
    it(`given names ${label}, then no shard has much more than the others, so none doubles for long`, () => {
      const sizes = new Map<number, number>();
      for (const number of numbers) {
        const shard = shardOf(nameOf(number));
        sizes.set(shard, (sizes.get(shard) ?? 0) + 1);
      }
      const largest = Math.max(...sizes.values());
      assert.ok(largest <= 2 * (numbers.length / 128), String(largest));
    });

  it('given any changes, then it has what one map has, and who adds it in its order has the same order', () => {
    const change = fc.record({ name: fc.nat({ max: 300 }), gone: fc.boolean() });
    check(
      fc.property(fc.array(change, { maxLength: 600, size: 'max' }), (changes) => {
        const [map, model] = [new ShardedMap<string, string>(), new Map<string, string>()];
        changes.forEach(({ name, gone }, index) => {
          const key = `name ${String(name)}`;
          if (gone) assert.equal(map.delete(key), model.delete(key));
          else {
            map.set(key, `${key} ${String(index)}`);
            model.set(key, `${key} ${String(index)}`);
          }
          assert.equal(map.size, model.size);
          assert.equal(map.get(key), model.get(key));
        });
        const values = [...map.values()];
        assert.deepEqual([...values].sort(), [...model.values()].sort());
        const copy = new ShardedMap<string, string>();
        for (const value of values) copy.set(value.split(' ').slice(0, 2).join(' '), value);
        assert.deepEqual([...copy.values()], values);
      }),
      100,
    );
  });

  it('given changes while a capture is read, then it shows what there was, in order', () => {
    const map = filled(2000);
    const expected = [...map.values()];
    const read: number[] = [];
    let step = 0;
    for (const value of map.capture()) {
      read.push(value);
      map.delete(`name ${String((step * 7) % 2000)}`);
      map.set(`later ${String(step)}`, -step);
      step += 1;
    }
    assert.deepEqual(read, expected);
    assert.deepEqual([...map.capture()], [...map.values()]);
  });

  it('given a capture, then nothing is copied before a shard changes, and then that shard alone', (t) => {
    const map = filled(10_000);
    const { values } = Map.prototype;
    let copied = 0;
    t.mock.method(Map.prototype, 'values', function counted(this: Map<unknown, unknown>) {
      copied += this.size;
      return values.call(this);
    });
    map.capture();
    assert.equal(copied, 0);
    map.set('new', 1);
    assert.ok(copied > 0 && copied < 200, String(copied));
    const before = copied;
    map.delete('new');
    assert.equal(copied, before, 'once');
    map.release();
    for (let number = 0; number < 1000; number++) map.set(`more ${String(number)}`, 1);
    assert.equal(copied, before, 'not when it was cancelled');
  });
});
