import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import type { Listed } from '../../src/index.ts';
import { Driver, eventLine, id, lockName, outcome } from './support/driver.ts';

describe('a lock', () => {
  test('is given first come, first served: a reader does not pass a writer that waits', () => {
    const driver = new Driver().sessions('a', 'b', 'c', 'd');
    driver.hold('a', 'x', { mode: 'shared' });
    assert.equal(outcome(driver.acquire('b', 'x', { waitMs: 100 })), 'queued 1');
    assert.equal(outcome(driver.acquire('c', 'x', { mode: 'shared' })), 'lock_held');
    assert.equal(outcome(driver.acquire('c', 'x', { mode: 'shared', waitMs: 100 })), 'queued 2');
    assert.equal(outcome(driver.acquire('d', 'x', { mode: 'shared', waitMs: 100 })), 'queued 3');
    driver.release('a', 'x');
    assert.deepEqual(driver.holders('x'), ['b exclusive x1']);
    driver.release('b', 'x');
    assert.deepEqual(driver.holders('x'), ['c shared x1', 'd shared x1'], 'readers go together');
  });

  test('is refused with who holds it, by client and token, without any session id', () => {
    const driver = new Driver().sessions('secret-holder', 'secret-waiter', 'asker');
    driver.hold('secret-holder', 'x');
    driver.acquire('secret-waiter', 'x', { waitMs: 100 });
    const refused = driver.acquire('asker', 'x');
    assert.ok(!refused.ok);
    assert.deepEqual(refused.details, {
      resource: 'x',
      holders: [{ client_id: 'client-secret-holder', fence_token: 1, mode: 'exclusive' }],
      holder_count: 1,
      waiter_count: 1,
    });
    const others = [refused, driver.release('asker', 'x')];
    for (const result of others) {
      assert.doesNotMatch(JSON.stringify(result), /(?<!client-)secret/);
    }
  });

  test('nobody holds, waits for or is kept out of takes no room', () => {
    const driver = Driver.withLimits({ maxLocks: 1 }).sessions('a', 'b');
    driver.hold('a', 'x');
    driver.acquire('b', 'x', { waitMs: 10 });
    assert.equal(outcome(driver.acquire('a', 'y')), 'limit_exceeded');
    driver.advance(10);
    driver.release('a', 'x');
    assert.equal(outcome(driver.acquire('a', 'y')), 'granted 2 x1');
    assert.equal(outcome(driver.acquire('a', 'x')), 'limit_exceeded');
  });

  test('is listed in order of name by prefix, page by page, when it is held or waited for', () => {
    const driver = new Driver().sessions('a');
    for (const name of ['b/2', 'a/3', 'a/1', 'a/2', 'a/10', 'c']) driver.hold('a', name);
    driver.release('a', 'a/2');
    const first = driver.machine.list('lock', { prefix: 'a/', limit: 2 });
    assert.deepEqual([first.rows.map(nameOf), first.nextAfter], [['a/1', 'a/10'], 'a/10']);
    const next = driver.machine.list('lock', { prefix: 'a/', after: 'a/10', limit: 2 });
    assert.deepEqual([next.rows.map(nameOf), next.nextAfter], [['a/3'], undefined]);
    const all = driver.machine.list('lock', { prefix: '', limit: 100 });
    assert.deepEqual(all.rows.map(nameOf), ['a/1', 'a/10', 'a/3', 'b/2', 'c']);
  });
});

const nameOf = (row: Listed['rows'][number]): string => ('name' in row ? row.name : row.sessionId);

