import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { restoreStateMachine } from '../../src/index.ts';
import type { Applied, StateMachine } from '../../src/index.ts';
import { allLocks, allSessions, check, commandOf, steps } from './support/randomness.ts';
import type { Step } from './support/randomness.ts';
import { Driver, eventLine, id, outcome, roomyLimits } from './support/driver.ts';
import { Model } from './support/model.ts';

function execute(driver: Driver, step: Step): Applied {
  if (step.type === 'time') driver.timeMs += step.byMs;
  return driver.entry([commandOf(step, driver.machine)]);
}

function restoreFrom(chunks: Iterable<Uint8Array>): StateMachine {
  return restoreStateMachine(chunks);
}

function compare(driver: Driver, model: Model): void {
  for (const name of allLocks) {
    const lock = driver.lock(name);
    assert.deepEqual(
      lock.holders.map(
        ({ sessionId, mode, fenceToken, holdCount }) =>
          `${sessionId} ${mode} ${String(fenceToken)} x${String(holdCount)}`,
      ),
      model.holders(name),
      `the holders of ${name}`,
    );
    assert.deepEqual(
      lock.waiters.map(
        ({ sessionId, requestId, mode }) => `${sessionId} ${String(requestId)} ${mode}`,
      ),
      model.waiters(name),
      `the queue of ${name}`,
    );
    assert.equal(lock.delayedForMs, model.delayedForMs(name), `the delay of ${name}`);
  }
  for (const name of allSessions) {
    assert.equal(driver.machine.renewalOf(id(name)), model.find(name)?.renewal, `session ${name}`);
  }
  const stats = driver.machine.stats();
  assert.equal(stats.fenceCounter, model.token);
  assert.equal(stats.waiters, model.waits.length);
  assert.equal(stats.heldLocks, new Set(model.holds.map(({ lock }) => lock)).size);
  assert.equal(stats.activeSessions, model.sessions.length);
}

describe('the machine against a naive model', () => {
  test('every command has the result, the events and the state that the model has', () => {
    agree(roomyLimits.maxWorkPerEntry, 1500);
  });

  test('so it has where what ends does not fit into one entry', () => {
    for (const maxWorkPerEntry of [1, 2, 3]) agree(maxWorkPerEntry, 400);
  });
});

/** The same entries with as much work for each. */
function agree(maxWorkPerEntry: number, runs: number): void {
  check(
    fc.property(steps, (list) => {
      const driver = Driver.withLimits({ maxWorkPerEntry });
      const model = new Model(maxWorkPerEntry);
      for (const step of list) {
        if (step.type === 'time') driver.timeMs += step.byMs;
        const command = commandOf(step, driver.machine);
        model.events = [];
        model.advance(driver.timeMs);
        const expected = model.do(command);
        const { results, events } = driver.entry([command]);
        assert.deepEqual(results.map(outcome), [expected], JSON.stringify(command));
        assert.deepEqual(events.map(eventLine).sort(), model.events.sort());
        compare(driver, model);
      }
    }),
    runs,
  );
}

