/** The answers that a session remembers, while a snapshot is read (STATE-REQUEST-7). */
import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { OrderedMap } from '../../src/kernel/collections/ordered-map.ts';
import { unorderedNamesLevel } from '../../src/kernel/levels.ts';
import type { Command } from '../../src/index.ts';
import { createCommand, Driver, id, lockName, outcome } from './support/driver.ts';

/** An id that no node counts. */
const cancelId = '0b8f1b76-9d5c-4f0e-9a59-000000000001';

const textOf = (snapshot: Iterable<Uint8Array>): string => Buffer.concat([...snapshot]).toString();

/** A release that is refused, and whose refusal is remembered. */
const refused = (session: string, requestId: number): Command => ({
  type: 'release',
  sessionId: id(session),
  requestId,
  name: lockName('held-by-nobody'),
});

/** How often an entry of these walks a map. */
function walkedBy(driver: Driver, commands: readonly Command[]): readonly number[] {
  const walks = (['keys', 'values', 'entries'] as const).map((name) =>
    mock.method(OrderedMap.prototype, name),
  );
  const { results } = driver.entry(commands);
  const counts = walks.map((walk) => walk.mock.callCount());
  for (const walk of walks) walk.mock.restore();
  for (const result of results) assert.equal(outcome(result), 'lock_not_found');
  return counts;
}

describe('remembered answers', () => {
  test('are captured by reference: a command that comes while a snapshot is read walks none of them (STATE-REQUEST-7)', () => {
    const driver = Driver.withLimits({ maxResultsPerSession: 100 });
    const sessions = Array.from({ length: 20 }, (_, number) => `s-${String(number)}`);
    driver.entry(sessions.map((session) => createCommand(session)));
    for (let request = 1; request <= 100; request++)
      driver.entry(sessions.map((session) => refused(session, request)));
    const before = textOf(driver.machine.snapshot());
    const snapshot = driver.machine.snapshot();
    const idle = walkedBy(driver, []);
    assert.deepEqual(
      walkedBy(
        driver,
        sessions.map((session) => refused(session, 101)),
      ),
      idle,
    );
    assert.equal(textOf(snapshot), before, 'the first answer is in it, and the last one is not');
  });

  test('that became others meanwhile are in the snapshot as they were (STATE-REQUEST-7)', () => {
    const driver = new Driver();
    driver.do({ type: 'raise_feature_level', level: unorderedNamesLevel });
    driver.sessions('a', 'b');
    driver.hold('a', 'x', { request: 1 });
    driver.hold('a', 'y', { request: 'n-1' });
    driver.hold('a', 'z', { request: cancelId, askedAt: driver.machine.index });
    driver.hold('a', 'b', { request: 2 });
    driver.hold('b', 'wanted', { request: 1 });
    driver.acquire('a', 'wanted', { request: 3, waitMs: 100 });
    driver.acquire('a', 'wanted', { request: `${cancelId}2`, waitMs: 100 });
    const before = textOf(driver.machine.snapshot());
    const snapshot = driver.machine.snapshot();
    for (const [name, request] of [
      ['x', 1],
      ['y', 'n-1'],
      ['z', cancelId],
    ] as const)
      assert.equal(outcome(driver.cancel('a', name, request)), 'abandoned');
    driver.release('b', 'wanted');
    assert.deepEqual(driver.holders('wanted'), ['a exclusive x2']);
    assert.equal(textOf(snapshot), before);
    assert.equal(outcome(driver.acquire('a', 'x', { request: 1 })), 'wait_abandoned');
    assert.equal(driver.restored().machine.digest(), driver.machine.digest());
  });

  test('of a grant that was cancelled are told so, also where the session ended with it', () => {
    const driver = new Driver();
    driver.hold('own', 'x', { request: 'n-1', own: 'client' });
    assert.equal(outcome(driver.cancel('own', 'x', 'n-1')), 'abandoned');
    for (const each of [driver, driver.restored()]) {
      const again = each.acquire('own', 'x', { request: 'n-1', own: 'client' });
      assert.equal(outcome(again), 'wait_abandoned');
    }
  });
});