describe('a re-entrant acquire', () => {
  test('tells the token of the hold it enters, is counted, and takes as many releases', () => {
    const driver = new Driver().sessions('a', 'b');
    assert.equal(outcome(driver.acquire('a', 'x')), 'granted 1 x1');
    driver.acquire('b', 'x', { waitMs: 100 });
    assert.equal(outcome(driver.acquire('a', 'x')), 'granted 1 x2');
    assert.equal(driver.lastEvents.length, 0, 'no grant of its own');
    assert.equal(outcome(driver.acquire('a', 'x', { mode: 'shared' })), 'granted 1 x3');
    assert.deepEqual(driver.holders('x'), ['a exclusive x3']);
    assert.equal(outcome(driver.release('a', 'x')), 'released 1 left 2');
    assert.equal(outcome(driver.release('a', 'x')), 'released 1 left 1');
    assert.deepEqual(driver.holders('x'), ['a exclusive x1'], 'the weaker mode took nothing away');
    assert.equal(outcome(driver.release('a', 'x')), 'released 1 left 0');
    assert.deepEqual(driver.holders('x'), ['b exclusive x1']);
  });
});

describe('upgrading a shared hold to exclusive', () => {
  test('is granted at once to the only holder, with a new token, before all who wait', () => {
    const driver = new Driver().sessions('a', 'b');
    driver.hold('a', 'x', { mode: 'shared' });
    driver.acquire('b', 'x', { waitMs: 100 });
    assert.equal(outcome(driver.acquire('a', 'x')), 'granted 2 x2');
    assert.deepEqual(driver.holders('x'), ['a exclusive x2']);
    assert.deepEqual(driver.waiters('x'), ['b']);
  });

  test('waits at the head while other readers hold', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    driver.hold('a', 'x', { mode: 'shared' });
    driver.hold('b', 'x', { mode: 'shared' });
    driver.acquire('c', 'x', { waitMs: 100 });
    assert.equal(outcome(driver.acquire('a', 'x')), 'lock_held');
    assert.equal(outcome(driver.acquire('a', 'x', { waitMs: 100 })), 'queued 1');
    assert.equal(outcome(driver.acquire('a', 'x', { waitMs: 100 })), 'queued 2');
    assert.deepEqual(driver.waiters('x'), ['a', 'a', 'c']);
    driver.release('b', 'x');
    assert.deepEqual(driver.holders('x'), ['a exclusive x3']);
  });

  test('is refused to a second holder: neither of the two could ever go on', () => {
    const driver = new Driver().sessions('a', 'b');
    driver.hold('a', 'x', { mode: 'shared' });
    driver.hold('b', 'x', { mode: 'shared' });
    assert.equal(outcome(driver.acquire('a', 'x', { waitMs: 100 })), 'queued 1');
    const refused = driver.acquire('b', 'x', { waitMs: 100 });
    assert.ok(!refused.ok);
    assert.equal(refused.code, 'deadlock');
    assert.deepEqual(refused.details?.['members'], [
      { client_id: 'client-b', kind: 'lock', waits_for: 'x' },
      { client_id: 'client-a', kind: 'lock', waits_for: 'x' },
    ]);
    driver.release('b', 'x');
    assert.deepEqual(driver.holders('x'), ['a exclusive x2']);
  });

  test('leaves the tokens of those who entered before it good for a release', () => {
    const driver = new Driver().sessions('a');
    const outer = driver.hold('a', 'x', { mode: 'shared' });
    const inner = driver.hold('a', 'x');
    assert.equal(outcome(driver.release('a', 'x', { token: inner })), 'released 2 left 1');
    assert.equal(outcome(driver.release('a', 'x', { token: outer })), 'released 2 left 0');
  });
});

