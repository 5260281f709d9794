import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { createStateMachine, initialLimits, restoreStateMachine } from '../../src/index.ts';
import type { Applied, Command, StateMachine } from '../../src/index.ts';
import { campaign, enter } from './support/asks.ts';
import { check } from './support/randomness.ts';
import { Driver, id, lockName, outcome } from './support/driver.ts';
import { randomness, commandOf } from './support/everything.ts';
import type { Randomness } from './support/everything.ts';
import { answers, oldLog, oldSnapshot, snapshotOfVersion4 } from './support/old-log.ts';
import type { OldEntry } from './support/old-log.ts';

const bytesOf = (machine: StateMachine): Buffer => Buffer.concat([...machine.snapshot()]);
const log = oldLog();
const endsMany = (commands: OldEntry['commands']): boolean =>
  commands.some(({ command }) => command.type === 'end_session' && command.sessionId === 'many');

describe('the log of a version without bounds of work and holds', () => {
  test('is answered as that version did, entry by entry, with its fence tokens', () => {
    const machine = createStateMachine(initialLimits);
    for (const entry of log)
      assert.deepEqual(answers(machine, entry), entry.results, `entry ${String(entry.index)}`);
    const dueMs = machine.nextDueTime() ?? Number.POSITIVE_INFINITY;
    assert.ok(dueMs > machine.time, 'nothing is left for later entries');
  });

  test('goes on behind a snapshot of that version as behind its entries', () => {
    const machine = restoreStateMachine([oldSnapshot()]);
    const rest = log.filter(({ index }) => index > machine.index);
    assert.ok(rest.length > 100 && rest.length < log.length);
    for (const entry of rest)
      assert.deepEqual(answers(machine, entry), entry.results, `entry ${String(entry.index)}`);
  });

  test('has no bounds of work and holds until they are logged, and then has them', () => {
    const machine = createStateMachine(initialLimits);
    const isBounded = (): boolean =>
      machine.limits.maxWorkPerEntry < 1_000_000 || machine.limits.maxHoldsPerResource < 1_000_000;
    for (const entry of log) {
      assert.equal(isBounded(), false, `before entry ${String(entry.index)}`);
      answers(machine, entry);
    }
    const limits = { ...initialLimits, maxWorkPerEntry: 1000, maxHoldsPerResource: 10_000 };
    const command = { type: 'set_limits', limits } as const;
    for (const one of [machine, restoreStateMachine([bytesOf(machine)])]) {
      assert.equal(one.limits.maxWorkPerEntry, Number.MAX_SAFE_INTEGER, 'also from its snapshot');
      const commands = [{ identity: 'holdfast', command }];
      one.apply({ index: one.index + 1, time: one.time, commands });
      assert.deepEqual(one.limits, limits);
    }
  });

  test('is bounded from the command that names the bounds, in the same entry', () => {
    const machine = createStateMachine(initialLimits);
    const behind = log.findIndex(({ commands }) => endsMany(commands));
    for (const entry of log.slice(0, behind)) answers(machine, entry);
    const { index, time, commands } = log[behind]!;
    const limits = { ...initialLimits, maxWorkPerEntry: 1000, maxHoldsPerResource: 10_000 };
    const first = { identity: 'holdfast', command: { type: 'set_limits', limits } as const };
    machine.apply({ index, time, commands: [first, ...commands] });
    assert.equal(machine.nextDueTime(), time, 'the rest is for later entries');
  });
});

