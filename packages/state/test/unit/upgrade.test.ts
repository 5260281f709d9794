import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createStateMachine, initialLimits, restoreStateMachine } from '../../src/index.ts';
import type { StateMachine } from '../../src/index.ts';
import { answers, oldLog, oldSnapshot } from './support/old-log.ts';
import type { OldEntry } from './support/old-log.ts';

const bytesOf = (machine: StateMachine): Buffer => Buffer.concat([...machine.snapshot()]);
const log = oldLog();
const endsMany = (commands: OldEntry['commands']): boolean =>
  commands.some(({ command }) => command.type === 'end_session' && command.sessionId === 'many');

describe('the log of a version without bounds of work and holds', () => {
  test('is answered as that version did, entry by entry, with its fence tokens', () => {
    const machine = createStateMachine();
    for (const entry of log)
      assert.deepEqual(answers(machine, entry), entry.results, `entry ${String(entry.index)}`);
    assert.equal(machine.nextDueTime(), undefined, 'nothing is left for later entries');
  });

  test('goes on behind a snapshot of that version as behind its entries', () => {
    const machine = restoreStateMachine([oldSnapshot()]);
    const rest = log.filter(({ index }) => index > machine.index);
    assert.ok(rest.length > 100 && rest.length < log.length);
    for (const entry of rest)
      assert.deepEqual(answers(machine, entry), entry.results, `entry ${String(entry.index)}`);
  });

  test('has no bounds of work and holds until they are logged, and then has them', () => {
    const machine = createStateMachine();
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
    const machine = createStateMachine();
    const behind = log.findIndex(({ commands }) => endsMany(commands));
    for (const entry of log.slice(0, behind)) answers(machine, entry);
    const { index, time, commands } = log[behind]!;
    const limits = { ...initialLimits, maxWorkPerEntry: 1000, maxHoldsPerResource: 10_000 };
    const first = { identity: 'holdfast', command: { type: 'set_limits', limits } as const };
    machine.apply({ index, time, commands: [first, ...commands] });
    assert.equal(machine.nextDueTime(), time, 'the rest is for later entries');
  });
});
