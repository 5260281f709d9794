/** Whose turn it is where several are wanted together and there is enough for them, but not for who came before. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { many, wantLock, wantPermits } from './support/asks.ts';
import { Driver, id, lockName, outcome } from './support/driver.ts';

const usersOf = ({ machine }: Driver): readonly string[] =>
  machine.show('semaphore', lockName('p'))?.holders.map(({ sessionId }) => sessionId) ?? [];

describe('several at once', () => {
  it('given fewer permits free than who stands in front wants, then are not given before it (STATE-GRANT-5)', () => {
    const driver = new Driver().sessions('user', 'first', 'second', 'locker');
    driver.hold('locker', 'x');
    const asked = {
      type: 'acquire_permits',
      name: lockName('p'),
      limit: 3,
      acquiredAtMs: 7,
    } as const;
    driver.do({ ...asked, sessionId: id('user'), requestId: 1, permits: 2, waitMs: 0 });
    driver.do({ ...asked, sessionId: id('first'), requestId: 1, permits: 2, waitMs: 500 });
    const wanted = [wantLock('x'), wantPermits('p', 1, 3)];
    assert.equal(outcome(driver.do(many('second', wanted, { waitMs: 500 }))), 'queued 2');
    driver.release('locker', 'x');
    assert.deepEqual(driver.holders('x'), [], 'the lock is free, and its turn has not come');
    assert.deepEqual(usersOf(driver), ['user']);
    driver.end('user');
    assert.deepEqual(usersOf(driver), ['first', 'second']);
    assert.deepEqual(driver.holders('x'), ['second exclusive x1']);
  });
});
