import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  createStateMachine,
  initialLimits,
  latestFeatureLevel,
  restoreStateMachine,
} from '../../src/index.ts';
import type { Command, Envelope } from '../../src/index.ts';
import { commandLevels, limitsWithin, unknownPart } from '../../src/kernel/command-fields.ts';
import { withinLevel } from '../../src/kernel/feature-levels.ts';
import { callerLevel, unorderedNamesLevel } from '../../src/kernel/levels.ts';
import { TextHash } from '../../src/kernel/snapshot/digest.ts';
import { laterLimitNames } from '../../src/kernel/snapshot/snapshot.ts';
import { check } from './support/randomness.ts';
import { randomness, commandOf } from './support/everything.ts';
import { Driver, id, lockName, roomyLimits } from './support/driver.ts';

/** A snapshot of these lines, with the sum at its end. */
function sealed(lines: readonly string[]): Uint8Array {
  const hash = new TextHash();
  for (const line of lines) hash.add(line);
  const end = JSON.stringify(['end', lines.length, hash.digest()]);
  return Buffer.from([...lines, end, ''].join('\n'));
}

const linesOf = (driver: Driver): readonly string[] =>
  Buffer.concat([...driver.machine.snapshot()])
    .toString()
    .split('\n')
    .slice(0, -2);

const changed = (line: string, change: (record: unknown[]) => void): string => {
  const record = JSON.parse(line) as unknown[];
  change(record);
  return JSON.stringify(record);
};

/** Everything that a snapshot has a record for. */
function populated(): Driver {
  const driver = new Driver().sessions('a', 'b', 'c');
  driver.hold('a', 'x');
  driver.acquire('b', 'x', { waitMs: 10 });
  const some = { requestId: 7, waitMs: 0, acquiredAtMs: 1, sessionId: id('a') };
  const name = lockName('y');
  driver.do({
    ...some,
    type: 'acquire_permits',
    name,
    permits: 1,
    limit: 2,
    terms: { maxHoldMs: 500, priority: 3, metadata: 'm' },
  });
  driver.do({ ...some, requestId: 8, type: 'campaign', name, terms: { metadata: 'me' } });
  driver.do({ type: 'enter_barrier', sessionId: id('a'), requestId: 9, name, parties: 2 });
  driver.do({ type: 'create_latch', name, count: 3 });
  driver.do({ type: 'force_release', name: lockName('x'), reason: 'a test' });
  driver.end('c');
  return driver;
}

describe('the feature level of a log', () => {
  test('is 1 at first, rises by its command, never falls, and stands in snapshots', () => {
    const driver = new Driver();
    assert.equal(driver.machine.featureLevel, 1);
    driver.do({ type: 'raise_feature_level', level: 2 });
    driver.do({ type: 'raise_feature_level', level: 1 });
    assert.equal(driver.machine.featureLevel, 2);
    assert.equal(restoreStateMachine(driver.machine.snapshot()).featureLevel, 2);
  });

  test('is 1 where a snapshot from before there were levels names none', () => {
    const [header = '', ...records] = linesOf(populated());
    const older = changed(header, (fields) => fields.pop());
    assert.equal(restoreStateMachine([sealed([older, ...records])]).featureLevel, 1);
  });

  test('leaves out limits of higher levels, and every state has them all the same (LIMIT-3)', () => {
    for (let level = 1; level <= latestFeatureLevel; level++) {
      const driver = new Driver(createStateMachine(initialLimits));
      driver.do({ type: 'raise_feature_level', level });
      driver.do({ type: 'set_limits', limits: limitsWithin(roomyLimits, level) });
      const restored = restoreStateMachine(driver.machine.snapshot());
      assert.equal(restored.digest(), driver.machine.digest());
      const later = new Driver(restored);
      later.timeMs = driver.timeMs;
      for (const each of [driver, later])
        each.do({ type: 'raise_feature_level', level: latestFeatureLevel });
      assert.equal(restored.digest(), driver.machine.digest(), 'under the next level, too');
    }
  });

  test('rises along the limits of a header, so that fewer of them are its beginning', () => {
    const namesWithin = (level: number): readonly string[] =>
      laterLimitNames.filter((name) => name in limitsWithin(roomyLimits, level));
    for (let level = 1; level <= latestFeatureLevel; level++)
      assert.deepEqual(namesWithin(level), laterLimitNames.slice(0, namesWithin(level).length));
  });

  test('of a snapshot that this program does not support refuses it, and says what to do', () => {
    const [header = '', ...records] = linesOf(populated());
    const newer = changed(header, (fields) => fields.splice(-1, 1, latestFeatureLevel + 1));
    assert.throws(
      () => restoreStateMachine([sealed([newer, ...records])]),
      new RegExp(
        `its cluster is at feature level ${String(latestFeatureLevel + 1)}, and this program supports levels up to ${String(latestFeatureLevel)}\\. Nothing was changed\\. Upgrade this program\\.`,
      ),
    );
  });
});

