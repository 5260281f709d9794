import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { leastRemembered } from '../../src/kernel/sessions/ended-sessions.ts';
import { Driver, createCommand, eventLine, id, outcome } from './support/driver.ts';

describe('a session', () => {
  test('is the same one when its client asks for it again, and refused to another client', () => {
    const driver = new Driver().sessions('a');
    const again = driver.do(createCommand('a'));
    assert.ok(again.ok && again.type === 'session');
    assert.equal(again.session.renewal, 2);
    assert.equal(outcome(driver.do(createCommand('a', { clientId: 'other' }))), 'session_exists');
    assert.equal(driver.machine.stats().totalSessions, 1);
    assert.equal(driver.machine.renewalOf(id('a')), 2, 'another client renews nothing');
  });

  test('ends once: it is not made again under its id, and commands say that it has ended', () => {
    const driver = new Driver().sessions('a', 'b');
    assert.equal(outcome(driver.end('a')), 'session_ended 0');
    assert.equal(outcome(driver.expire('b')), 'session_ended 0');
    for (const name of ['a', 'b']) {
      assert.equal(outcome(driver.do(createCommand(name))), 'session_expired');
      assert.equal(outcome(driver.acquire(name, 'x')), 'session_expired');
      assert.equal(outcome(driver.release(name, 'x')), 'session_expired');
      assert.equal(outcome(driver.cancel(name, 'x', 1)), 'session_expired');
      assert.equal(outcome(driver.end(name)), 'session_expired');
    }
    assert.equal(driver.machine.endedReason(id('a')), 'ended');
    assert.equal(driver.machine.endedReason(id('b')), 'expired');
    assert.equal(driver.machine.stats().expiredSessions, 1);
    assert.equal(driver.machine.stats().fenceCounter, 0);
  });

  test('that nobody made is an error, never a silent new one', () => {
    const driver = new Driver();
    assert.equal(outcome(driver.acquire('ghost', 'x')), 'session_not_found');
    assert.equal(outcome(driver.release('ghost', 'x')), 'session_not_found');
    assert.equal(outcome(driver.end('ghost')), 'session_not_found');
    assert.deepEqual(driver.machine.stats(), new Driver().machine.stats());
  });

  test('an expiry proposed before a later command of the session does nothing', () => {
    const driver = new Driver().sessions('a');
    driver.hold('a', 'x');
    const renewal = driver.machine.renewalOf(id('a')) ?? 0;
    const commands: readonly (() => unknown)[] = [
      () => driver.acquire('a', 'y'),
      () => driver.release('a', 'y'),
      () => driver.release('a', 'y'),
      () => driver.cancel('a', 'y', 1),
      () => driver.do(createCommand('a')),
    ];
    for (const command of commands) {
      const before = driver.machine.renewalOf(id('a')) ?? 0;
      command();
      const expiry = { type: 'expire_session', sessionId: id('a'), renewal: before } as const;
      assert.equal(outcome(driver.do(expiry)), 'unchanged');
    }
    assert.equal(driver.machine.renewalOf(id('a')), renewal + commands.length);
    assert.deepEqual(driver.holders('x'), ['a exclusive x1']);
  });

  test('a repeated request and a refused one renew the session too', () => {
    const driver = new Driver().sessions('a', 'b');
    driver.hold('a', 'x', { request: 1 });
    driver.acquire('b', 'x', { request: 1 });
    const before = [driver.machine.renewalOf(id('a')), driver.machine.renewalOf(id('b'))];
    driver.acquire('a', 'x', { request: 1 });
    driver.acquire('b', 'x', { request: 1 });
    assert.deepEqual(
      [driver.machine.renewalOf(id('a')), driver.machine.renewalOf(id('b'))],
      before.map((renewal) => (renewal ?? 0) + 1),
    );
  });

  test('when it ends, its waits leave, its holds end and others are granted in the same command', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    driver.hold('a', 'x');
    driver.sessions('d').hold('d', 'y');
    driver.acquire('a', 'y', { waitMs: 100, request: 1 });
    driver.acquire('b', 'x', { waitMs: 100, request: 2 });
    driver.acquire('c', 'x', { waitMs: 100, request: 3 });
    assert.equal(outcome(driver.end('a')), 'session_ended 1');
    assert.deepEqual(driver.lastEvents.map(eventLine), [
      'session_ended a ended',
      'wait_ended y a 1 session_expired',
      'hold_ended x a 1 session_ended',
      'granted x b 2 exclusive 3',
      'wait_ended x b 2 granted 3 x1',
    ]);
    assert.deepEqual(driver.waiters('x'), ['c']);
    assert.deepEqual(driver.waiters('y'), []);
    assert.equal(driver.machine.nextDueTime(), 100, 'only the wait of c is left');
  });

  test('one that ends while it waits is passed over, and who is behind it is granted', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    driver.hold('a', 'x', { mode: 'shared' });
    driver.acquire('b', 'x', { waitMs: 100 });
    driver.acquire('c', 'x', { waitMs: 100, mode: 'shared' });
    driver.expire('b');
    assert.deepEqual(driver.holders('x'), ['a shared x1', 'c shared x1']);
    driver.release('a', 'x');
    assert.deepEqual(driver.holders('x'), ['c shared x1']);
  });

  test('ended sessions are remembered up to a bound, the oldest forgotten first', () => {
    const driver = new Driver();
    const count = leastRemembered;
    for (let number = 0; number <= count; number++) {
      const name = `s${String(number)}`;
      driver.entry([createCommand(name), { type: 'end_session', sessionId: id(name) }]);
      if (number === 0) {
        driver.hold('own', 'x', { own: 'me' });
        driver.release('own', 'x');
      }
    }
    assert.equal(driver.machine.endedReason(id('s0')), 'ended', 'its time has not passed');
    driver.advance(1001);
    assert.equal(driver.machine.endedReason(id('s0')), undefined);
    assert.equal(driver.machine.endedReason(id('s1')), 'ended');
    assert.equal(driver.machine.endedReason(id(`s${String(count)}`)), 'ended');
    assert.equal(
      driver.machine.endedReason(id('own')),
      'ended',
      'implicit sessions have their own',
    );
    assert.equal(driver.restored().machine.digest(), driver.machine.digest());
  });
});

