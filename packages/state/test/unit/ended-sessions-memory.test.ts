import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createStateMachine, initialLimits, restoreStateMachine } from '../../src/index.ts';
import type { StateMachine } from '../../src/index.ts';
import {
  byNumberAlone,
  EndedSessions,
  leastRemembered,
} from '../../src/kernel/sessions/ended-sessions.ts';
import { encodeTombstone } from '../../src/kernel/snapshot/session-records.ts';
import { createCommand, Driver, id } from './support/driver.ts';

describe('EndedSessions', () => {
  const add = (memory: EndedSessions, name: string, untilMs: number): void =>
    memory.add(id(name), 'ended', undefined, untilMs, 0);

  test('forgets a bounded number at a time, the earliest first', () => {
    const memory = new EndedSessions();
    for (let number = 0; number < leastRemembered + 2500; number++)
      add(memory, `s${String(number)}`, 10_000 - (number % 100));
    const counts = [1, 2, 3, 4].map(() => {
      memory.forget(20_000);
      return memory.count - leastRemembered;
    });
    assert.deepEqual(counts, [1500, 500, 0, 0]);
    assert.equal(memory.get(id('s99')), undefined, 'of those whose time passed first');
    assert.equal(memory.get(id('s0'))?.reason, 'ended');
  });

  test('shows in a snapshot what it had, though one is extended and others are forgotten meanwhile', () => {
    const memory = new EndedSessions();
    add(memory, 'a', 5);
    add(memory, 'b', 6);
    const captured = memory.capture();
    const first = memory.get(id('a'));
    assert.ok(first !== undefined);
    memory.extend(first, 50);
    const limits = { ...new Driver().machine.limits, maxRememberedSessions: 2 };
    assert.equal(memory.fullOf(limits, 20, undefined), undefined);
    assert.deepEqual(
      Array.from(captured, ({ id: name, dueMs }) => `${name} ${String(dueMs)}`).toSorted(),
      ['a 5', 'b 6'],
    );
    memory.release();
    assert.equal(memory.get(id('a'))?.dueMs, 50);
    assert.equal(memory.get(id('b')), undefined);
  });

  test('is told in the same bytes however many were forgotten before it was restored (MEM-6)', () => {
    const limits = { ...initialLimits, maxSessions: 10 };
    const apply = (machine: StateMachine, session: string): void => {
      const sessionId = id(session);
      const commands = [createCommand(session), { type: 'end_session', sessionId } as const];
      machine.apply({
        index: machine.index + 1,
        time: machine.time + 1,
        commands: commands.map((command) => ({ identity: 'anonymous', command })),
      });
    };
    const all = createStateMachine(limits);
    for (let number = 0; number < leastRemembered + 50; number++) apply(all, `s${String(number)}`);
    // As one that came by a snapshot of format 4, which tells the latest in their order and no more.
    const memory = new EndedSessions();
    for (let number = 50; number < leastRemembered + 50; number++)
      memory.restore({
        id: id(`s${String(number)}`),
        reason: 'ended',
        last: undefined,
        dueMs: byNumberAlone,
        sequence: undefined,
        caller: undefined,
        owner: undefined,
      });
    memory.add(id('another'), 'ended', undefined, byNumberAlone, all.time + 1);
    apply(all, 'another');
    const told = Buffer.concat([...all.snapshot()])
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('["ended",'));
    assert.equal(told.length, memory.count);
    const same = Array.from(memory.values(), (one) =>
      encodeTombstone('ended', one, memory.sequence),
    );
    assert.deepEqual(told.filter((line, index) => line !== same[index]).slice(0, 3), []);
    assert.equal(restoreStateMachine([...all.snapshot()]).digest(), all.digest());
  });
});

describe('A session of a log from before there was a bound of memory', () => {
  test('tells no time of its copies, as older snapshots do not, and is the same after both (LIMIT-1)', () => {
    const driver = new Driver(createStateMachine({ ...initialLimits, maxSessions: 10 }));
    driver.timeMs = 100;
    driver.hold('own', 'a', { own: 'c' });
    driver.acquire('waiting', 'a', { own: 'd', waitMs: 5000 });
    const told = Buffer.concat([...driver.machine.snapshot()])
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('["session",'))
      .map((line) => JSON.parse(line) as readonly unknown[])
      .map((line) => [line[1], (line[12] as readonly unknown[])[0]]);
    assert.deepEqual(told, [
      ['own', 0],
      ['waiting', 0],
    ]);
  });
});