describe('what a program does not know', () => {
  test('in any record of a snapshot, or in a list inside one, refuses the snapshot', () => {
    const lines = linesOf(populated());
    /** Every way in which one list of this record has another element. */
    function* grown(value: unknown): Generator {
      if (!Array.isArray(value)) return;
      const list = value as readonly unknown[];
      yield [...list, { new: 1 }];
      for (const [index, inner] of list.entries())
        for (const other of grown(inner)) yield list.with(index, other);
    }
    let count = 0;
    for (const [index, line] of lines.entries())
      for (const record of grown(JSON.parse(line))) {
        const text = JSON.stringify(record);
        assert.throws(
          () => restoreStateMachine([sealed(lines.with(index, text))]),
          /cannot be read/,
          text,
        );
        count += 1;
      }
    assert.ok(count > 40, String(count));
    restoreStateMachine([sealed(lines)]);
  });

  test('in a command is found, wherever a field or a kind is added', () => {
    check(
      fc.property(randomness, fc.nat(), (some, which) => {
        const driver = new Driver();
        for (const randomness of some) {
          const command = commandOf(randomness, driver.machine);
          const logged =
            command.type === 'set_limits'
              ? { ...command, limits: limitsWithin(command.limits, 1) }
              : command;
          assert.equal(unknownPart(logged, 1), undefined, JSON.stringify(logged));
          const record = JSON.parse(JSON.stringify(command)) as Record<string, unknown>;
          const records = [...recordsIn(record)];
          const at = records[which % records.length];
          if (at === undefined) continue;
          at['later'] = 1;
          assert.match(unknownPart(record, latestFeatureLevel) ?? '', /the field "later"/);
          driver.do(command);
        }
      }),
      30,
    );
  });

  test('of a kind of a known field is found', () => {
    const command = { type: 'force_release', kind: 'queue', name: 'x', reason: 'r' };
    assert.equal(
      unknownPart(command, latestFeatureLevel),
      'the kind "queue" in the field "kind" of a command of the type "force_release"',
    );
    const limits = { type: 'set_limits', limits: { ...roomyLimits, maxTopics: 1 } };
    assert.match(
      unknownPart(limits, latestFeatureLevel) ?? '',
      /"maxTopics" in the field "limits"/,
    );
    for (const type of ['push', 'toString', '__proto__'])
      assert.equal(unknownPart({ type }, latestFeatureLevel), `a command of the type "${type}"`);
    assert.equal(unknownPart({}, latestFeatureLevel), 'a command without a type');
  });

  test('is no command that raises the level: every program that knows levels reads it', () => {
    const command: Command = { type: 'raise_feature_level', level: 9 };
    assert.equal(unknownPart(command, 1), undefined);
  });
});

/** Records of a command that have fields which the program knows: no values of clients. */
function* recordsIn(record: Record<string, unknown>): Generator<Record<string, unknown>> {
  yield record;
  for (const [field, value] of Object.entries(record)) {
    if (field === 'metadata' || field === 'value') continue;
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value])
      if (typeof one === 'object' && one !== null) yield* recordsIn(one as Record<string, unknown>);
  }
}

describe('under a level', () => {
  const envelope: Envelope = {
    identity: 'anonymous',
    proof: 'none',
    address: '192.0.2.1',
    command: { type: 'advance' },
  };

  test('a command is logged without what only later levels tell of its caller', () => {
    const { proof: _proof, address: _address, ...rest } = envelope;
    assert.deepEqual(withinLevel(envelope, callerLevel - 1), { envelope: rest });
    assert.deepEqual(withinLevel(envelope, callerLevel), { envelope });
    const asked = { ...envelope, askedAt: 7 };
    assert.deepEqual(withinLevel(asked, callerLevel - 1), { envelope: rest });
    assert.deepEqual(withinLevel(asked, unorderedNamesLevel - 1), { envelope });
    assert.deepEqual(withinLevel(asked, unorderedNamesLevel), { envelope: asked });
  });

  test('a command of a later level is not logged at all, and it is said why', () => {
    const later = { type: 'push' } as unknown as Command;
    assert.deepEqual(withinLevel({ identity: 'anonymous', command: later }, 1), {
      tooNew: 'a command of the type "push"',
    });
  });

  test('no command and no field has a level above the latest', () => {
    const numbers =
      JSON.stringify(commandLevels)
        .match(/(?<=:)\d+/g)
        ?.map(Number) ?? [];
    assert.ok(numbers.length > 80, String(numbers.length));
    assert.ok(numbers.every((level) => level >= 1 && level <= latestFeatureLevel));
  });
});
