import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createStateMachine, initialLimits } from '../../src/index.ts';
import type { Command, CommandResult } from '../../src/index.ts';
import { campaign, enter, lock, many, wantLock } from './support/asks.ts';
import { createCommand, Driver, id, lockName, outcome, roomyLimits } from './support/driver.ts';

const limitOf = (result: CommandResult): unknown =>
  result.ok ? result : result.details?.['limit'];

const from = (session: string, caller: string): Command => {
  const command = createCommand(session);
  return command.type === 'create_session' ? { ...command, caller } : command;
};

const own = (name: string, caller: string, waitMs = 0, metadata?: string): Command => ({
  type: 'acquire',
  sessionId: id(`own of ${name} by ${caller}`),
  requestId: 1,
  name: lockName(name),
  mode: 'exclusive',
  waitMs,
  acquiredAtMs: 0,
  ...(metadata === undefined ? {} : { terms: { metadata } }),
  ownSession: { clientId: 'c', timeoutMs: 1000, lockDelayMs: 0, caller },
});

const permits = (session: string, name: string): Command => ({
  type: 'acquire_permits',
  sessionId: id(session),
  requestId: 77,
  name: lockName(name),
  permits: 1,
  limit: 1,
  waitMs: 0,
  acquiredAtMs: 0,
});

/** Two sessions of x, one of y, and one of whom no caller is told. */
function driverWith(limits: Parameters<typeof Driver.withLimits>[0]): Driver {
  const driver = Driver.withLimits(limits);
  for (const [session, caller] of [
    ['x1', 'x'],
    ['x2', 'x'],
    ['y', 'y'],
  ] as const)
    driver.do(from(session, caller));
  return driver.sessions('unnamed');
}

describe('the holds of all sessions of one caller', () => {
  test('are limited together, with its waits and barriers, and nobody else is refused for it', () => {
    const driver = driverWith({ maxHoldsPerCaller: 3 });
    driver.hold('x1', 'a');
    assert.equal(outcome(driver.do(enter('x2', 'b', 2))).slice(0, 7), 'barrier');
    driver.hold('y', 'held');
    driver.do(lock('x2', 'held', { waitMs: 100 }));
    for (const one of [driver, driver.restored()]) {
      const refused: readonly Command[] = [
        lock('x1', 'c'),
        lock('x1', 'held', { waitMs: 100 }),
        campaign('x1', 'c'),
        permits('x1', 'c'),
        many('x1', [wantLock('c')]),
        enter('x1', 'c', 2),
        own('c', 'x'),
      ];
      for (const command of refused)
        assert.equal(limitOf(one.do(command)), 'max_holds_per_caller', command.type);
      assert.equal(
        outcome(one.acquire('x1', 'a', { request: 501 })),
        'granted 1 x2',
        'entered again',
      );
      assert.equal(outcome(one.do(lock('y', 'd'))).slice(0, 7), 'granted');
      for (const name of ['e', 'f', 'g', 'h']) one.hold('unnamed', name);
      one.end('x1');
      assert.equal(outcome(one.do(own('d2', 'x'))).slice(0, 7), 'granted', 'there is room again');
    }
  });

  test('count until they are given back, however a session ends', () => {
    const driver = driverWith({ maxHoldsPerCaller: 7, maxWorkPerEntry: 1 });
    for (const name of ['a', 'b', 'd', 'e', 'f', 'g', 'h']) driver.hold('x1', name);
    driver.end('x1');
    assert.equal(
      limitOf(
        driver.do(
          many(
            'x2',
            ['i', 'j', 'k', 'l', 'm', 'n', 'o'].map((name) => wantLock(name)),
          ),
        ),
      ),
      'max_holds_per_caller',
    );
    while ((driver.machine.nextDueTime() ?? Number.POSITIVE_INFINITY) <= driver.timeMs)
      driver.advance(0);
    driver.hold('x2', 'c', { request: 500 });
  });

  test('of before a limit was logged are refused nothing, and take nothing from anybody', () => {
    const driver = new Driver(createStateMachine(initialLimits));
    driver.do(from('x1', 'x'));
    for (const name of ['a', 'b', 'c']) driver.hold('x1', name);
    driver.do({ type: 'set_limits', limits: { ...roomyLimits, maxHoldsPerCaller: 2 } });
    for (const one of [driver, driver.restored()]) {
      assert.equal(one.holders('a').length, 1);
      assert.equal(limitOf(one.do(lock('x1', 'd'))), 'max_holds_per_caller');
      one.release('x1', 'a');
      assert.equal(limitOf(one.do(lock('x1', 'd'))), 'max_holds_per_caller');
      one.release('x1', 'b');
      one.hold('x1', 'd', { request: 500 });
    }
  });
});