describe('a release', () => {
  test('is for the holder only, and with a token only for the hold of that token', () => {
    const driver = new Driver().sessions('a', 'b');
    assert.equal(outcome(driver.release('a', 'x')), 'lock_not_found');
    const old = driver.hold('a', 'x');
    driver.release('a', 'x');
    driver.hold('b', 'other');
    const token = driver.hold('a', 'x');
    assert.equal(outcome(driver.release('b', 'x', { token })), 'not_holder');
    for (const wrong of [old, token - 1, token + 1, 0, -1]) {
      assert.equal(outcome(driver.release('a', 'x', { token: wrong })), 'stale_fence_token');
    }
    assert.deepEqual(driver.holders('x'), ['a exclusive x1']);
    assert.equal(outcome(driver.release('a', 'x', { token })), 'released 3 left 0');
  });

  test('a forced one ends all holds, and the sessions live on', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    driver.hold('a', 'x', { mode: 'shared' });
    driver.hold('b', 'x', { mode: 'shared' });
    driver.acquire('c', 'x', { waitMs: 100, request: 1 });
    const command = { type: 'force_release', name: lockName('x'), reason: 'stuck' } as const;
    assert.equal(outcome(driver.do(command)), 'forced 2');
    assert.deepEqual(driver.lastEvents.map(eventLine), [
      'hold_ended x a 1 forced',
      'hold_ended x b 2 forced',
      'granted x c 1 exclusive 3',
      'wait_ended x c 1 granted 3 x1',
    ]);
    assert.equal(outcome(driver.release('a', 'x')), 'not_holder');
    assert.ok(driver.machine.session(id('a')));
  });

  test('forced in parts ends so many holds an entry, and none that began after the first part (FORCE-1)', () => {
    const driver = new Driver().sessions('a', 'b', 'c', 'd', 'e');
    for (const session of ['a', 'b', 'c']) driver.hold(session, 'x', { mode: 'shared' });
    driver.acquire('d', 'x', { mode: 'shared', waitMs: 100, request: 1 });
    const force = {
      type: 'force_release',
      name: lockName('x'),
      reason: 'stuck',
      count: 2,
    } as const;
    const first = driver.do({ ...force, through: Number.MAX_SAFE_INTEGER });
    assert.deepEqual(first, {
      ok: true,
      type: 'forced',
      releasedCount: 2,
      rest: { more: true, through: 4 },
    });
    driver.hold('e', 'x', { mode: 'shared' });
    const last = driver.do({ ...force, through: 4 });
    assert.deepEqual(last, {
      ok: true,
      type: 'forced',
      releasedCount: 2,
      rest: { more: false, through: 4 },
    });
    assert.deepEqual(driver.holders('x'), ['e shared x1']);
    const none = driver.do({ ...force, through: 4 });
    assert.deepEqual(none, {
      ok: true,
      type: 'forced',
      releasedCount: 0,
      rest: { more: false, through: 4 },
    });
  });
});

describe('a wait', () => {
  test('runs out at its deadline, not before, and is never granted afterwards', () => {
    const driver = new Driver().sessions('a', 'b');
    driver.hold('a', 'x');
    driver.acquire('b', 'x', { waitMs: 100, request: 1 });
    assert.equal(driver.machine.nextDueTime(), 100);
    assert.deepEqual(driver.advance(99).events, []);
    driver.timeMs += 1;
    // The release comes in the same entry as the deadline: time goes first.
    const released = driver.entry([
      { type: 'release', sessionId: id('a'), name: lockName('x') },
    ]).events;
    assert.deepEqual(released.map(eventLine), [
      'wait_ended x b 1 wait_timeout',
      'hold_ended x a 1 released',
    ]);
    assert.equal(driver.machine.nextDueTime(), undefined);
    assert.equal(outcome(driver.acquire('b', 'x', { waitMs: 100, request: 1 })), 'wait_timeout');
  });

  test('when a writer cancels, the readers behind it are granted', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    driver.hold('a', 'x', { mode: 'shared' });
    driver.acquire('b', 'x', { waitMs: 10 });
    driver.acquire('c', 'x', { waitMs: 100, mode: 'shared' });
    driver.advance(10);
    assert.deepEqual(driver.holders('x'), ['a shared x1', 'c shared x1']);
  });

  test('keeps its place for who comes back with its request id, and its deadline too', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    driver.hold('a', 'x');
    driver.acquire('b', 'x', { waitMs: 100, request: 1 });
    driver.acquire('c', 'x', { waitMs: 100, request: 1 });
    driver.advance(50);
    const copy = driver.restored();
    for (const one of [driver, copy]) {
      assert.equal(outcome(one.acquire('c', 'x', { waitMs: 100, request: 1 })), 'queued 2');
      assert.deepEqual(one.waiters('x'), ['b', 'c']);
      assert.equal(one.machine.nextDueTime(), 100);
      one.release('a', 'x');
      one.release('b', 'x');
      assert.equal(outcome(one.acquire('c', 'x', { waitMs: 100, request: 1 })), 'granted 3 x1');
      assert.equal(outcome(one.acquire('c', 'x', { waitMs: 0, request: 1 })), 'granted 3 x1');
    }
  });
});

