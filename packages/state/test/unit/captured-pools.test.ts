/** The holds and waits of a pool that changes while a snapshot is read (CAPTURE-1). */
import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { campaign, granted, lock, many, proclaim, wantLock } from './support/asks.ts';
import { createCommand, Driver, id, lockName, outcome } from './support/driver.ts';
import type { Command, FenceToken } from '../../src/index.ts';

const textOf = (snapshot: Iterable<Uint8Array>): string => Buffer.concat([...snapshot]).toString();

const numbered = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, number) => `${prefix}-${String(number)}`);

const permits = (session: string, count: number): Command => ({
  type: 'acquire_permits',
  sessionId: id(session),
  requestId: 77,
  name: lockName('permits'),
  permits: count,
  limit: 1000,
  waitMs: 0,
  acquiredAtMs: 0,
});

describe('holds and waits', () => {
  test('of a pool that a command changes are not encoded by it (CAPTURE-1)', () => {
    const driver = new Driver();
    const waiting = numbered('waiter', 200);
    const names = numbered('lock', 10);
    driver.entry(['holder', 'late', ...waiting].map((session) => createCommand(session)));
    for (const name of names) {
      driver.hold('holder', name);
      driver.entry(waiting.map((session) => lock(session, name, { waitMs: 1000 })));
    }
    const before = textOf(driver.machine.snapshot());
    const snapshot = driver.machine.snapshot();
    const encoded = mock.method(JSON, 'stringify');
    const wanted = names.map((name) => wantLock(name));
    const asked = driver.do(many('late', wanted, { waitMs: 1000 }));
    const calls = encoded.mock.callCount();
    encoded.mock.restore();
    assert.equal(outcome(asked).slice(0, 6), 'queued');
    assert.ok(calls <= 1, String(calls)); // What was asked for is weighed.
    assert.equal(textOf(snapshot), before);
  });

  test('of pools of every kind are in the snapshot as they were, whatever changes (CAPTURE-1)', () => {
    // So many that they stand in one line, and in several.
    for (const count of [6, 300]) {
      const driver = new Driver();
      const others = numbered('other', count);
      driver.entry(['a', 'b', ...others].map((session) => createCommand(session)));
      driver.entry(others.map((session) => lock(session, 'read', { mode: 'shared' })));
      driver.entry(others.map((session) => permits(session, 2)));
      driver.hold('a', 'held');
      driver.entry(others.map((session) => lock(session, 'held', { waitMs: 1000 })));
      const token = granted(driver.do(campaign('a', 'led', { terms: { metadata: 'first' } })));
      driver.entry(others.map((session) => campaign(session, 'led', { waitMs: 1000 })));
      const before = textOf(driver.machine.snapshot());
      const snapshot = driver.machine.snapshot();
      const first = others[0] ?? '';
      // A reader enters again, another one has a longest time from now on, and one waits for its upgrade.
      driver.do(
        lock(first, 'read', { mode: 'shared', terms: { metadata: 'told', maxHoldMs: 50 } }),
      );
      driver.do(lock(others[1] ?? '', 'read', { waitMs: 1000 }));
      // One passes all who wait.
      driver.do(lock('b', 'held', { waitMs: 1000, terms: { priority: 5 } }));
      driver.do(proclaim('a', 'led', token, 'second'));
      driver.do(campaign('a', 'led'));
      driver.do(permits('b', 1));
      driver.end(others[2] ?? '');
      driver.do({
        type: 'release_permits',
        sessionId: id(first),
        name: lockName('permits'),
        fenceToken: driver.machine.session(id(first))?.permits[0]?.fenceToken ?? (0 as FenceToken),
      });
      driver.release('a', 'held');
      assert.equal(textOf(snapshot), before);
      assert.notEqual(textOf(driver.machine.snapshot()), before);
      assert.equal(driver.restored().machine.digest(), driver.machine.digest());
    }
  });
});