describe('the waits of all sessions of one caller', () => {
  test('are limited together', () => {
    const driver = driverWith({ maxWaitsPerCaller: 2 });
    for (const name of ['a', 'b', 'c']) driver.hold('y', name);
    driver.do(lock('x1', 'a', { waitMs: 100 }));
    driver.do(own('b', 'x', 100));
    for (const one of [driver, driver.restored()]) {
      const refused: readonly Command[] = [
        lock('x2', 'c', { waitMs: 100 }),
        many('x2', [wantLock('c')], { waitMs: 100 }),
        own('c', 'x', 100),
      ];
      for (const command of refused)
        assert.equal(limitOf(one.do(command)), 'max_waits_per_caller', command.type);
      assert.equal(outcome(one.do(lock('unnamed', 'c', { waitMs: 100 }))), 'queued 1');
      one.end('x1');
      assert.equal(outcome(one.do(own('d', 'x', 100))).slice(0, 7), 'granted');
      assert.equal(outcome(one.do(many('x2', [wantLock('c')], { waitMs: 100 }))), 'queued 2');
    }
  });
});

describe('the metadata of all sessions of one caller', () => {
  const text = (length: number): string => 'm'.repeat(length - 2); // With its quotation marks.
  const withMetadata = (session: string, name: string, bytes: number): Command =>
    lock(session, name, { terms: { metadata: text(bytes) } });

  test('is limited in bytes', () => {
    const driver = driverWith({ maxMetadataBytesPerCaller: 100 });
    driver.do(withMetadata('x1', 'a', 60));
    driver.do(own('b', 'x', 0, text(30)));
    for (const one of [driver, driver.restored()]) {
      const limit = 'max_metadata_bytes_per_caller';
      assert.equal(limitOf(one.do(withMetadata('x2', 'c', 11))), limit);
      assert.equal(limitOf(one.do(own('c', 'x', 0, text(11)))), limit);
      assert.equal(limitOf(one.do(withMetadata('x1', 'a', 71))), limit, 'of which 60 are replaced');
      assert.equal(outcome(one.do(withMetadata('x1', 'a', 70))), 'granted 1 x2');
      assert.equal(outcome(one.do(withMetadata('y', 'd', 100))).slice(0, 7), 'granted');
      assert.equal(outcome(one.do(withMetadata('unnamed', 'e', 200))).slice(0, 7), 'granted');
    }
  });

  test('may be replaced by less where a limit was lowered', () => {
    const driver = driverWith({});
    driver.do(withMetadata('x1', 'a', 90));
    driver.do({ type: 'set_limits', limits: { ...roomyLimits, maxMetadataBytesPerCaller: 50 } });
    assert.equal(outcome(driver.do(withMetadata('x1', 'a', 70))), 'granted 1 x2');
  });
});

describe('the remembered answers of all sessions of one caller', () => {
  const limits = { maxResultBytesPerCaller: 3000 };
  /** Told by a caller that tells which answers have arrived. */
  const ask = (one: Driver, command: Command): CommandResult => one.do(command, 1);

  test('are kept where it tells which have arrived, and new requests are refused (STATE-REQUEST-5)', () => {
    const driver = driverWith(limits);
    for (let request = 1; request <= 12; request++)
      ask(driver, lock(request % 2 === 0 ? 'x1' : 'x2', `a${String(request)}`, { request }));
    for (const one of [driver, driver.restored()]) {
      const refused = ask(one, lock('x2', 'b', { request: 31 }));
      assert.equal(limitOf(refused), 'max_result_bytes_per_caller');
      assert.equal(limitOf(ask(one, lock('x2', 'b', { request: 31 }))), limitOf(refused), 'again');
      assert.equal(outcome(ask(one, lock('x1', 'a2', { request: 2 }))).slice(0, 7), 'granted');
      assert.equal(outcome(ask(one, lock('y', 'c', { request: 1 }))).slice(0, 7), 'granted');
      assert.equal(outcome(one.release('x1', 'a4', { request: 40 })).slice(0, 8), 'released');
      one.end('x1');
      assert.equal(outcome(ask(one, lock('x2', 'b', { request: 32 }))).slice(0, 7), 'granted');
    }
  });

  test('are forgotten, the oldest of the session first, where it does not tell', () => {
    const driver = driverWith(limits);
    for (let request = 1; request <= 12; request++) {
      driver.hold('x1', `a${String(request)}`, { request });
      driver.hold('x2', `b${String(request)}`, { request: `node-${String(request)}` });
    }
    for (const one of [driver, driver.restored()]) {
      assert.equal(outcome(one.acquire('x1', 'a1', { request: 1 })), 'request_forgotten');
      assert.equal(outcome(one.acquire('x1', 'a12', { request: 12 })).slice(0, 7), 'granted');
      assert.equal(outcome(one.acquire('x2', 'b1', { request: 'node-1' })), 'request_forgotten');
    }
  });

  test('of sessions that have ended count no more, single holds among them', () => {
    const driver = driverWith(limits);
    for (let round = 1; round <= 50; round++) {
      const name = `a${String(round)}`;
      driver.do(own(name, 'x'));
      driver.do({
        type: 'release',
        sessionId: id(`own of ${name} by x`),
        requestId: 2,
        name: lockName(name),
      });
      driver.do(from(`s${String(round)}`, 'x'));
      driver.hold(`s${String(round)}`, name);
      driver.end(`s${String(round)}`);
    }
    assert.equal(outcome(ask(driver, lock('x1', 'b'))).slice(0, 7), 'granted');
  });
});
