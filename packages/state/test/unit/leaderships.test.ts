import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Command, Envelope, StateMachine } from '../../src/index.ts';
import { Leaderships } from '../../src/kernel/sessions/leaderships.ts';
import { check } from './support/randomness.ts';
import { createCommand, Driver, id, lockName, outcome } from './support/driver.ts';

const begin: Command = { type: 'begin_leadership' };
const keepAlive = (session: string): Command => ({ type: 'keep_alive', sessionId: id(session) });
const unheardSince = (machine: StateMachine, session: string): number | undefined =>
  machine.leaseOf(id(session))?.unheardSinceMs;

const waiting = (session: string, lock: string, request: number): Command => ({
  type: 'acquire',
  sessionId: id(session),
  requestId: request,
  name: lockName(lock),
  mode: 'exclusive',
  waitMs: 100_000,
  acquiredAtMs: 1,
});

/** An entry after some time has passed. */
function later(driver: Driver, byMs: number, ...commands: readonly Command[]): void {
  driver.timeMs += byMs;
  driver.entry(commands);
}

describe('the lease of a session', () => {
  test('counts from the first leadership in which nothing was heard of it, however many follow', () => {
    const driver = new Driver().sessions('a', 'b');
    assert.equal(unheardSince(driver.machine, 'a'), undefined, 'before any leadership');
    later(driver, 100, begin);
    assert.equal(unheardSince(driver.machine, 'a'), 100);
    later(driver, 50, keepAlive('b'));
    assert.equal(unheardSince(driver.machine, 'b'), undefined);
    later(driver, 50, begin);
    later(driver, 50, begin);
    assert.equal(unheardSince(driver.machine, 'a'), 100);
    assert.equal(unheardSince(driver.machine, 'b'), 200);
    assert.equal(unheardSince(driver.restored().machine, 'b'), 200);
  });

  test('is renewed by a keepalive that is logged, which a proposed expiry respects', () => {
    const driver = new Driver().sessions('a');
    const renewal = driver.machine.renewalOf(id('a')) ?? 0;
    assert.deepEqual(driver.do(keepAlive('a')), { ok: true, type: 'kept_alive', timeoutMs: 1000 });
    const expiry = { type: 'expire_session', sessionId: id('a'), renewal } as const;
    assert.equal(outcome(driver.do(expiry)), 'unchanged');
    driver.expire('a');
    assert.equal(outcome(driver.do(keepAlive('a'))), 'session_expired');
    assert.equal(outcome(driver.do(keepAlive('nobody'))), 'session_not_found');
  });

  test('is the answer to a repetition that tells of the grant in a session of its own (LIFE-2)', () => {
    const driver = new Driver().sessions('b');
    driver.hold('b', 'x');
    driver.acquire('own', 'x', { own: 'c', request: 1, waitMs: 1000 });
    const repeat = (): void => {
      const { machine } = driver;
      const command = {
        ...waiting('own', 'x', 1),
        ownSession: { clientId: 'c', timeoutMs: 1000, lockDelayMs: 0 },
      } as Command;
      const commands: readonly Envelope[] = [{ identity: 'anonymous', command, repeated: true }];
      machine.apply({ index: machine.index + 1, time: machine.time, commands });
    };
    later(driver, 10, begin);
    repeat();
    assert.notEqual(unheardSince(driver.machine, 'own'), undefined, 'it waits');
    driver.release('b', 'x');
    later(driver, 10, begin);
    assert.notEqual(unheardSince(driver.machine, 'own'), undefined);
    repeat();
    assert.equal(unheardSince(driver.machine, 'own'), undefined);
  });

  test('is renewed by what its client asks for, and not by what a node sends for one that may be gone', () => {
    const signs: readonly Command[] = [
      createCommand('a'),
      { ...waiting('a', 'free', 9), waitMs: 0 } as Command,
      { type: 'release', sessionId: id('a'), name: lockName('free') },
      { type: 'enter_barrier', sessionId: id('a'), name: lockName('gate'), parties: 2 },
    ];
    for (const command of signs) {
      const driver = new Driver().sessions('a');
      later(driver, 10, begin);
      driver.do(command);
      assert.equal(unheardSince(driver.machine, 'a'), undefined, command.type);
    }
    const driver = new Driver().sessions('a', 'b');
    driver.hold('b', 'x');
    driver.do({ type: 'enter_barrier', sessionId: id('a'), name: lockName('gate'), parties: 2 });
    driver.do(waiting('a', 'x', 1));
    later(driver, 10, begin);
    const none: readonly Envelope[] = [
      { identity: 'anonymous', command: waiting('a', 'x', 1), repeated: true },
      {
        identity: 'anonymous',
        command: { type: 'abandon', sessionId: id('a'), name: lockName('x'), requestId: 1 },
      },
      {
        identity: 'anonymous',
        command: {
          type: 'leave_barrier',
          sessionId: id('a'),
          name: lockName('gate'),
          withdraw: true,
        },
      },
    ];
    for (const envelope of none) {
      const { machine } = driver;
      const before = machine.renewalOf(id('a')) ?? 0;
      machine.apply({ index: machine.index + 1, time: machine.time, commands: [envelope] });
      assert.equal(machine.renewalOf(id('a')), before + 1, 'a proposed expiry looks again');
      assert.equal(unheardSince(machine, 'a'), 10, envelope.command.type);
    }
  });

  test('of a session of its own counts from the grant, as its client does', () => {
    const driver = new Driver().sessions('b');
    driver.hold('b', 'x');
    driver.acquire('own', 'x', { own: 'me', waitMs: 1000 });
    later(driver, 10, begin);
    assert.equal(unheardSince(driver.machine, 'own'), 10);
    driver.release('b', 'x');
    assert.deepEqual(driver.holders('x'), ['own exclusive x1']);
    assert.equal(unheardSince(driver.machine, 'own'), undefined);
  });

  test('never ends early, and ends after at most five quarters of its timeout, however often leaders change', () => {
    const step = fc.record({
      // Leaderships of a millisecond and of an hour.
      passes: fc.integer({ min: 0, max: 22 }).map((power) => Math.floor(2 ** power) - 1),
      heard: fc.constantFrom('a', 'b', undefined, undefined, undefined),
      times: fc.integer({ min: 1, max: 40 }),
      restores: fc.boolean(),
    });
    check(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        let driver = new Driver().sessions('a', 'b');
        const lastSign = new Map([
          ['a', { leadership: 0, atMs: 0 }],
          ['b', { leadership: 0, atMs: 0 }],
        ]);
        const beginnings = [0];
        for (const { passes, heard, times, restores } of steps) {
          for (let count = 0; count < times; count++) {
            later(driver, passes, begin);
            beginnings.push(driver.timeMs);
          }
          if (restores) driver = driver.restored();
          if (heard !== undefined) {
            later(driver, Math.floor(passes / 2), keepAlive(heard));
            lastSign.set(heard, { leadership: beginnings.length - 1, atMs: driver.timeMs });
          }
          for (const [session, { leadership, atMs }] of lastSign) {
            const since = unheardSince(driver.machine, session);
            const truth = beginnings[leadership + 1];
            if (truth === undefined) {
              assert.equal(since, undefined);
              continue;
            }
            assert.ok(since !== undefined && since >= truth, 'HEARD-3: never earlier');
            const passedMs = driver.timeMs - since;
            assert.ok(since === truth || since <= atMs + passedMs / 4, 'HEARD-3: hardly later');
          }
        }
      }),
      150,
    );
  });

  test('is known from some hundred beginnings, however often leaders change', () => {
    for (const everyMs of [0, 1, 300, 3000]) {
      const leaderships = new Leaderships();
      let most = 0;
      for (let count = 1; count <= 20_000; count++) {
        leaderships.begin(count * everyMs);
        most = Math.max(most, leaderships.beginningCount);
      }
      assert.equal(leaderships.current, 20_000);
      assert.ok(most < 150, `${String(most)} with one each ${String(everyMs)} ms`);
    }
    const leaderships = new Leaderships();
    for (let power = 0; power < 50; power++)
      for (let count = 0; count < 50; count++)
        leaderships.begin(2 ** power + (count * 2 ** power) / 64);
    assert.ok(leaderships.beginningCount < 350, String(leaderships.beginningCount));
  });

  test('is not restored from beginnings that are out of order', () => {
    for (const numbers of [[], [1, 0], [0, 0, 0, 5], [0, 0, 2, 5, 1, 6], [0, 0, 1, 5, 2, 4], [0]])
      assert.equal(new Leaderships().restore(numbers), false, JSON.stringify(numbers));
    const leaderships = new Leaderships();
    assert.ok(leaderships.restore([0, 0, 3, 7, 4, 7]));
    assert.deepEqual(leaderships.toNumbers(), [0, 0, 3, 7, 4, 7]);
  });
});