describe('what a session was told again before repetitions were counted', () => {
  const limits = { ...initialLimits, maxRememberedSessions: 500_000, maxRememberedBytes: 2 ** 28 };
  const cancelRequest = (name: string, kind: 'election' | 'barrier', request: number): Command => ({
    type: 'abandon',
    kind,
    sessionId: id('a'),
    name: lockName(name),
    requestId: request,
  });

  /** Once by each request, as snapshots of that version tell it. */
  function toldAgain(requests: readonly number[]): Driver {
    const driver = new Driver(createStateMachine(initialLimits)).sessions('a', 'b');
    for (const request of requests) {
      driver.do(campaign('a', 'e', { request }));
      driver.do(enter('a', 'x', 3, request + 10));
    }
    return driver;
  }
  const placesOf = (driver: Driver): readonly string[] =>
    bytesOf(driver.machine)
      .toString()
      .split('\n')
      .filter((line) => /^\["(?:pool|barrier)"/.test(line));

  test('is not counted by their log either: nodes that came by a snapshot have the same', () => {
    assert.deepEqual(placesOf(toldAgain([1, 2])), placesOf(toldAgain([1])));
  });

  test('is answered as then, and takes no leadership along where it is cancelled', () => {
    for (const isLater of [false, true]) {
      const driver = toldAgain([1]);
      assert.equal(outcome(driver.do(campaign('a', 'e', { request: 2 }))), 'granted 1 x2');
      assert.equal(outcome(driver.do(campaign('a', 'e', { request: 3 }))), 'granted 1 x2');
      if (isLater) driver.do({ type: 'set_limits', limits });
      const leads = (one: Driver): boolean =>
        one.machine.show('election', lockName('e')).leader !== undefined;
      for (const one of [driver, driver.restored()]) {
        one.do(cancelRequest('e', 'election', 2));
        assert.equal(leads(one), true, 'the first request is not cancelled');
        one.do(cancelRequest('e', 'election', 1));
        assert.equal(leads(one), false);
      }
    }
  });

  test('is counted from then on', () => {
    const driver = toldAgain([1]);
    driver.do({ type: 'set_limits', limits });
    driver.do(campaign('a', 'e', { request: 2 }));
    driver.do(cancelRequest('e', 'election', 1));
    assert.ok(driver.machine.show('election', lockName('e')).leader !== undefined);
    const copy = driver.restored();
    for (const one of [driver, copy]) {
      one.do(cancelRequest('e', 'election', 2));
      assert.equal(one.machine.show('election', lockName('e')).leader, undefined);
    }
  });
});

/** The log to its end, and what every entry of it did. */
function run(machine: StateMachine): Applied[] {
  const rest = log.filter(({ index }) => index > machine.index);
  return rest.map(({ index, time, commands }) => machine.apply({ index, time, commands }));
}

describe('nodes after an upgrade', () => {
  test('that came by the log alone have the same bytes, also where one was restored on the way', () => {
    const one = createStateMachine(initialLimits);
    run(one);
    let restored = createStateMachine(initialLimits);
    for (const [place, { index, time, commands }] of log.entries()) {
      if (place % 97 === 0) restored = restoreStateMachine([bytesOf(restored)]);
      restored.apply({ index, time, commands });
    }
    assert.ok(bytesOf(restored).equals(bytesOf(one)));
    assert.ok(one.isComparable && restored.isComparable);
  });

  test('that came by a snapshot of the old version say that their bytes cannot be compared, for good', () => {
    const old = restoreStateMachine([oldSnapshot()]);
    const byLog = createStateMachine(initialLimits);
    for (const { index, time, commands } of log)
      if (index <= old.index) byLog.apply({ index, time, commands });
    assert.equal(bytesOf(old).equals(bytesOf(byLog)), false, 'the fault of that format');
    assert.equal(old.isComparable, false);
    assert.equal(byLog.isComparable, true);
    run(old);
    const again = restoreStateMachine([bytesOf(old)]);
    assert.deepEqual([old.isComparable, again.isComparable], [false, false]);
    assert.ok(bytesOf(again).equals(bytesOf(old)));
  });

  test('that came by a snapshot of a version that knew no leaderships have whole leases', () => {
    const old = restoreStateMachine([snapshotOfVersion4()]);
    const byLog = createStateMachine(initialLimits);
    for (const { index, time, commands } of log)
      if (index <= old.index) byLog.apply({ index, time, commands });
    assert.equal(old.digest(), byLog.digest());
    assert.ok(old.isComparable);
    const some = [...old.leases()];
    assert.ok(some.length > 0);
    for (const { unheardSinceMs } of some) assert.equal(unheardSinceMs, undefined);
    for (const machine of [old, byLog])
      machine.apply({
        index: machine.index + 1,
        time: machine.time + 7,
        commands: [{ identity: 'holdfast', command: { type: 'begin_leadership' } }],
      });
    for (const { unheardSinceMs } of old.leases()) assert.equal(unheardSinceMs, old.time);
    assert.equal(old.digest(), byLog.digest());
  });

  test('do and answer the same, in whatever order their tables are', () => {
    const limits = { ...initialLimits, maxWorkPerEntry: 3, maxHoldsPerResource: 10_000 };
    check(
      fc.property(randomness, (list) => {
        const old = restoreStateMachine([oldSnapshot()]);
        const byLog = createStateMachine(initialLimits);
        for (const { index, time, commands } of log)
          if (index <= old.index) byLog.apply({ index, time, commands });
        const both = (commands: readonly Command[], byMs = 0): void => {
          const [index, time] = [old.index + 1, old.time + byMs];
          const envelopes = commands.map((command) => ({ identity: 'anonymous', command }));
          const entry = { index, time, commands: envelopes };
          assert.deepEqual(old.apply(entry), byLog.apply(entry));
          assert.equal(old.nextDueTime(), byLog.nextDueTime());
        };
        both([{ type: 'set_limits', limits }]);
        for (const randomness of list) {
          const byMs = randomness.kind === 'time' ? randomness.number * 4 : 0;
          const session = randomness.odd
            ? randomness.session
            : `${randomness.session}${String(randomness.number)}`;
          both([commandOf({ ...randomness, session } as Randomness, byLog)], byMs);
        }
        both([{ type: 'set_limits', limits }]);
        // Sessions of before the upgrade end, all in parts, until nothing is left.
        both(Array.from(byLog.sessions(), ({ sessionId }) => ({ type: 'end_session', sessionId })));
        for (let entries = 0; byLog.nextDueTime() !== undefined && entries < 9000; entries++)
          both([{ type: 'advance' }], 1000);
        assert.deepEqual(old.stats(), byLog.stats());
      }),
      3,
    );
  });
});
