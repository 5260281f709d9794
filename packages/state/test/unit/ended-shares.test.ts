import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Command, CommandResult } from '../../src/index.ts';
import { check } from './support/randomness.ts';
import { Driver, createCommand, id, lockName, outcome } from './support/driver.ts';

const limitOf = (result: CommandResult): unknown =>
  result.ok ? result : result.details?.['limit'];

/** As a node submits it at a time. */
function own(name: string, caller: string, madeAtMs: number, liveMs = 30_000): Command {
  return {
    type: 'acquire',
    sessionId: id(`of ${name}`),
    requestId: 'r',
    name: lockName(name),
    mode: 'exclusive',
    waitMs: 0,
    acquiredAtMs: 0,
    ownSession: {
      clientId: 'c',
      timeoutMs: 1000,
      lockDelayMs: 0,
      caller,
      stamp: { madeAtMs, liveMs },
    },
  };
}

const cancelRequest = (name: string, caller: string): Command => ({
  type: 'abandon',
  sessionId: id(`of ${name}`),
  name: lockName(name),
  requestId: 'r',
  liveMs: 30_000,
  caller,
});

const create = (session: string, caller: string, madeAtMs: number): Command => {
  const command = createCommand(session);
  if (command.type !== 'create_session') throw new Error('It makes a session.');
  return { ...command, caller, stamp: { madeAtMs, liveMs: 30_000 } };
};

/** x has ended as many as it may; the time is 30. */
function full(limits: Parameters<typeof Driver.withLimits>[0] = {}): Driver {
  const driver = Driver.withLimits({ maxRememberedSessionsPerCaller: 3, ...limits });
  for (const name of ['a', 'b', 'c']) {
    driver.do(own(name, 'x', driver.timeMs));
    driver.end(`of ${name}`);
    driver.timeMs += 10;
  }
  return driver;
}

describe('the ended sessions of one caller', () => {
  test('fill its share alone: it is refused, others are not, and nothing is forgotten', () => {
    const driver = full();
    const copy = driver.restored();
    copy.timeMs = driver.timeMs;
    for (const one of [driver, copy]) {
      const refused = one.do(own('d', 'x', 30));
      assert.equal(limitOf(refused), 'max_remembered_sessions_per_caller');
      assert.match(refused.ok ? '' : refused.message, /sessions of x have ended/);
      assert.equal(outcome(one.do(own('e', 'y', 30))).slice(0, 7), 'granted');
      for (const name of ['a', 'b', 'c'])
        assert.equal(outcome(one.do(own(name, 'x', 0))), 'session_expired');
      assert.equal(outcome(one.do(create('s', 'x', 30))), 'session', 'of the other kind');
    }
    assert.equal(copy.machine.digest(), driver.machine.digest());
  });

  test('are made again when the time of the oldest has passed', () => {
    const driver = full();
    driver.timeMs = 30_001;
    assert.equal(outcome(driver.do(own('d', 'x', 30_001))).slice(0, 7), 'granted');
    driver.end('of d');
    assert.equal(limitOf(driver.do(own('e', 'x', 30_001))), 'max_remembered_sessions_per_caller');
  });

  test('fill it by their bytes, too, and those that no acquire made', () => {
    const driver = full({
      maxRememberedSessionsPerCaller: 100,
      maxRememberedBytesPerCaller: 600,
    });
    assert.equal(limitOf(driver.do(own('d', 'x', 30))), 'max_remembered_bytes_per_caller');
    const other = Driver.withLimits({ maxRememberedSessionsPerCaller: 1 });
    other.do(create('s', 'x', 0));
    other.end('s');
    assert.equal(limitOf(other.do(create('t', 'x', 0))), 'max_remembered_sessions_per_caller');
    assert.equal(outcome(other.do(create('u', 'y', 0))), 'session');
  });

  test('make refusals that hold for every copy, of this caller alone (SHARE-2)', () => {
    const driver = full();
    const refused = own('d', 'x', 30, 60_000);
    assert.equal(outcome(driver.do(refused)), 'limit_exceeded');
    driver.timeMs = 40_000;
    const copy = driver.restored();
    copy.timeMs = 40_000;
    for (const one of [driver, copy]) {
      one.advance(0);
      assert.equal(outcome(one.do(refused)), 'limit_exceeded', 'though there is room');
      assert.equal(outcome(one.do(own('e', 'y', 20, 60_000))).slice(0, 7), 'granted');
      assert.equal(outcome(one.do(own('f', 'x', 31, 60_000))).slice(0, 7), 'granted', 'made later');
    }
    assert.equal(copy.machine.digest(), driver.machine.digest());
    driver.timeMs = 60_031;
    driver.advance(0);
    const text = Buffer.concat([...driver.machine.snapshot()]).toString();
    assert.ok(!text.includes('"x",30,60030'), 'nothing is kept of it');
    assert.equal(outcome(driver.do(refused)), 'request_forgotten', 'refused for its age');
  });

  test('that are cancelled before they come find the share full: who cancels goes on (SHARE-3)', () => {
    const driver = full();
    assert.equal(outcome(driver.do(cancelRequest('d', 'x'))), 'limit_exceeded');
    assert.equal(outcome(driver.do(own('d', 'y', 30))).slice(0, 7), 'granted');
    assert.equal(
      outcome(driver.do(cancelRequest('d', 'x'))),
      'abandoned',
      'what came is given back',
    );
    assert.equal(outcome(driver.do(cancelRequest('e', 'y'))), 'session_not_found');
    assert.equal(outcome(driver.do(own('e', 'x', 30))), 'wait_abandoned');
  });

  test('of a log that names no shares take no share', () => {
    const driver = full({ maxRememberedSessionsPerCaller: Number.MAX_SAFE_INTEGER });
    assert.equal(outcome(driver.do(own('d', 'x', 30))).slice(0, 7), 'granted');
  });
});

