/** Whatever the state machine keeps grows in small steps: a table that is one native Map or Set stops a node when it doubles. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCommand, Driver, id, lockName } from './support/driver.ts';
import { watchingArrays, watchingTables } from './support/native-tables.ts';
import type { Command } from '../../src/index.ts';

/** The largest native table that may be, and what one entry of one command may move: some fractions of a ms. */
const mostInATable = 2048;
const mostMoved = 4500;
const count = 2200;

describe('A large state', () => {
  it('has no native table that grows with it, and no entry moves more than some hundred records (GROW-1)', () => {
    const driver = Driver.withLimits({
      maxHoldsPerSession: 100_000,
      maxWorkPerEntry: 300,
      maxLocks: 20_000,
    });
    watchingTables(mostInATable, (seen) => {
      let most = 0;
      const apply = (command: Command): void => {
        seen.moved = 0;
        assert.equal(driver.do(command).ok, true, command.type);
        most = Math.max(most, seen.moved);
      };
      const numbers = Array.from({ length: count }, (_, number) => number);
      const each = (commandOf: (name: string, number: number) => Command): void => {
        for (const number of numbers) apply(commandOf(String(number), number));
      };
      const holder = id('holder');
      for (const session of ['holder', 'waiter']) apply(createCommand(session));
      each((name) => createCommand(name));
      for (const sessionId of [holder, id('waiter')])
        each((name, requestId) => {
          const lock = { name: lockName(name), mode: 'exclusive', waitMs: 50_000 } as const;
          return { type: 'acquire', sessionId, requestId, acquiredAtMs: 1, ...lock };
        });
      each((_, number) => {
        const wanted = { name: lockName('s'), permits: 1, limit: 50_000, waitMs: 0 };
        const requestId = count + number;
        return {
          type: 'acquire_permits',
          sessionId: holder,
          requestId,
          acquiredAtMs: 1,
          ...wanted,
        };
      });
      each((name) => {
        const barrier = { name: lockName('b'), parties: 50_000 };
        return { type: 'enter_barrier', sessionId: id(name), requestId: 1, ...barrier };
      });
      const queue = lockName('q');
      each((key, payload) => {
        return { type: 'queue_push', name: queue, messages: [{ key, payload, dedupId: key }] };
      });
      const snapshot = driver.machine.snapshot();
      each(() => ({ type: 'queue_pop', name: queue, count: 1, visibilityMs: 1 }));
      apply({ type: 'end_session', sessionId: holder });
      for (let times = 0; times < 10; times++) {
        seen.moved = 0;
        driver.advance(1);
        most = Math.max(most, seen.moved);
      }
      assert.ok(Array.from(snapshot).length > 0);
      driver.restored();
      assert.ok(seen.largest <= mostInATable, `${String(seen.largest)} entries, ${seen.where}`);
      assert.ok(most <= mostMoved, `${String(most)} were moved by one entry`);
    });
  });
  it('ends a session inside many barriers, and restores it, without moving them for each other (GROW-1)', () => {
    const driver = Driver.withLimits({ maxHoldsPerSession: 100_000, maxResultsPerSession: 10_000 });
    driver.sessions('s', 'other');
    const enter = (session: string, number: number): Command => ({
      type: 'enter_barrier',
      sessionId: id(session),
      requestId: number,
      name: lockName(String(number)),
      parties: 3,
    });
    const barriers = 4000;
    // The other one makes the rounds, and the first one enters the latest of them first.
    for (let number = 1; number <= barriers; number++) driver.do(enter('other', number));
    const moved = watchingArrays((seen) => {
      for (let number = barriers; number > 0; number--) driver.do(enter('s', number));
      const restored = driver.restored();
      for (const each of [driver, restored]) {
        assert.equal(each.machine.session(id('s'))?.counts.barriers, barriers);
        each.do({ type: 'end_session', sessionId: id('s') });
        const left = each.lastEvents.filter(({ type }) => type === 'barrier_left');
        assert.equal(left.length, barriers);
      }
      return seen.moved;
    });
    const each = moved / barriers;
    assert.ok(each < 3000, `${String(each)} for each barrier`);
  });
});
