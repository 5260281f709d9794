/** What `holdfast queue stats` adds up of several pages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueueOwner } from '@holdfast/protocol';
import { agesAndRatesOf, ownersTogether } from '../../src/commands/queue-owners.ts';
import type { ToldOwner } from '../../src/commands/queue-owners.ts';

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
  const together = pages.reduce<readonly ToldOwner[]>(ownersTogether, []);
  assert.deepEqual(together, [owner('a', 12, 5), owner('b', 6, 7)]);
});

test('ages and rates that a node of the release before does not tell are no number', () => {
  const former = (count: number): ToldOwner => {
    const { rates: _rates, oldest_age_seconds: _age, ...told } = owner('a', count, null);
    return told;
  };
  for (const pages of [
    [[former(1)], [former(2)]],
    [[former(1)], [owner('a', 2, 7)]],
    [[owner('a', 1, 7)], [former(2)]],
  ]) {
    const together = pages.reduce<readonly ToldOwner[]>(ownersTogether, []);
    assert.deepEqual(together, [former(3)]);
    assert.deepEqual(together.map(agesAndRatesOf), [['-', '-', '-', '-']]);
  }
  assert.deepEqual(agesAndRatesOf(owner('a', 1, 7)), ['7.0 s', '1.0', '0.5', '0.3']);
});
