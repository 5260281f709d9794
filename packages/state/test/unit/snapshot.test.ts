import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import {
  restoreStateMachine,
  SnapshotFormatError,
  snapshotFormatVersion as formatVersion,
} from '../../src/index.ts';
import type { Command } from '../../src/index.ts';
import {
  Driver,
  createCommand,
  eventLine,
  id,
  lockName,
  outcome,
  roomyLimits,
} from './support/driver.ts';

const limits = { ...roomyLimits, maxLocks: 100_000 };

/** Its waiters alone are more than one chunk. */
const popularRequest = `popular-${'r'.repeat(400)}`;

/** Large enough for many chunks: every session holds two locks, and one lock has a long queue. */
function large(): Driver {
  const driver = Driver.withLimits(limits);
  const acquire = (session: string, lock: string, waitMs: number, request = lock): Command => ({
    type: 'acquire',
    sessionId: id(session),
    requestId: request,
    name: lockName(lock),
    mode: 'exclusive',
    waitMs,
    acquiredAtMs: 1,
  });
  for (let number = 0; number < 900; number++) {
    const session = `session-number-${String(number)}`;
    driver.entry([
      createCommand(session),
      acquire(session, `locks/ä/${String(number)}/first-${'n'.repeat(200)}`, 0),
      acquire(session, `locks/ä/${String(number)}/second-${'n'.repeat(200)}`, 0),
      acquire(session, 'popular', 1000 + number, popularRequest),
    ]);
  }
  return driver;
}

const heldBy = (session: string, number: number): Command => ({
  type: 'acquire',
  sessionId: id(session),
  requestId: String(number),
  name: lockName(`lock-${String(number)}`),
  mode: 'exclusive',
  waitMs: 0,
  acquiredAtMs: 1,
});

function restored(chunks: Iterable<Uint8Array>): Driver {
  return new Driver(restoreStateMachine(chunks));
}

