import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { grantTimeLevel } from '../../src/kernel/levels.ts';
import { campaign, lock, many, wantLock, wantPermits } from './support/asks.ts';
import { Driver, id, lockName } from './support/driver.ts';

/** What commands of these tests name as the time at which they were asked. */
const askedMs = 7;
const grantedMs = 90_000;

/** Nobody holds anything; the wall clock of the leader goes on between an acquire and the end of the hold before it. */
function begun(level: number = grantTimeLevel): Driver {
  const driver = new Driver().sessions('a', 'b', 'c');
  driver.do({ type: 'raise_feature_level', level });
  driver.wallMs = 50_000;
  return driver;
}

const times = (driver: Driver, name: string): readonly number[] =>
  driver.lock(name).holders.map(({ acquiredAtMs }) => acquiredAtMs);

/** `a` holds it, `b` waits; then `a` gives it back. */
function handedOver(driver: Driver): Driver {
  driver.hold('a', 'x');
  driver.acquire('b', 'x', { waitMs: 60_000 });
  driver.wallMs = driver.wallMs === undefined ? undefined : grantedMs;
  driver.release('a', 'x');
  return driver;
}

describe('The time at which a hold was acquired', () => {
  test('is that of the grant, not of the request, where it waited (STATE-GRANT-7)', () => {
    assert.deepEqual(times(handedOver(begun()), 'x'), [grantedMs]);
  });

  test('is that of the request where it did not wait', () => {
    const driver = begun();
    driver.hold('a', 'x');
    assert.deepEqual(times(driver, 'x'), [askedMs]);
  });

  test('is that of the entry in which a lock-delay period ended, by the passing of time alone', () => {
    const driver = begun();
    driver.hold('own', 'x', { own: 'short', ownLockDelayMs: 500 });
    driver.expire('own');
    driver.do(lock('b', 'x', { waitMs: 60_000 }));
    driver.wallMs = grantedMs;
    driver.advance(500);
    assert.deepEqual(times(driver, 'x'), [grantedMs]);
  });

  test('is that of the grant for permits, leaders, and all of several', () => {
    const driver = begun();
    driver.do(many('a', [wantLock('x'), wantLock('y'), wantPermits('p', 1, 1)]));
    driver.do(campaign('a', 'e'));
    driver.do(
      many('b', [wantLock('x'), wantLock('y'), wantPermits('p', 1, 1)], { waitMs: 60_000 }),
    );
    driver.do(campaign('c', 'e', { waitMs: 60_000 }));
    driver.wallMs = grantedMs;
    driver.end('a');
    assert.deepEqual([...times(driver, 'x'), ...times(driver, 'y')], [grantedMs, grantedMs]);
    const { machine } = driver;
    const permits = machine.show('semaphore', lockName('p'));
    assert.deepEqual(
      permits?.holders.map(({ acquiredAtMs }) => acquiredAtMs),
      [grantedMs],
    );
    assert.equal(machine.show('election', lockName('e'))?.leader?.acquiredAtMs, grantedMs);
  });

  test('stays that of a shared hold that is upgraded after a wait', () => {
    const driver = begun();
    driver.hold('a', 'x', { mode: 'shared' });
    driver.hold('b', 'x', { mode: 'shared' });
    driver.acquire('a', 'x', { waitMs: 60_000 });
    driver.wallMs = grantedMs;
    driver.release('b', 'x');
    assert.deepEqual(driver.holders('x'), [`${id('a')} exclusive x2`]);
    assert.deepEqual(times(driver, 'x'), [askedMs]);
  });

  test('is that of the request below its feature level, and where the log tells no wall clock', () => {
    assert.deepEqual(times(handedOver(begun(grantTimeLevel - 1)), 'x'), [askedMs]);
    const silent = begun();
    silent.wallMs = undefined;
    assert.deepEqual(times(handedOver(silent), 'x'), [askedMs]);
  });

  test('is in a snapshot what it is in the state', () => {
    const driver = handedOver(begun());
    assert.deepEqual(times(driver.restored(), 'x'), [grantedMs]);
  });
});