describe('cancelling a request', () => {
  test('that waits cancels its wait, and who is behind it moves up', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    driver.hold('a', 'x', { mode: 'shared' });
    driver.acquire('b', 'x', { waitMs: 100, request: 1 });
    driver.acquire('c', 'x', { waitMs: 100, request: 1, mode: 'shared' });
    assert.equal(outcome(driver.cancel('b', 'x', 1)), 'abandoned');
    assert.equal(driver.lastEvents.map(eventLine)[0], 'wait_ended x b 1 wait_abandoned');
    assert.deepEqual(driver.holders('x'), ['a shared x1', 'c shared x1']);
    assert.equal(outcome(driver.acquire('b', 'x', { waitMs: 100, request: 1 })), 'wait_abandoned');
  });

  test('that was granted meanwhile gives back exactly that grant, and only once', () => {
    const driver = new Driver().sessions('a');
    driver.hold('a', 'x', { request: 1 });
    driver.hold('a', 'x', { request: 2 });
    assert.equal(outcome(driver.cancel('a', 'x', 2)), 'abandoned');
    assert.deepEqual(driver.holders('x'), ['a exclusive x1']);
    assert.equal(outcome(driver.cancel('a', 'x', 2)), 'abandoned');
    assert.deepEqual(driver.holders('x'), ['a exclusive x1'], 'nothing more is given back');
    assert.equal(outcome(driver.acquire('a', 'x', { request: 2 })), 'wait_abandoned');
  });

  test('whose hold has ended leaves a later hold alone', () => {
    const driver = new Driver().sessions('a');
    driver.hold('a', 'x', { request: 1 });
    driver.release('a', 'x');
    driver.hold('a', 'x', { request: 2 });
    assert.equal(outcome(driver.cancel('a', 'x', 1)), 'abandoned');
    assert.deepEqual(driver.holders('x'), ['a exclusive x1']);
  });

  test('that upgraded a hold gives back the upgrade, and readers may enter again', () => {
    const driver = new Driver().sessions('a', 'b');
    driver.hold('a', 'x', { request: 1, mode: 'shared' });
    driver.hold('a', 'x', { request: 2 });
    driver.acquire('b', 'x', { waitMs: 100, mode: 'shared' });
    driver.cancel('a', 'x', 2);
    assert.equal(driver.lastEvents.map(eventLine)[0], 'hold_downgraded x a 2');
    assert.deepEqual(driver.holders('x'), ['a shared x1', 'b shared x1']);
  });

  test('that has not arrived yet makes sure that it is refused when it does', () => {
    const driver = new Driver().sessions('a');
    assert.equal(outcome(driver.cancel('a', 'x', 5)), 'abandoned');
    assert.equal(outcome(driver.acquire('a', 'x', { request: 5 })), 'wait_abandoned');
    assert.equal(outcome(driver.cancel('own', 'x', 1)), 'session_not_found');
    const late = driver.restored().acquire('own', 'x', { request: 1, own: 'me' });
    assert.equal(outcome(late), 'wait_abandoned');
    assert.deepEqual(driver.holders('x'), []);
  });
});

