import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createStateMachine, restoreStateMachine, StateInvariantError } from '../../src/index.ts';
import type { Command, StateLimits } from '../../src/index.ts';
import { Tables } from '../../src/kernel/tables.ts';
import { Driver, createCommand, id, lockName, outcome, roomyLimits } from './support/driver.ts';

describe('limits', () => {
  test('sessions, own ones too, are limited', () => {
    const driver = Driver.withLimits({ maxSessions: 2 }).sessions('a', 'b');
    assert.equal(outcome(driver.do(createCommand('c'))), 'limit_exceeded');
    assert.equal(outcome(driver.acquire('own', 'x', { own: 'me' })), 'limit_exceeded');
    assert.equal(outcome(driver.do(createCommand('a'))), 'session', 'one that stands is found');
    driver.end('a');
    assert.equal(outcome(driver.do(createCommand('c'))), 'session');
  });

  test('holds and waits of a session are limited together, re-entering is not', () => {
    const driver = Driver.withLimits({ maxHoldsPerSession: 2 }).sessions('a', 'b');
    driver.hold('b', 'busy');
    driver.hold('a', 'x');
    driver.acquire('a', 'busy', { waitMs: 100 });
    assert.equal(outcome(driver.acquire('a', 'y')), 'limit_exceeded');
    assert.equal(outcome(driver.acquire('a', 'busy', { waitMs: 100 })), 'limit_exceeded');
    assert.equal(outcome(driver.acquire('a', 'x')), 'granted 2 x2');
    assert.equal(driver.machine.stats().waiters, 1);
  });

  test('an upgrade that would wait counts as a wait', () => {
    const driver = Driver.withLimits({ maxHoldsPerSession: 1 }).sessions('a', 'b');
    driver.hold('a', 'x', { mode: 'shared' });
    driver.hold('b', 'x', { mode: 'shared' });
    assert.equal(outcome(driver.acquire('a', 'x', { waitMs: 100 })), 'limit_exceeded');
  });

  test('the queue of a lock is limited', () => {
    const driver = Driver.withLimits({ maxWaitersPerResource: 1 }).sessions('a', 'b', 'c');
    driver.hold('a', 'x');
    driver.acquire('b', 'x', { waitMs: 100 });
    assert.equal(outcome(driver.acquire('c', 'x', { waitMs: 100 })), 'limit_exceeded');
    assert.equal(outcome(driver.acquire('c', 'x')), 'lock_held');
  });
});

const permits = (session: string, requestId: number, waitMs = 0): Command => ({
  type: 'acquire_permits',
  sessionId: id(session),
  requestId,
  name: lockName('pool'),
  permits: 1,
  limit: 100_000,
  waitMs,
  acquiredAtMs: 1,
});

describe('the bound of holds', () => {
  test('the holds of one resource are limited, and who waits is granted when there is room again', () => {
    const driver = Driver.withLimits({ maxHoldsPerResource: 2 }).sessions('a', 'b', 'c');
    driver.hold('a', 'x', { mode: 'shared' });
    driver.hold('b', 'x', { mode: 'shared' });
    const refused = driver.acquire('c', 'x', { mode: 'shared', waitMs: 100 });
    assert.equal(outcome(refused), 'limit_exceeded');
    assert.ok(!refused.ok && refused.message.includes('max_holds_per_resource'), 'which one');
    assert.equal(outcome(driver.acquire('a', 'x', { mode: 'shared' })), 'granted 1 x2');

    driver.hold('a', 'y');
    for (const one of ['b', 'c']) driver.acquire(one, 'y', { mode: 'shared', waitMs: 100 });
    driver.sessions('d');
    driver.acquire('d', 'y', { mode: 'shared', waitMs: 100 });
    driver.release('a', 'y');
    assert.deepEqual(driver.holders('y'), ['b shared x1', 'c shared x1']);
    assert.deepEqual(driver.waiters('y'), ['d']);
    driver.release('b', 'y');
    assert.deepEqual(driver.holders('y'), ['c shared x1', 'd shared x1']);
  });

  test('the largest number of holds of one semaphore stands after a restore, and no more', () => {
    const most = 10_000;
    const driver = Driver.withLimits({ maxHoldsPerResource: most, maxHoldsPerSession: 20_000 });
    driver.sessions('a');
    driver.entry(Array.from({ length: most }, (_, number) => permits('a', number)));
    assert.equal(outcome(driver.do(permits('a', most))), 'limit_exceeded');
    const copy = driver.restored();
    assert.equal(copy.machine.digest(), driver.machine.digest());
    assert.equal(copy.machine.show('semaphore', lockName('pool'))?.holderCount, most);
    assert.equal(outcome(copy.do(permits('a', most + 1))), 'limit_exceeded');
  });

  test('several that would be one hold too many are refused', () => {
    const driver = Driver.withLimits({ maxHoldsPerResource: 1 }).sessions('a', 'b');
    driver.hold('a', 'x', { mode: 'shared' });
    const result = driver.do({
      type: 'acquire_many',
      sessionId: id('b'),
      requestId: 1,
      wanted: [
        { kind: 'lock', name: lockName('w'), mode: 'exclusive' },
        { kind: 'lock', name: lockName('x'), mode: 'shared' },
      ],
      waitMs: 100,
      acquiredAtMs: 1,
    });
    assert.equal(outcome(result), 'limit_exceeded');
    assert.deepEqual(driver.holders('w'), []);
  });
});

