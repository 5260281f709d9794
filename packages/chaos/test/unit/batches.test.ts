import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Batches } from '../../src/queue/batches.ts';
import { Randomness } from '../../src/randomness.ts';

it('pushes messages of one key and of two by one request, each key in the order of its numbers', () => {
  const batches = new Batches('key-0', new Randomness(1));
  const all = Array.from({ length: 200 }, () => batches.next());
  const keysOf = all.map(({ messages }) => new Set(messages.map(({ key }) => key)).size);
  assert.ok(keysOf.filter((keys) => keys === 1).length > 50);
  assert.ok(keysOf.filter((keys) => keys === 2).length > 20);
  assert.equal(new Set(all.map(({ request }) => request)).size, all.length);
  const byKey = Map.groupBy(
    all.flatMap(({ messages }) => messages),
    ({ key }) => key,
  );
  assert.equal(byKey.size, 2);
  for (const messages of byKey.values())
    assert.deepEqual(
      messages.map(({ number }) => number),
      messages.map((_, at) => at + 1),
    );
});