describe('a session of its own', () => {
  test('begins with the grant and ends with the release, whose answer stays known', () => {
    const driver = new Driver();
    assert.equal(outcome(driver.acquire('own', 'x', { own: 'me', request: 1 })), 'granted 1 x1');
    assert.deepEqual(driver.lastEvents.map(eventLine), [
      'session_created own',
      'granted x own 1 exclusive 1',
    ]);
    assert.equal(driver.machine.session(id('own'))?.own, true);
    assert.equal(
      outcome(driver.release('own', 'x', { request: 2, token: 1 })),
      'released 1 left 0',
    );
    assert.deepEqual(driver.lastEvents.map(eventLine), [
      'hold_ended x own 1 released',
      'session_ended own ended',
    ]);
    const again = driver.restored().release('own', 'x', { request: 2, token: 1 });
    assert.equal(outcome(again), 'released 1 left 0');
    const other = driver.release('own', 'x', { request: 2, token: 3 });
    assert.equal(outcome(other), 'request_reused');
    assert.equal(outcome(driver.acquire('own', 'x', { own: 'me', request: 1 })), 'session_expired');
  });

  test('is not made for a refused acquire, whose answer stays known', () => {
    const driver = new Driver().sessions('a');
    driver.hold('a', 'x');
    const ask = (): string => outcome(driver.acquire('own', 'x', { own: 'me', request: 1 }));
    assert.equal(ask(), 'lock_held');
    assert.deepEqual(driver.lastEvents, []);
    driver.release('a', 'x');
    assert.equal(ask(), 'lock_held', 'the idempotent response, though it is free now');
    assert.equal(driver.machine.stats().totalSessions, 1);
  });

  test('ends with a wait that runs out or is cancelled, and with a forced release', () => {
    const driver = new Driver().sessions('a');
    driver.hold('a', 'x');
    driver.acquire('own1', 'x', { own: 'me', request: 1, waitMs: 10 });
    driver.acquire('own2', 'x', { own: 'me', request: 1, waitMs: 100 });
    driver.advance(10);
    assert.deepEqual(driver.lastEvents.map(eventLine), [
      'wait_ended x own1 1 wait_timeout',
      'session_ended own1 ended',
    ]);
    const retry = driver.acquire('own1', 'x', { own: 'me', request: 1, waitMs: 10 });
    assert.equal(outcome(retry), 'wait_timeout');
    driver.cancel('own2', 'x', 1);
    assert.equal(driver.machine.session(id('own2')), undefined);
    driver.hold('own3', 'y', { own: 'me' });
    driver.do({ type: 'force_release', name: lockName('y'), reason: 'stuck' });
    assert.equal(driver.machine.session(id('own3')), undefined);
    assert.equal(driver.machine.stats().activeSessions, 1);
  });

  test('ends when what was granted late to an asker that is gone is given back', () => {
    const driver = new Driver().sessions('a', 'b');
    driver.hold('a', 'x');
    driver.acquire('own', 'x', { own: 'me', request: 1, waitMs: 100 });
    driver.acquire('b', 'x', { waitMs: 100 });
    driver.release('a', 'x');
    assert.deepEqual(driver.holders('x'), ['own exclusive x1']);
    driver.cancel('own', 'x', 1);
    assert.equal(driver.machine.session(id('own')), undefined);
    assert.deepEqual(driver.holders('x'), ['b exclusive x1']);
  });

  test('is entered by a retry, and refused to another client and to a session made otherwise', () => {
    const driver = new Driver().sessions('a');
    driver.hold('own', 'x', { own: 'me', request: 1 });
    assert.equal(outcome(driver.acquire('own', 'x', { own: 'me', request: 1 })), 'granted 1 x1');
    assert.equal(outcome(driver.acquire('own', 'x', { own: 'you', request: 1 })), 'session_exists');
    assert.equal(outcome(driver.acquire('a', 'x', { own: 'client-a' })), 'session_exists');
    assert.deepEqual(driver.holders('x'), ['own exclusive x1']);
  });
});
