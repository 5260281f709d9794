import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Command, FenceToken } from '../../src/index.ts';
import { longestRepetitionMs } from '../../src/kernel/sessions/ended-sessions.ts';
import { allLocks, allSessions, check, commandOf, steps } from './support/randomness.ts';
import { Driver, createCommand, eventLine, id, lockName, outcome } from './support/driver.ts';

const locks = ['l1', 'l2', 'l3', 'l4', 'l5', 'l6', 'l7'];

/** A machine that ends two holds or waits in an entry, and a session that holds seven locks. */
function largeSession({ lockDelayMs = 0 } = {}): Driver {
  const driver = Driver.withLimits({ maxWorkPerEntry: 2 });
  driver.do(createCommand('large', { lockDelayMs }));
  driver.sessions('other', 'third');
  for (const lock of locks) driver.hold('large', lock);
  return driver;
}

const isHeld = (driver: Driver): readonly string[] =>
  locks.filter((lock) => driver.holders(lock).some((holder) => holder.startsWith('large')));

/** Entries without commands until nothing is left to do at this time; how many. */
function drain(driver: Driver): number {
  for (let entries = 0; ; entries++) {
    assert.ok(entries < 1000, 'it comes to an end');
    const dueMs = driver.machine.nextDueTime();
    if (dueMs === undefined || dueMs > driver.timeMs) return entries;
    driver.advance(0);
  }
}

describe('a session that holds more than an entry can end', () => {
  test('is over at once: its answer counts all its holds, and no command of it works', () => {
    const driver = largeSession();
    assert.equal(outcome(driver.end('large')), 'session_ended 7');
    assert.ok(driver.lastEvents.map(eventLine).includes('session_ended large ended'));
    assert.equal(driver.machine.session(id('large')), undefined);
    assert.equal(driver.machine.endedReason(id('large')), 'ended');
    assert.equal(outcome(driver.acquire('large', 'l7')), 'session_expired');
    assert.equal(outcome(driver.release('large', 'l7')), 'session_expired');
    assert.equal(outcome(driver.do(createCommand('large'))), 'session_expired');
    assert.equal(outcome(driver.end('large')), 'session_expired');
    assert.equal(outcome(driver.expire('large')), 'unchanged');
  });

  test('gives back its holds in order, some with each entry, and each is told', () => {
    const driver = largeSession();
    driver.end('large');
    assert.deepEqual(isHeld(driver), locks.slice(2));
    assert.equal(driver.machine.nextDueTime(), driver.timeMs, 'the next entry is due at once');
    driver.advance(0);
    assert.deepEqual(isHeld(driver), locks.slice(4));
    assert.deepEqual(driver.lastEvents.map(eventLine), [
      'hold_ended l3 large 3 session_ended',
      'hold_ended l4 large 4 session_ended',
    ]);
    assert.equal(drain(driver), 2);
    assert.deepEqual(isHeld(driver), []);
    assert.equal(driver.machine.nextDueTime(), undefined);
    assert.equal(driver.machine.stats().heldLocks, 0);
  });

  test('still keeps others out of what it has not given back, and they get it in turn', () => {
    const driver = largeSession();
    assert.equal(outcome(driver.acquire('other', 'l7', { waitMs: 1000 })), 'queued 1');
    const take: Command = {
      type: 'acquire',
      sessionId: id('third'),
      requestId: 1,
      name: lockName('l6'),
      mode: 'exclusive',
      waitMs: 0,
      acquiredAtMs: 1,
    };
    const { results } = driver.entry([{ type: 'end_session', sessionId: id('large') }, take]);
    assert.deepEqual(results.map(outcome), ['session_ended 7', 'lock_held']);
    assert.equal(outcome(driver.acquire('third', 'l7')), 'lock_held');
    assert.equal(outcome(driver.acquire('third', 'l7', { waitMs: 1000 })), 'queued 2');
    drain(driver);
    assert.deepEqual(driver.holders('l7'), ['other exclusive x1']);
    assert.deepEqual(driver.waiters('l7'), ['third']);
  });

  test('does not hold up a release and the grant that follows it', () => {
    const driver = largeSession();
    driver.hold('other', 'x');
    driver.acquire('third', 'x', { waitMs: 1000 });
    driver.entry([
      { type: 'end_session', sessionId: id('large') },
      { type: 'release', sessionId: id('other'), name: lockName('x') },
    ]);
    assert.deepEqual(driver.holders('x'), ['third exclusive x1']);
    assert.ok(isHeld(driver).length > 0);
  });

  test('is ended before those that ended after it, also after a restore', () => {
    const driver = largeSession();
    for (const lock of ['m1', 'm2', 'm3']) driver.hold('other', lock);
    driver.end('large');
    driver.end('other');
    const copy = driver.restored();
    assert.equal(copy.machine.digest(), driver.machine.digest());
    for (let left = 0; left < 6; left++) {
      assert.deepEqual(copy.advance(0), driver.advance(0));
      assert.ok(isHeld(driver).length === 0 || driver.holders('m1').length === 1, 'large first');
      assert.equal(copy.machine.digest(), driver.machine.digest());
    }
    assert.equal(driver.machine.stats().heldLocks, 0);
  });

  test('keeps its id from being used again though ten thousand have ended since', () => {
    const driver = largeSession();
    driver.do({ type: 'set_limits', limits: { ...driver.machine.limits, maxSessions: 20_000 } });
    const others = Array.from({ length: 10_000 }, (_, number) => `s${String(number)}`);
    driver.entry([
      { type: 'end_session', sessionId: id('large') },
      ...others.map((name) => createCommand(name)),
      ...others.map((name): Command => ({ type: 'end_session', sessionId: id(name) })),
    ]);
    driver.advance(longestRepetitionMs + 1); // Nothing but their number keeps them from being forgotten.
    assert.equal(driver.machine.endedReason(id('s0')), 'ended', 'the oldest but one');
    assert.ok(isHeld(driver).length > 0);
    assert.equal(outcome(driver.do(createCommand('large'))), 'session_expired');
    drain(driver);
    assert.equal(outcome(driver.do(createCommand('large'))), 'session');
  });

  test('counts as a session until all is given back', () => {
    const driver = largeSession();
    driver.do({ type: 'set_limits', limits: { ...driver.machine.limits, maxSessions: 3 } });
    driver.end('large');
    assert.equal(outcome(driver.do(createCommand('fourth'))), 'limit_exceeded');
    drain(driver);
    assert.equal(outcome(driver.do(createCommand('fourth'))), 'session');
  });

  test('is no part of a cycle of waits: what it waited for it does not wait for any more', () => {
    const driver = largeSession();
    driver.hold('other', 'x');
    driver.hold('third', 'y');
    for (const lock of ['y', 'x']) driver.acquire('large', lock, { waitMs: 1000 });
    driver.end('large');
    assert.equal(outcome(driver.acquire('other', 'l7', { waitMs: 1000 })), 'queued 1');
    assert.equal(outcome(driver.acquire('third', 'l6', { waitMs: 1000 })), 'queued 1');
  });

  test('loses a hold to a forced release, and to its longest time with the delay of its expiry', () => {
    const driver = largeSession({ lockDelayMs: 100 });
    driver.do({
      type: 'acquire',
      sessionId: id('large'),
      requestId: 1,
      name: lockName('short'),
      mode: 'exclusive',
      waitMs: 0,
      acquiredAtMs: 1,
      terms: { maxHoldMs: 10 },
    });
    driver.expire('large');
    const force = { type: 'force_release', name: lockName('l7'), reason: '' } as const;
    assert.equal(outcome(driver.do(force)), 'forced 1');
    assert.equal(driver.lock('l7').delayedForMs, 0, 'whoever forces it knows what he does');
    driver.advance(10);
    assert.equal(driver.lock('short').delayedForMs, 90);
    assert.deepEqual(driver.holders('short'), []);
    drain(driver);
    assert.equal(driver.machine.stats().heldLocks, 0);
  });
});

