import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { assertEnds, untilSo } from '../../../checker/src/waits.ts';
import { HeldLeases, leasesOnAPage } from '../../src/node/held-leases.ts';
import { LeaseNode } from '../../src/node/lease-node.ts';
import type { StandingLease } from '../../src/node/lease-node.ts';
import { HandClock } from './support/hand-clock.ts';

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

/** Turns that end at once, and are counted; no time passes. */
function turns(): ConstructorParameters<typeof HeldLeases>[1] & { count: number } {
  const made = {
    count: 0,
    endOfTurn: (callback: () => void) => {
      made.count += 1;
      queueMicrotask(callback);
    },
    after: () => () => undefined,
  };
  return made;
}

/** Turns and time by the word of the test. */
function scene(rows: () => Iterable<StandingLease | undefined>): {
  readonly held: HeldLeases;
  readonly clock: HandClock;
} {
  const clock = new HandClock();
  return { held: new HeldLeases(rows, clock), clock };
}

/** The reading that is under way stops for others; then it goes on. */
const goOn = async (clock: HandClock): Promise<void> => {
  await untilSo(() => clock.endTurn() > 0, { what: 'a reading stops for others' });
};

/** One that is not refused may never end. */
const refused = (reading: Promise<unknown>, by: object): Promise<void> =>
  assertEnds(assert.rejects(reading, by));

describe('the leases that stand on a node', () => {
  it('are told page by page in the order of their names, whatever the order of the rows', async () => {
    const rows = numbered(130);
    const held = new HeldLeases(() => rows, turns());
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
      turns(),
    );
    const { page, count, more } = await held.read({ prefix: 'b/', after: 'b/1' });
    assert.deepEqual([page.map(({ resource }) => resource), count, more], [['b/2'], 3, false]);
  });

  it('are told once where a row was made anew while they were read, as it is now', async () => {
    const held = new HeldLeases(() => [lease('a', 1), lease('b'), lease('a', 2)], turns());
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
    await new HeldLeases(() => rows, made).read(first);
    assert.ok(made.count >= 4, String(made.count));
  });

  it('are read by one at a time, and refused where too many wait (HELD-1)', async () => {
    let begun = 0;
    const rows = numbered(3000);
    const { held, clock } = scene(() => {
      begun += 1;
      return rows;
    });
    const readings = Array.from({ length: 8 }, () => held.read(first));
    await refused(held.read(first), { code: 'limit_exceeded' });
    assert.equal(begun, 1);
    for (let left = readings.length; left > 0; left--) await goOn(clock);
    await Promise.all(readings);
    assert.equal(begun, 8);
    const last = held.read(first);
    await goOn(clock);
    assert.equal((await assertEnds(last)).count, 3000);
  });

  it('are read no further when whoever asked has gone, and those behind are served (HELD-2)', async () => {
    const passed: number[] = [];
    const rows = numbered(9000);
    const { held, clock } = scene(function* () {
      const place = passed.push(0) - 1;
      for (const row of rows) {
        passed[place] = (passed[place] ?? 0) + 1;
        yield row;
      }
    });
    const [one, waits] = [new AbortController(), new AbortController()];
    const [leaves, leavesToo] = [held.read(first, one.signal), held.read(first, waits.signal)];
    const stays = held.read(first);
    await goOn(clock);
    one.abort();
    waits.abort();
    for (const gone of [leaves, leavesToo]) await refused(gone, { code: 'wait_cancelled' });
    const read = passed[0] ?? 0;
    for (let turns = 5; turns > 0; turns--) await goOn(clock);
    assert.equal((await assertEnds(stays)).count, 9000);
    assert.deepEqual(passed, [read, 9000], 'what nobody wants is not begun, nor gone on with');
    await refused(held.read(first, one.signal), { code: 'wait_cancelled' });
  });

  it('keep the places of those who have gone until their turn comes (HELD-1)', async () => {
    const { held, clock } = scene(() => numbered(3000));
    const reading = held.read(first);
    const gone = new AbortController();
    const others = Array.from({ length: 7 }, () => held.read(first, gone.signal));
    gone.abort();
    for (const other of others) await refused(other, { code: 'wait_cancelled' });
    await refused(held.read(first), { code: 'limit_exceeded' });
    await goOn(clock);
    await assertEnds(reading);
    const last = held.read(first);
    await goOn(clock);
    assert.equal((await assertEnds(last)).count, 3000);
  });

  it('are refused where they cannot be read in ten seconds, or another reading takes two meanwhile (HELD-2)', async () => {
    const { held, clock } = scene(() => numbered(3000));
    const slow = held.read(first);
    await nextTurn();
    clock.pass(5000);
    const later = held.read(first);
    clock.pass(1999);
    await nextTurn();
    clock.pass(1);
    await refused(later, { code: 'overloaded', message: /within 2 s/ });
    clock.pass(3000);
    await refused(slow, { code: 'overloaded', message: /within 10 s/ });
    await goOn(clock);
    const last = held.read(first);
    await goOn(clock);
    assert.equal((await assertEnds(last)).count, 3000, 'the places of both are free');
  });

  it('are told where their reading takes longer than they may wait for it (HELD-2)', async () => {
    const { held, clock } = scene(() => numbered(3000));
    const slow = held.read(first);
    await nextTurn();
    clock.pass(9999);
    await goOn(clock);
    assert.equal((await assertEnds(slow)).count, 3000);
  });
});

