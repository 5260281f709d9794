import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NameIndex } from '../../src/kernel/collections/name-index.ts';
import { lockName } from './support/driver.ts';

/** More than a few leaves, whichever way they come to be. */
const count = 2000;
const names = Array.from({ length: count }, (_, number) =>
  lockName(`name ${String(number).padStart(5, '0')}`),
);

function indexOf(some: readonly string[]): NameIndex {
  const index = new NameIndex();
  for (const name of some) index.add(lockName(name));
  return index;
}

describe('an index of names', () => {
  const orders: readonly (readonly [string, (position: number) => number])[] = [
    ['in order', (position) => position],
    ['from behind', (position) => count - 1 - position],
    ['in no order', (position) => (position * 1237) % count],
  ];
  for (const [title, place] of orders)
    it(`given names that come ${title}, then all from a name on are told, in order, across leaves (NAMES-1)`, () => {
      const index = indexOf(names.map((_, position) => names[place(position)] ?? ''));
      // Also where the walk begins in the middle of a leaf and goes on in the next one.
      for (const from of [0, 1, 300, 511, 512, 777, count - 1])
        assert.deepEqual([...index.from(names[from] ?? '')], names.slice(from), String(from));
      assert.deepEqual([...index.from('')], names);
      assert.deepEqual([...index.from('z')], []);
    });

  it('given names that go, then the others are told, in order, and none where all have gone', () => {
    const index = indexOf(names);
    const left = names.filter((_, position) => position % 700 < 3);
    for (const name of names) if (!left.includes(name)) index.remove(name);
    assert.deepEqual([...index.from('')], left);
    for (const name of left) index.remove(name);
    assert.deepEqual([...index.from('')], []);
  });
});