describe('the lock delay of a session whose end takes several entries', () => {
  test('counts from its expiry, not from the entry in which the hold ended', () => {
    const driver = largeSession({ lockDelayMs: 100 });
    driver.expire('large');
    assert.equal(driver.lock('l1').delayedForMs, 100);
    driver.advance(60);
    assert.equal(driver.lock('l3').delayedForMs, 40);
    driver.advance(50);
    for (let entries = 0; entries < 6; entries++) driver.advance(0);
    for (const lock of locks) assert.equal(driver.lock(lock).delayedForMs, 0, lock);
    driver.hold('other', 'l7');
  });
});

describe('a wait that stands longer than it should', () => {
  test('because its session has ended, is never granted and told that', () => {
    const driver = largeSession();
    driver.hold('other', 'x');
    for (const lock of ['y1', 'y2', 'y3']) driver.hold('third', lock);
    for (const lock of ['y1', 'y2', 'y3', 'x']) driver.acquire('large', lock, { waitMs: 1000 });
    const { events: first } = driver.entry([
      { type: 'end_session', sessionId: id('large') },
      { type: 'release', sessionId: id('other'), name: lockName('x') },
      { type: 'release', sessionId: id('third'), name: lockName('y3') },
    ]);
    assert.deepEqual(driver.waiters('x'), ['large'], 'it still stands');
    const events = first.map(eventLine);
    for (let left = 0; left < 8; left++) events.push(...driver.advance(0).events.map(eventLine));
    assert.ok(!events.some((line) => line.startsWith('granted')), events.join('\n'));
    assert.deepEqual(driver.waiters('x'), []);
    driver.hold('other', 'x');
  });

  test('because more waits ran out than an entry can end, is refused and not granted', () => {
    const driver = Driver.withLimits({ maxWorkPerEntry: 2 }).sessions('a', 'b', 'c', 'd', 'late');
    driver.hold('a', 'x');
    for (const session of ['b', 'c', 'd']) {
      driver.acquire(session, 'y');
      driver.acquire(session, 'x', { waitMs: 10 });
    }
    driver.acquire('late', 'x', { waitMs: 500 });
    driver.timeMs += 20;
    driver.entry([{ type: 'release', sessionId: id('a'), name: lockName('x') }]);
    assert.deepEqual(driver.waiters('x'), ['d', 'late']);
    assert.deepEqual(driver.holders('x'), [], 'its turn came after its deadline');
    drain(driver);
    assert.deepEqual(driver.holders('x'), ['late exclusive x1']);
    assert.equal(driver.machine.stats().waiters, 0);
  });
});