describe('a lease node', () => {
  const limits = { maxRows: 100, maxTombstones: 10 };
  const made = (more: Partial<typeof limits> = {}): LeaseNode =>
    new LeaseNode({ ...limits, ...more }, { rows: [], tombstones: [], floor: 0 }, 0);
  const ask = (node: LeaseNode, resource: string, ttlMs = 1000, nowMs = 0): void => {
    const leaseId = `id of ${resource}`;
    assert.equal(node.acquire(resource, { leaseId, clientId: 'c', ttlMs }, nowMs).type, 'granted');
  };
  const told = (node: LeaseNode, nowMs = 0): string[] =>
    [...node.standing(() => nowMs)].flatMap((row) => row?.resource ?? []).toSorted();

  it('tells the leases that stand now, and ends a reading however busy it is', () => {
    const node = made();
    ask(node, 'short', 10);
    ask(node, 'long');
    const found: string[] = [];
    let rows = 0;
    for (const row of node.standing(() => 20)) {
      rows += 1;
      if (row !== undefined) found.push(`${row.resource} ${String(row.remainingMs)}`);
      // Rows that are made meanwhile: read as well, it would go on for ever.
      ask(node, `new ${String(rows)}`, 1000, 20);
    }
    assert.equal(rows, 2);
    assert.deepEqual(found, ['long 980']);
    assert.equal(node.released.count, 0);
    node.release('long', 'id of long', 20);
    assert.deepEqual(node.released, { count: 1, most: 10 });
  });

  it('tells each lease once that stands throughout, whatever is renewed while they are read (SLOTS-1)', () => {
    const names = ['a', 'b', 'c', 'd'];
    // Which are renewed after each row, so that they are the ones used last.
    for (const renewed of [
      ['a', 'b'],
      ['b', 'a'],
      ['d', 'c', 'b', 'a'],
    ]) {
      const node = made();
      for (const name of names) ask(node, name);
      const found: string[] = [];
      let ttlMs = 1000;
      for (const row of node.standing(() => 0)) {
        if (row !== undefined) found.push(row.resource);
        ttlMs += 1;
        assert.ok(ttlMs <= 1000 + names.length, 'a row is told again and again');
        for (const name of renewed) assert.ok(node.renew(name, `id of ${name}`, ttlMs, 0));
      }
      assert.deepEqual(found.toSorted(), names, renewed.join());
    }
  });

  it('tells what stands where the disk refused, rows that were dropped for others included (SLOTS-1)', () => {
    const node = made({ maxRows: 2 });
    ask(node, 'a', 10);
    ask(node, 'b');
    node.changes();
    node.saved();
    ask(node, 'c', 1000, 10); // In the place of a, whose lease has ended.
    assert.deepEqual(told(node, 10), ['b', 'c']);
    node.changes();
    node.notSaved();
    assert.deepEqual(told(node, 5), ['a', 'b']);
    ask(node, 'd', 1000, 10);
    assert.deepEqual(told(node, 10), ['b', 'd']);
  });
});