describe('a snapshot', () => {
  test('comes in chunks of bounded size and begins with its format and version', () => {
    const driver = large();
    const chunks = [...driver.machine.snapshot()];
    assert.ok(chunks.length > 10, String(chunks.length));
    for (const chunk of chunks) assert.ok(chunk.length > 0 && chunk.length <= 256 * 1024);
    const text = Buffer.concat(chunks).toString();
    assert.ok(text.startsWith(`["holdfast-state",${String(formatVersion)},`));
    assert.equal(restored(chunks).machine.digest(), driver.machine.digest());
  });

  test('is read the same however its bytes are cut', () => {
    const driver = new Driver().sessions('a', 'ü');
    driver.hold('ü', 'schlüssel/€/😀');
    const bytes = Buffer.concat([...driver.machine.snapshot()]);
    const single = [...bytes].map((byte) => Uint8Array.of(byte));
    assert.equal(restored(single).machine.digest(), driver.machine.digest());
  });

  test('of a large state shows its moment while everything changes between chunks', () => {
    const driver = large();
    const digest = driver.machine.digest();
    const chunks: Uint8Array[] = [];
    let number = 0;
    for (const chunk of driver.machine.snapshot()) {
      chunks.push(chunk);
      for (let step = 0; step < 25; step++, number++) {
        const session = `session-number-${String((number * 37) % 900)}`;
        driver.release(session, `locks/ä/${String(number % 900)}/second-${'n'.repeat(200)}`);
        driver.acquire(session, `new-${String(number)}`);
        if (number % 10 === 0) driver.end(session);
        if (number % 10 === 1) driver.sessions(`later-${String(number)}`);
        if (number % 10 === 2) driver.cancel(session, 'popular', popularRequest);
        if (number % 10 === 3) driver.advance(1);
      }
    }
    assert.notEqual(driver.machine.digest(), digest);
    assert.equal(restored(chunks).machine.digest(), digest);
  });

  test('of a session with many holds comes in several chunks, of which some may be empty (SNAP-6)', () => {
    const driver = Driver.withLimits({ ...limits, maxHoldsPerSession: 100_000 }).sessions('a');
    for (let number = 0; number < 18_000; number += 1000)
      driver.entry(Array.from({ length: 1000 }, (_, at) => heldBy('a', number + at)));
    const walk = driver.machine.snapshot();
    const first = walk.next().value;
    assert.ok(first !== undefined && !Buffer.from(first).includes('["session"'), 'still walking');
    // What comes meanwhile is not in it.
    const digest = driver.machine.digest();
    driver.release('a', 'lock-7');
    assert.equal(restored([first, ...walk]).machine.digest(), digest);

    const cancelled = driver.machine.snapshot();
    assert.equal(cancelled.next().done, false);
    cancelled.return?.();
    driver.release('a', 'lock-8');
    assert.equal(restored(driver.machine.snapshot()).machine.digest(), driver.machine.digest());
  });

  test('is the only one: another one before it is done or cancelled is a defect', () => {
    const driver = large();
    const digest = driver.machine.digest();
    const first = driver.machine.snapshot();
    const chunks = [first.next().value].filter((chunk) => chunk !== undefined);
    assert.throws(() => driver.machine.snapshot(), /SNAP-2: one snapshot is taken at a time/);
    driver.end('session-number-3');
    assert.equal(restored([...chunks, ...first]).machine.digest(), digest);
    const second = restored(driver.machine.snapshot());
    assert.equal(second.machine.digest(), driver.machine.digest());
  });

  test('that its reader cancels costs nothing afterwards', () => {
    const driver = large();
    for (const chunk of driver.machine.snapshot()) {
      assert.ok(chunk.length > 0);
      break;
    }
    driver.end('session-number-3');
    const digest = driver.machine.digest();
    assert.equal(restored(driver.machine.snapshot()).machine.digest(), digest);
  });

  test('that is cut off, damaged, of a newer version or no snapshot at all is refused', () => {
    const driver = new Driver().sessions('a', 'b');
    driver.hold('a', 'x');
    driver.acquire('b', 'x', { waitMs: 10 });
    driver.end('a');
    const bytes = Buffer.concat([...driver.machine.snapshot()]);
    const text = bytes.toString();
    const lines = text.split('\n');
    const refused = (damaged: Uint8Array | string, reason = /cannot be read/): void => {
      const chunk = typeof damaged === 'string' ? Buffer.from(damaged) : damaged;
      assert.throws(
        () => restoreStateMachine([chunk]),
        (error) => error instanceof SnapshotFormatError && reason.test(error.message),
      );
    };
    for (let length = 0; length < bytes.length; length++) refused(bytes.subarray(0, length));
    for (let line = 0; line < lines.length - 1; line++) {
      refused(lines.filter((_, index) => index !== line).join('\n'));
    }
    refused(text.replace('"client-b"', '"client-c"'), /do not match the sum/);
    const head = `"holdfast-state",${String(formatVersion)},`;
    refused(
      text.replace(head, `"holdfast-state",${String(formatVersion + 1)},`),
      /a newer version of Holdfast wrote it\. Its format version is 6 and this program reads 3 to 5/,
    );
    refused(text.replace(head, '"holdfast-state",2,'), /version is 2 and/);
    refused(text.replace('holdfast-state', 'something-else'), /not a snapshot of Holdfast/);
    refused(`${text}["session"]\n`, /follows its end/);
    refused(Buffer.concat([Buffer.from([0xff, 0xfe]), bytes]));
  });

  test('holds all there is: queues in order, delays, answers, tombstones, counters', () => {
    const driver = new Driver().sessions('b', 'c', 'gone');
    driver.do(createCommand('a', { lockDelayMs: 500 }));
    driver.hold('a', 'delayed');
    driver.hold('b', 'x', { request: 1, mode: 'shared' });
    driver.hold('b', 'x', { request: 2 });
    driver.acquire('c', 'x', { waitMs: 40, request: 1 });
    driver.acquire('own', 'x', { waitMs: 30, request: 1, own: 'me' });
    driver.acquire('refused', 'x', { request: 1, own: 'me' });
    driver.expire('a');
    driver.end('gone');
    const copy = driver.restored();
    assert.equal(copy.machine.digest(), driver.machine.digest());
    assert.deepEqual(copy.lock('x'), driver.lock('x'));
    assert.deepEqual(copy.lock('delayed'), driver.lock('delayed'));
    assert.deepEqual(copy.machine.stats(), driver.machine.stats());
    assert.deepEqual([...copy.machine.sessions()], [...driver.machine.sessions()]);
    assert.equal(copy.machine.nextDueTime(), 30);
    assert.equal(copy.machine.endedReason(id('gone')), 'ended');
    assert.equal(copy.machine.endedReason(id('a')), 'expired');
    assert.equal(outcome(copy.acquire('b', 'x', { request: 1, mode: 'shared' })), 'granted 2 x1');
    assert.equal(outcome(copy.acquire('refused', 'x', { request: 1, own: 'me' })), 'lock_held');
    assert.equal(copy.machine.index, driver.machine.index + 2);
  });
});