describe('turns that come all at once', () => {
  test('are given in their order over several entries, and nobody who comes later passes', () => {
    const driver = Driver.withLimits({ maxWorkPerEntry: 3 }).sessions('w', 'late');
    const readers = ['r1', 'r2', 'r3', 'r4', 'r5', 'r6'];
    driver.sessions(...readers);
    driver.hold('w', 'x');
    for (const reader of readers) driver.acquire(reader, 'x', { mode: 'shared', waitMs: 1000 });
    driver.release('w', 'x');
    assert.deepEqual(driver.holders('x'), ['r1 shared x1', 'r2 shared x1']);
    const copy = driver.restored();
    assert.equal(outcome(copy.acquire('late', 'x', { mode: 'shared', waitMs: 50 })), 'queued 2');
    assert.equal(copy.holders('x').length, 5);
    drain(copy);
    assert.deepEqual(
      copy.holders('x'),
      [...readers, 'late'].map((reader) => `${reader} shared x1`),
    );
    assert.equal(driver.machine.nextDueTime(), driver.timeMs, 'they are due at once');
  });
});

describe('whatever is spread over entries', () => {
  test('ends as it would have in one', () => {
    check(
      fc.property(steps, fc.integer({ min: 1, max: 3 }), (list, maxWorkPerEntry) => {
        const roomy = new Driver();
        for (const step of list) {
          if (step.type === 'time') roomy.timeMs += step.byMs;
          roomy.do(commandOf(step, roomy.machine));
        }
        const tight = roomy.restored();
        tight.do({ type: 'set_limits', limits: { ...tight.machine.limits, maxWorkPerEntry } });
        for (const session of ['c', 'o1', 'a']) {
          for (const driver of [roomy, tight]) {
            driver.expire(session);
            drain(driver);
          }
        }
        const shown = (driver: Driver): unknown =>
          allLocks.map((name) => {
            const { holders, waiters, delayedForMs } = driver.lock(name);
            const held = holders.map(({ sessionId, mode }) => `${sessionId} ${mode}`).sort();
            return [held, waiters.map(({ requestId }) => requestId), delayedForMs];
          });
        assert.deepEqual(shown(tight), shown(roomy));
      }),
      400,
    );
  });

  test('is never held by two, gives rising tokens, and goes on alike after a restore', () => {
    check(
      fc.property(steps, fc.integer({ min: 1, max: 3 }), (list, maxWorkPerEntry) => {
        const driver = Driver.withLimits({ maxWorkPerEntry });
        let latest = 0 as FenceToken;
        for (const step of list) {
          if (step.type === 'time') driver.timeMs += step.byMs;
          const command = commandOf(step, driver.machine);
          const copy = driver.restored();
          copy.timeMs = driver.timeMs;
          const applied = driver.entry([command]);
          assert.deepEqual(copy.entry([command]), applied);
          assert.equal(copy.machine.digest(), driver.machine.digest());
          assert.equal(copy.machine.nextDueTime(), driver.machine.nextDueTime());
          for (const event of applied.events) {
            if (event.type !== 'granted') continue;
            assert.ok(event.fenceToken > latest);
            latest = event.fenceToken;
            assert.ok(driver.machine.endedReason(event.sessionId) !== 'expired', 'granted');
          }
          for (const name of allLocks) {
            const { holders } = driver.lock(name);
            const writers = holders.filter(({ mode }) => mode === 'exclusive').length;
            assert.ok(writers === 0 || holders.length === 1, driver.holders(name).join(', '));
          }
        }
        for (const session of allSessions) driver.expire(session);
        drain(driver);
        driver.advance(1000);
        drain(driver);
        assert.equal(driver.machine.stats().heldLocks, 0);
        assert.equal(driver.machine.stats().waiters, 0);
      }),
      150,
    );
  });
});