describe('what holds after every command', () => {
  test('a writer holds alone, and units are never given twice', () => {
    check(
      fc.property(steps, (list) => {
        const driver = new Driver();
        for (const step of list) {
          execute(driver, step);
          for (const name of allLocks) {
            const { holders } = driver.lock(name);
            const writers = holders.filter(({ mode }) => mode === 'exclusive').length;
            assert.ok(writers === 0 || holders.length === 1, driver.holders(name).join(', '));
            const sessions = new Set(holders.map(({ sessionId }) => sessionId));
            assert.equal(sessions.size, holders.length, 'one hold per session');
          }
        }
      }),
      300,
    );
  });

  test('fence tokens rise with every grant, over snapshots too, and no token is given twice', () => {
    check(
      fc.property(steps, fc.array(fc.nat({ max: 70 }), { maxLength: 3 }), (list, restoreAt) => {
        let driver = new Driver();
        let latest = 0;
        list.forEach((step, index) => {
          if (restoreAt.includes(index)) driver = driver.restored();
          for (const event of execute(driver, step).events) {
            if (event.type !== 'granted') continue;
            assert.ok(event.fenceToken > latest, `${String(event.fenceToken)} after ${latest}`);
            latest = event.fenceToken;
          }
          assert.ok(driver.machine.stats().fenceCounter >= latest);
        });
      }),
      300,
    );
  });

  test('only sessions that live hold, wait or are granted', () => {
    check(
      fc.property(steps, (list) => {
        const driver = new Driver();
        const ended = new Set<string>();
        for (const step of list) {
          for (const event of execute(driver, step).events) {
            if (event.type === 'session_ended') ended.add(event.sessionId);
            if (event.type === 'granted') assert.ok(!ended.has(event.sessionId), 'granted');
          }
          for (const name of allLocks) {
            const { holders, waiters } = driver.lock(name);
            for (const { sessionId } of [...holders, ...waiters]) {
              assert.ok(driver.machine.session(sessionId), `${sessionId} lives`);
            }
          }
        }
      }),
      300,
    );
  });

  test('nobody waits at the head for what is free', () => {
    check(
      fc.property(steps, (list) => {
        const driver = new Driver();
        for (const step of list) {
          execute(driver, step);
          for (const name of allLocks) {
            const { holders, waiters, delayedForMs } = driver.lock(name);
            const [first] = waiters;
            if (first === undefined || delayedForMs > 0) continue;
            const others = holders.filter(({ sessionId }) => sessionId !== first.sessionId);
            assert.ok(
              others.some(({ mode }) => mode === 'exclusive' || first.mode === 'exclusive'),
              `${first.sessionId} waits for ${name} though nothing is in its way`,
            );
          }
        }
      }),
      300,
    );
  });

  test('every wait has one outcome, and it is the answer to its request from then on', () => {
    check(
      fc.property(steps, (list) => {
        const driver = new Driver();
        const waiting = new Set<string>();
        for (const step of list) {
          for (const event of execute(driver, step).events) {
            if (event.type !== 'waiting' && event.type !== 'wait_ended') continue;
            const key = `${event.sessionId} ${String(event.requestId)}`;
            if (event.type === 'waiting') assert.ok(!waiting.has(key), `${key} waits twice`);
            else assert.ok(waiting.has(key), `${key} ends a wait that never began`);
            if (event.type === 'waiting') waiting.add(key);
            else waiting.delete(key);
          }
          assert.equal(waiting.size, driver.machine.stats().waiters);
        }
      }),
      300,
    );
  });
});

describe('one outcome everywhere', () => {
  test('the same entries give the same digest, results and events on every node', () => {
    check(
      fc.property(steps, (list) => {
        const one = new Driver();
        const other = new Driver();
        for (const step of list) {
          assert.deepEqual(execute(one, step), execute(other, step));
          assert.equal(one.machine.digest(), other.machine.digest());
        }
      }),
      100,
    );
  });

  test('a snapshot restored at any point goes on as the original does', () => {
    check(
      fc.property(steps, fc.nat({ max: 70 }), (list, at) => {
        const original = new Driver();
        let copy = new Driver();
        list.forEach((step, index) => {
          if (index === at) copy = original.restored();
          assert.deepEqual(execute(copy, step), execute(original, step));
          assert.equal(copy.machine.digest(), original.machine.digest());
          assert.equal(copy.machine.nextDueTime(), original.machine.nextDueTime());
          assert.deepEqual(copy.machine.stats(), original.machine.stats());
        });
      }),
      300,
    );
  });

  test('a snapshot shows the moment at which it was asked for, whatever is applied while it is read', () => {
    check(
      fc.property(steps, fc.nat({ max: 70 }), (list, at) => {
        const driver = new Driver();
        const before = list.slice(0, at);
        for (const step of before) execute(driver, step);
        const digest = driver.machine.digest();
        const reader = driver.machine.snapshot();
        for (const step of list.slice(at)) execute(driver, step);
        const copy = new Driver();
        copy.machine = restoreFrom(reader);
        assert.equal(copy.machine.digest(), digest);
      }),
      300,
    );
  });

  test('how many entries the time came in makes no difference', () => {
    check(
      fc.property(steps, (list) => {
        const coarse = new Driver();
        const fine = new Driver();
        const coarseEvents: string[] = [];
        const fineEvents: string[] = [];
        for (const step of list) {
          if (step.type === 'time') {
            coarse.timeMs += step.byMs;
            coarse.machine.skipTo(coarse.machine.index + step.byMs);
            for (let passed = 0; passed < step.byMs; passed++) {
              fineEvents.push(...fine.advance(1).events.map(eventLine));
            }
          } else {
            // Looked up where the time has passed already.
            const command = commandOf(step, fine.machine);
            coarseEvents.push(...coarse.entry([command]).events.map(eventLine));
            fineEvents.push(...fine.entry([command]).events.map(eventLine));
          }
        }
        coarseEvents.push(...coarse.advance(0).events.map(eventLine));
        fineEvents.push(...fine.advance(0).events.map(eventLine));
        assert.deepEqual(coarseEvents, fineEvents);
      }),
      300,
    );
  });
});