describe('a restored session', () => {
  test('gives back its locks and leaves its queues in the order in which it came to them', () => {
    const driver = new Driver().sessions('first', 's', 'p', 'q');
    // The pools came to be in another order than the holds and waits of s.
    for (const name of ['x', 'y', 'v', 'w']) driver.hold('first', name, { mode: 'shared' });
    for (const name of ['y', 'x']) driver.hold('s', name, { mode: 'shared' });
    for (const name of ['w', 'v']) driver.acquire('s', name, { waitMs: 100, request: name });
    for (const name of ['x', 'y']) driver.acquire('p', name, { waitMs: 100, request: name });
    for (const name of ['v', 'w']) {
      driver.acquire('q', name, { waitMs: 100, request: name, mode: 'shared' });
    }
    for (const name of ['x', 'y']) driver.release('first', name);
    const copy = driver.restored();
    for (const one of [driver, copy]) {
      one.end('s');
      assert.deepEqual(one.lastEvents.map(eventLine), [
        'session_ended s ended',
        'wait_ended w s w session_expired',
        'wait_ended v s v session_expired',
        'hold_ended y s 5 session_ended',
        'hold_ended x s 6 session_ended',
        'granted w q w shared 7',
        'wait_ended w q w granted 7 x1',
        'granted v q v shared 8',
        'wait_ended v q v granted 8 x1',
        'granted y p y exclusive 9',
        'wait_ended y p y granted 9 x1',
        'granted x p x exclusive 10',
        'wait_ended x p x granted 10 x1',
      ]);
    }
    assert.equal(copy.machine.digest(), driver.machine.digest());
  });
});

describe('the digest', () => {
  test('differs when anything that nodes must agree on differs', () => {
    const digests = new Set<string>();
    const add = (prepare: (driver: Driver) => unknown): void => {
      const driver = new Driver().sessions('a', 'b');
      prepare(driver);
      driver.machine.skipTo(100);
      digests.add(driver.machine.digest());
    };
    const changes: readonly ((driver: Driver) => unknown)[] = [
      () => undefined,
      (driver) => driver.hold('a', 'x', { request: 1 }),
      (driver) => driver.hold('a', 'x', { request: 2 }),
      (driver) => driver.hold('b', 'x', { request: 1 }),
      (driver) => driver.hold('a', 'x', { request: 1, mode: 'shared' }),
      (driver) => driver.hold('a', 'y', { request: 1 }),
      (driver) => driver.end('a'),
      (driver) => driver.expire('a'),
      (driver) => driver.advance(1),
      (driver) => driver.release('a', 'x'),
      (driver) => driver.do({ type: 'jump_fence_counter' }),
      (driver) => driver.do({ type: 'set_limits', limits: { ...roomyLimits, maxLocks: 7 } }),
    ];
    for (const change of changes) add(change);
    assert.equal(digests.size, changes.length);
  });
});
