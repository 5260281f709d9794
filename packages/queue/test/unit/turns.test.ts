import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OwnerTurns } from '../../src/redis/owner-turns.ts';

test('given more queues than are remembered, then only the one that came first begins again (TURNS-1)', () => {
  const turns = new OwnerTurns(3);
  const owners = ['a', 'b', 'c'];
  const first = (queue: string): string | undefined => turns.take(queue, owners, 'b')[0];
  assert.deepEqual(['q1', 'q2', 'q3'].map(first), ['b', 'b', 'b']);
  assert.deepEqual(['q1', 'q2', 'q3'].map(first), ['c', 'c', 'c']);
  assert.equal(first('q4'), 'b');
  assert.deepEqual(['q2', 'q3'].map(first), ['a', 'a'], 'they have their turns');
  assert.equal(first('q1'), 'b', 'it begins again with this node');
});

test('given owners that have become fewer, then all that there are are asked', () => {
  const turns = new OwnerTurns(3);
  for (let pops = 0; pops < 2; pops++) turns.take('q', ['a', 'b', 'c'], 'a');
  assert.deepEqual(turns.take('q', ['a'], 'a').toSorted(), ['a']);
});