describe('the limits in force', () => {
  test('that were logged before there were bounds of holds and work mean none', () => {
    const driver = Driver.withLimits({ maxHoldsPerResource: 5, maxWorkPerEntry: 5 });
    const { maxHoldsPerResource, maxWorkPerEntry, ...older } = roomyLimits;
    driver.do({ type: 'set_limits', limits: older as StateLimits });
    assert.deepEqual(driver.machine.limits, {
      ...roomyLimits,
      maxHoldsPerResource: Number.MAX_SAFE_INTEGER,
      maxWorkPerEntry: Number.MAX_SAFE_INTEGER,
    });
    assert.ok(maxHoldsPerResource > 0 && maxWorkPerEntry > 0);
  });

  test('are those of the last set_limits, in a restored state too', () => {
    const driver = Driver.withLimits({ maxSessions: 2 }).sessions('a', 'b');
    assert.equal(outcome(driver.do(createCommand('c'))), 'limit_exceeded');
    driver.do({ type: 'set_limits', limits: { ...roomyLimits, maxSessions: 3 } });
    const copy = new Driver(restoreStateMachine(driver.machine.snapshot()));
    for (const one of [driver, copy]) {
      assert.equal(outcome(one.do(createCommand('c'))), 'session');
      assert.equal(outcome(one.do(createCommand('d'))), 'limit_exceeded');
    }
    assert.equal(copy.machine.digest(), driver.machine.digest());
  });
});

describe('the fence counter', () => {
  test('jumps to the next multiple of 2^40, past any token given before', () => {
    const driver = new Driver().sessions('a');
    driver.hold('a', 'x');
    driver.do({ type: 'jump_fence_counter' });
    assert.equal(driver.machine.stats().fenceCounter, 2 ** 40);
    assert.equal(driver.hold('a', 'y'), 2 ** 40 + 1);
    driver.do({ type: 'jump_fence_counter' });
    driver.do({ type: 'jump_fence_counter' });
    assert.equal(driver.machine.stats().fenceCounter, 3 * 2 ** 40);
  });

  test('never leaves the numbers that are counted exactly: a jump is refused, a grant stops the node', () => {
    const driver = new Driver().sessions('a');
    for (let jump = 1; jump < 2 ** 13; jump++) {
      assert.equal(outcome(driver.do({ type: 'jump_fence_counter' })), 'advanced');
    }
    assert.equal(outcome(driver.do({ type: 'jump_fence_counter' })), 'limit_exceeded');
    assert.equal(driver.machine.stats().fenceCounter, 2 ** 53 - 2 ** 40);
    const tables = new Tables(roomyLimits);
    tables.fenceCounter = Number.MAX_SAFE_INTEGER - 1;
    assert.equal(tables.nextFenceToken(), Number.MAX_SAFE_INTEGER);
    assert.throws(() => tables.nextFenceToken(), StateInvariantError);
  });
});

describe('entries', () => {
  test('that hold a command of a later version stop the node', () => {
    const later = { type: 'of_a_later_version' } as unknown as Command;
    assert.throws(() => new Driver().do(later), StateInvariantError);
  });

  test('that come out of order of index or time stop the node', () => {
    const machine = createStateMachine(roomyLimits);
    machine.apply({ index: 5, time: 10, commands: [] });
    const stop = (index: number, time: number): void => {
      assert.throws(() => machine.apply({ index, time, commands: [] }), StateInvariantError);
    };
    stop(5, 10);
    stop(4, 10);
    stop(Number.NaN, 10);
    const copy = restoreStateMachine(machine.snapshot());
    assert.throws(() => copy.apply({ index: 6, time: 9, commands: [] }), StateInvariantError);
    machine.skipTo(7);
    assert.throws(() => machine.skipTo(7), StateInvariantError);
    assert.equal(machine.index, 7);
  });
});
