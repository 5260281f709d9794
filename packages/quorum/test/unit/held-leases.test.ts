import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { untilSo } from '../../../checker/src/waits.ts';
import { HeldLeases, leasesOnAPage } from '../../src/node/held-leases.ts';
import { LeaseNode } from '../../src/node/lease-node.ts';
import type { StandingLease } from '../../src/node/lease-node.ts';

const first = { prefix: '', after: '' };
const lease = (resource: string, token = 1): StandingLease => ({
  resource,
  leaseId: `id of ${resource}`,
  clientId: 'worker',
  token,
  remainingMs: 1000,
});
const numbered = (count: number): StandingLease[] =>
  Array.from({ length: count }, (_, at) => lease(String((at * 7919) % count).padStart(6, '0')));

/** Turns by the word of the test. */
function turns(): { readonly after: (callback: () => void) => void; count: number } {
  const made = {
    count: 0,
    after: (callback: () => void) => {
      made.count += 1;
      queueMicrotask(callback);
    },
  };
  return made;
}

describe('the leases that stand on a node', () => {
  it('are told page by page in the order of their names, whatever the order of the rows', async () => {
    const rows = numbered(130);
    const held = new HeldLeases(() => rows, turns().after);
    const found: string[] = [];
    for (let after = '', more = true; more;) {
      const page = await held.read({ prefix: '', after });
      found.push(...page.page.map(({ resource }) => resource));
      after = found.at(-1) ?? '';
      more = page.more;
      assert.ok(page.page.length <= leasesOnAPage);
      assert.equal(page.count, 130);
    }
    assert.deepEqual(found, rows.map(({ resource }) => resource).toSorted());
  });

  it('are searched by the beginning of their names, and counted all', async () => {
    const held = new HeldLeases(
      () => [lease('b/1'), undefined, lease('a/1'), lease('b/2')],
      turns().after,
    );
    const { page, count, more } = await held.read({ prefix: 'b/', after: 'b/1' });
    assert.deepEqual([page.map(({ resource }) => resource), count, more], [['b/2'], 3, false]);
  });

  it('are told once where a row moved while they were read, as it is now', async () => {
    const held = new HeldLeases(() => [lease('a', 1), lease('b'), lease('a', 2)], turns().after);
    const { page } = await held.read(first);
    assert.deepEqual(
      page.map(({ resource, token }) => [resource, token]),
      [
        ['a', 2],
        ['b', 1],
      ],
    );
  });

  it('are read some at a time, and others are served in between (HELD-1)', async () => {
    const made = turns();
    const rows = numbered(10_000);
    await new HeldLeases(() => rows, made.after).read(first);
    assert.ok(made.count >= 4, String(made.count));
  });

  it('are read by one at a time, and refused where too many wait (HELD-1)', async () => {
    let begun = 0;
    const turns: (() => void)[] = [];
    const rows = numbered(3000);
    const held = new HeldLeases(
      () => {
        begun += 1;
        return rows;
      },
      (callback) => void turns.push(callback),
    );
    const readings = Array.from({ length: 8 }, () => held.read(first));
    await assert.rejects(held.read(first), { code: 'limit_exceeded' });
    assert.equal(begun, 1);
    const goOn = async (): Promise<void> => {
      const turn = await untilSo(() => turns.shift(), { what: 'a reading stops for others' });
      turn();
    };
    for (let left = readings.length; left > 0; left--) await goOn();
    await Promise.all(readings);
    assert.equal(begun, 8);
    const last = held.read(first);
    await goOn();
    assert.equal((await last).count, 3000);
  });
});

describe('a lease node', () => {
  it('tells the leases that stand now, and ends a reading however busy it is', () => {
    const node = new LeaseNode(
      { maxRows: 100, maxTombstones: 10 },
      { rows: [], tombstones: [], floor: 0 },
      0,
    );
    const ask = (resource: string, ttlMs: number, nowMs: number): void => {
      const leaseId = `id of ${resource}`;
      assert.equal(
        node.acquire(resource, { leaseId, clientId: 'c', ttlMs }, nowMs).type,
        'granted',
      );
    };
    ask('short', 10, 0);
    ask('long', 1000, 0);
    let rows = 0;
    const found: string[] = [];
    for (const row of node.standing(() => 20)) {
      rows += 1;
      if (row !== undefined) found.push(`${row.resource} ${String(row.remainingMs)}`);
      // The row moves behind all others: without an end this goes on for ever.
      node.renew('long', 'id of long', 1000 + rows, 20);
    }
    assert.equal(rows, 2);
    assert.ok(found.includes('long 980') || found.includes('long 1001'), found.join());
    assert.equal(node.released.count, 0);
    node.release('long', 'id of long', 20);
    assert.deepEqual(node.released, { count: 1, most: 10 });
  });
});
