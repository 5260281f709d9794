import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FirstNames } from '../../src/redis/first-names.ts';

test('given 10,000 names in no order, some of them twice, then the first are kept, and no more than twice as many (FIRST-1)', () => {
  const first = new FirstNames(10);
  for (let number = 0; number < 10_000; number++) {
    first.add(`q/${String((number * 7919) % 10_000).padStart(5, '0')}`);
    first.add(`q/${String((number * 7919) % 10_000).padStart(5, '0')}`);
    assert.ok(first.size <= 20, String(first.size));
  }
  assert.deepEqual(
    first.toSorted(),
    Array.from({ length: 10 }, (_, number) => `q/${String(number).padStart(5, '0')}`),
  );
});

test('given fewer names than are wanted, then all are kept', () => {
  const first = new FirstNames(3);
  for (const name of ['b', 'a', 'b']) first.add(name);
  assert.deepEqual(first.toSorted(), ['a', 'b']);
});