describe('requests of several callers', () => {
  const steps = fc.array(
    fc.record({
      what: fc.constantFrom('submit', 'submit', 'copy', 'copy', 'end', 'end', 'time', 'restore'),
      which: fc.nat(40),
      lagMs: fc.nat(30),
      byMs: fc.integer({ min: 1, max: 40 }),
      caller: fc.constantFrom('x', 'y'),
    }),
    { maxLength: 120 },
  );

  test('are executed at most once each, and no caller takes more than its share', () => {
    check(
      fc.property(steps, (all) => {
        const limits = { maxSessionsPerCaller: 2, maxRememberedSessionsPerCaller: 3 };
        let driver = Driver.withLimits(limits);
        const made: { readonly command: Command; granted: number; refused: boolean }[] = [];
        const tell = (one: (typeof made)[number]): void => {
          const before = driver.machine.stats().fenceCounter;
          const result = driver.do(one.command);
          one.granted += driver.machine.stats().fenceCounter - before;
          assert.ok(one.granted <= 1, 'executed once');
          assert.ok(!result.ok || !one.refused, 'refused stays refused');
          one.refused ||= !result.ok;
        };
        for (const { what, which, lagMs, byMs, caller } of all) {
          const one = made[which % Math.max(1, made.length)];
          if (what === 'submit') {
            const madeAtMs = Math.max(0, driver.timeMs - lagMs);
            const command = own(`n${String(made.length)}`, caller, madeAtMs, 50);
            made.push({ command, granted: 0, refused: false });
            tell(made.at(-1)!);
          } else if (what === 'time') driver.advance(byMs);
          else if (what === 'restore') driver = driver.restored();
          else if (one !== undefined && what === 'copy') tell(one);
          else if (one !== undefined && 'sessionId' in one.command)
            driver.end(String(one.command.sessionId));
          assert.ok(driver.machine.stats().rememberedSessions <= 2 * (3 + 2));
        }
      }),
      300,
    );
  });
});