describe('lock delay', () => {
  function expiredHolder(mode: 'exclusive' | 'shared' = 'exclusive'): Driver {
    const driver = new Driver().sessions('b');
    driver.do(createCommand('a', { lockDelayMs: 50 }));
    driver.hold('a', 'x', { mode });
    return driver;
  }

  test('a lock of a session that expired stays closed for the delay, and says for how long', () => {
    const driver = expiredHolder();
    driver.expire('a');
    const refused = driver.acquire('b', 'x');
    assert.ok(!refused.ok);
    assert.equal(refused.code, 'lock_delayed');
    assert.equal(refused.details?.['delayed_for_ms'], 50);
    driver.advance(20);
    assert.equal(driver.lock('x').delayedForMs, 30);
    assert.equal(driver.machine.nextDueTime(), 50);
    driver.advance(29);
    assert.equal(outcome(driver.acquire('b', 'x')), 'lock_delayed');
    driver.advance(1);
    assert.equal(outcome(driver.acquire('b', 'x')), 'granted 2 x1');
  });

  test('who waits through a lock delay is granted when it ends, by the passing of time alone', () => {
    const driver = expiredHolder();
    driver.acquire('b', 'x', { waitMs: 50, request: 1 });
    driver.expire('a');
    assert.deepEqual(driver.holders('x'), []);
    const { events } = driver.advance(50);
    assert.deepEqual(events.map(eventLine), [
      'granted x b 1 exclusive 2',
      'wait_ended x b 1 granted 2 x1',
    ]);
  });

  test('no delay follows a release, an end, a forced release or an expiry without delay', () => {
    const ends: readonly ((driver: Driver) => unknown)[] = [
      (driver) => driver.release('a', 'x'),
      (driver) => driver.end('a'),
      (driver) =>
        driver.do({ type: 'force_release', name: driver.lock('x').name, reason: 'stuck' }),
    ];
    for (const end of ends) {
      const driver = expiredHolder();
      end(driver);
      assert.equal(driver.lock('x').delayedForMs, 0);
      assert.equal(outcome(driver.acquire('b', 'x')), 'granted 2 x1');
    }
    const driver = new Driver().sessions('a', 'b');
    driver.hold('a', 'x');
    driver.expire('a');
    assert.equal(outcome(driver.acquire('b', 'x')), 'granted 2 x1');
  });

  test('an expired reader closes the lock to others, while a reader that lives keeps its hold', () => {
    const driver = expiredHolder('shared');
    driver.hold('b', 'x', { mode: 'shared' });
    driver.expire('a');
    assert.equal(outcome(driver.acquire('b', 'x', { mode: 'shared' })), 'granted 2 x2');
    assert.equal(
      outcome(driver.acquire('b', 'x')),
      'lock_delayed',
      'no upgrade while it is closed',
    );
    driver.sessions('c');
    assert.equal(outcome(driver.acquire('c', 'x', { mode: 'shared' })), 'lock_delayed');
  });

  test('of two delays the later end counts', () => {
    const driver = new Driver().sessions('b');
    driver.do(createCommand('long', { lockDelayMs: 80 }));
    driver.do(createCommand('short', { lockDelayMs: 20 }));
    driver.hold('long', 'x', { mode: 'shared' });
    driver.hold('short', 'x', { mode: 'shared' });
    driver.expire('long');
    driver.expire('short');
    assert.equal(driver.lock('x').delayedForMs, 80);
    driver.advance(79);
    assert.equal(outcome(driver.acquire('b', 'x')), 'lock_delayed');
    driver.advance(1);
    assert.equal(outcome(driver.acquire('b', 'x')), 'granted 3 x1');
  });
});
