/** What `holdfast queue stats` adds up of several pages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueueOwner } from '@holdfast/protocol';
import { ownersTogether } from '../../src/commands/queue-owners.ts';

const owner = (id: string, count: number, age: number | null): QueueOwner => ({
  node_id: id,
  partitions: 32,
  depth: 4 * count,
  ready: count,
  in_flight: count,
  delayed: count,
  blocked: count,
  oldest_age_seconds: age,
  rates: { pushed: count, delivered: count / 2, acknowledged: count / 4, dead: count / 8 },
});

test('counts and rates of owners are added up, and of ages the highest is told', () => {
  const pages = [
    [owner('a', 1, null), owner('b', 2, 7)],
    [owner('a', 3, 5), owner('b', 4, null)],
    [owner('a', 8, 2), owner('b', 0, 3)],
  ];
  const together = pages.reduce<readonly QueueOwner[]>(ownersTogether, []);
  assert.deepEqual(together, [owner('a', 12, 5), owner('b', 6, 7)]);
});
