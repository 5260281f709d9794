import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  beginRestore,
  createStateMachine,
  initialLimits,
  restoreStateMachine,
  SnapshotFormatError,
} from '../../src/index.ts';
import type { Applied, Command, SessionId, StateMachine } from '../../src/index.ts';
import { execute } from '../../src/kernel/execute.ts';
import { advance, beginSession, expireSession } from '../../src/kernel/sessions/lifetimes.ts';
import { Tables } from '../../src/kernel/tables.ts';
import { beginShare } from '../../src/kernel/work.ts';
import { enter, leave } from './support/asks.ts';
import { check } from './support/randomness.ts';
import { randomness, commandOf } from './support/everything.ts';
import type { Randomness } from './support/everything.ts';
import { Driver, createCommand, id, lockName, roomyLimits } from './support/driver.ts';

const bytesOf = (machine: StateMachine): Buffer => Buffer.concat([...machine.snapshot()]);
const copyOf = (machine: StateMachine): StateMachine => restoreStateMachine(machine.snapshot());

function step(machine: StateMachine, randomness: Randomness): Applied {
  const time = machine.time + (randomness.kind === 'time' ? randomness.number * 4 : 0);
  const command = commandOf(randomness, machine);
  const { request, odd, number } = randomness;
  const answered = odd && number === 1 ? { ackedBelow: request } : {};
  const commands = [{ identity: 'anonymous', command, ...answered }];
  return machine.apply({ index: machine.index + 1, time, commands });
}

function sameBytes(left: StateMachine, right: StateMachine, when: string): void {
  const [a, b] = [bytesOf(left), bytesOf(right)];
  if (a.equals(b)) return;
  assert.deepEqual(b.toString().split('\n'), a.toString().split('\n'), when);
}

describe('a snapshot of a machine that does everything', () => {
  test('restored at any point answers, tells and snapshots as the original does, entry by entry', () => {
    check(
      fc.property(randomness, fc.nat({ max: 90 }), (list, restoreAt) => {
        const original = createStateMachine(roomyLimits);
        let copy: StateMachine | undefined;
        list.forEach((randomness, index) => {
          if (index === restoreAt % list.length) copy = copyOf(original);
          const applied = step(original, randomness);
          if (copy === undefined) return;
          assert.deepEqual(step(copy, randomness), applied, JSON.stringify(randomness));
          assert.equal(copy.digest(), original.digest());
          assert.deepEqual(copy.stats(), original.stats());
          assert.equal(copy.nextDueTime(), original.nextDueTime());
          sameBytes(original, copy, JSON.stringify(randomness));
        });
      }),
      120,
    );
  });

  test('pulled while commands go on has the bytes of one that is taken at once', () => {
    check(
      fc.property(randomness, fc.nat({ max: 90 }), fc.nat({ max: 20 }), (list, from, pause) => {
        const machine = createStateMachine(roomyLimits);
        // Large records before and after those that change, so that it comes in many chunks.
        const commands = Array.from({ length: 300 }, (_, number): Command => {
          const clientId = 'c'.repeat(800);
          return createCommand(`large-${String(number)}`, { clientId });
        });
        const enter = (): void =>
          void machine.apply({
            index: machine.index + 1,
            time: machine.time,
            commands: commands.map((command) => ({ identity: 'anonymous', command })),
          });
        const begin = from % list.length;
        if (pause % 2 === 0) enter();
        for (const randomness of list.slice(0, begin)) step(machine, randomness);
        if (pause % 2 === 1) enter();
        const expected = bytesOf(machine);
        const pulled: Uint8Array[] = [];
        let next = begin;
        for (const chunk of machine.snapshot()) {
          pulled.push(chunk);
          for (let count = 0; count < pause && next < list.length; count++, next++)
            step(machine, list[next]!);
        }
        assert.ok(Buffer.concat(pulled).equals(expected));
      }),
      50,
    );
  });

  test('has the same bytes again when it is restored', () => {
    check(
      fc.property(randomness, (list) => {
        const machine = createStateMachine(roomyLimits);
        for (const randomness of list) step(machine, randomness);
        sameBytes(machine, copyOf(machine), 'restored');
      }),
      120,
    );
  });
});

/** Two sessions with 65,000 permits each of one semaphore. */
function manyHolds(): Driver {
  const driver = Driver.withLimits({
    maxHoldsPerSession: 100_000,
    maxHoldsPerResource: 130_000,
    maxResultsPerSession: 10,
  });
  driver.sessions('a', 'b');
  for (let number = 0; number < 65_000; number++)
    driver.entry(
      ['a', 'b'].map((session): Command => ({
        type: 'acquire_permits',
        sessionId: id(session),
        requestId: number + 1,
        name: lockName('many'),
        permits: 1,
        limit: 200_000,
        waitMs: 0,
        acquiredAtMs: 1,
      })),
    );
  return driver;
}

describe('a snapshot in which a record has no end', () => {
  test('is refused as damaged, and not gathered for ever (SNAP-6)', () => {
    const restorer = beginRestore();
    const mebibyte = Buffer.alloc(1024 * 1024, 'x');
    assert.throws(
      () => {
        for (let pieces = 0; pieces < 70; pieces++) restorer.push(mebibyte);
      },
      (error) => error instanceof SnapshotFormatError && /has no end/.test(error.message),
    );
  });
});

describe('a large snapshot', () => {
  test('of many holds of one resource comes in lines of bounded length and is read again', () => {
    const driver = manyHolds();
    let expected: Buffer = Buffer.alloc(0);
    assert.doesNotThrow(() => {
      expected = bytesOf(driver.machine);
    }, 'the stack is not as deep as there are holds');
    const lines = expected.toString().split('\n');
    assert.ok(lines.length > 130_000 / 256);
    for (const line of lines) assert.ok(line.length < 64 * 1024, String(line.length));
    const copy = restoreStateMachine([expected]);
    assert.ok(bytesOf(copy).equals(expected));
    assert.equal(copy.show('semaphore', lockName('many'))?.holderCount, 130_000);

    // Changed between two chunks of its own record.
    const pulled: Uint8Array[] = [];
    for (const chunk of driver.machine.snapshot()) {
      pulled.push(chunk);
      const fenceToken = driver.machine.session(id('a'))?.permits[0]?.fenceToken;
      if (fenceToken !== undefined && pulled.length < 5)
        driver.do({
          type: 'release_permits',
          sessionId: id('a'),
          name: lockName('many'),
          fenceToken,
        });
    }
    assert.ok(Buffer.concat(pulled).equals(expected));
  });

  test('of many members of a barrier comes in lines of bounded length, encoded as they are pulled', (t) => {
    const driver = new Driver();
    for (let number = 0; number < 1000; number++) {
      driver.sessions(`member ${String(number)}`);
      driver.do(enter(`member ${String(number)}`, 'x', 5000));
    }
    const expected = bytesOf(driver.machine);
    const lines = expected.toString().split('\n');
    for (const line of lines) assert.ok(line.length < 8 * 1024, String(line.length));
    const copy = restoreStateMachine([expected]);
    assert.ok(bytesOf(copy).equals(expected));
    assert.equal(copy.show('barrier', lockName('x'))?.memberCount, 1000);

    // One leaves before its record is reached: what there was is kept, and encoded later.
    const snapshot = driver.machine.snapshot();
    const encoded = t.mock.method(JSON, 'stringify').mock;
    driver.do(leave('member 7', 'x', true));
    const longest = Math.max(...encoded.calls.map(({ result }) => result?.length ?? 0));
    encoded.restore();
    assert.ok(longest < 300, String(longest));
    assert.ok(Buffer.concat([...snapshot]).equals(expected));
  });

  test('is restored by as much work for each piece as the piece is long', () => {
    const driver = Driver.withLimits({ maxLocks: 100_000 }).sessions('a', 'b', 'c');
    // Locks that were handed over: their order in the sessions is not that of the places.
    for (let number = 0; number < 900; number++) driver.hold('a', `lock-${String(number)}`);
    for (let number = 899; number >= 0; number--) {
      driver.acquire(number % 2 === 0 ? 'b' : 'c', `lock-${String(number)}`, { waitMs: 100 });
      driver.release('a', `lock-${String(number)}`);
    }
    const bytes = bytesOf(driver.machine);
    assert.match(bytes.toString(), /\n\["order","b",/);
    for (const length of [1, 7, 1000, 256 * 1024]) {
      const restorer = beginRestore();
      for (let start = 0; start < bytes.length; start += length)
        restorer.push(bytes.subarray(start, start + length));
      const copy = restorer.end();
      assert.deepEqual(copy.session(id('b')), driver.machine.session(id('b')));
      assert.ok(bytesOf(copy).equals(bytes), `pieces of ${String(length)}`);
    }
  });
});

describe('a snapshot of an earlier version', () => {
  test('is read: sessions, queues, orders, delays, answers', () => {
    const fixture = new URL('support/snapshot-version-3.txt', import.meta.url);
    const copy = new Driver(restoreStateMachine([readFileSync(fixture)]));
    const { machine } = copy;
    assert.equal(machine.index, 22);
    assert.equal(
      machine.limits.maxHoldsPerResource,
      createStateMachine(initialLimits).limits.maxHoldsPerResource,
    );
    assert.deepEqual(
      machine
        .session(id('s'))
        ?.holds.map(({ name, fenceToken }) => `${name} ${String(fenceToken)}`),
      ['y 5', 'x 6'],
    );
    assert.deepEqual(copy.waiters('x'), ['p']);
    assert.ok(bytesOf(copyOf(machine)).equals(bytesOf(machine)));
    copy.end('s');
    assert.ok(copy.lock('x').waiters.length === 1, 'first still holds it');
  });
});

describe('the listing of locks', () => {
  test('shows what a sorted list of all names shows, page by page', () => {
    const lock = fc
      .tuple(fc.constantFrom('a', 'ab', 'b', 'ü', '😀'), fc.nat({ max: 1500 }))
      .map(([prefix, number]) => `${prefix}${String(number)}`);
    const prefixes = fc.constantFrom('', 'a', 'ab', 'ab1', 'b', 'c', 'ü', 'a5');
    check(
      fc.property(
        fc.array(lock, { minLength: 900, maxLength: 1800, size: 'max' }),
        fc.nat({ max: 3 }),
        prefixes,
        fc.integer({ min: 1, max: 700 }),
        (locks, kept, prefix, limit) => {
          const driver = Driver.withLimits({ maxHoldsPerSession: 10_000 }).sessions('s');
          const held = new Set<string>();
          for (const [index, name] of locks.entries()) {
            if (!held.has(name)) driver.hold('s', name);
            held.add(name);
            const gone = locks[Math.floor(index / 2)] ?? '';
            if (index % 4 < kept || !held.delete(gone)) continue;
            driver.release('s', gone);
          }
          const expected = [...held].filter((name) => name.startsWith(prefix)).sort();
          const shown: string[] = [];
          for (let more = true, after: string | undefined; more;) {
            const begin = after === undefined ? {} : { after };
            const page = driver.machine.list('lock', { prefix, ...begin, limit });
            assert.ok(page.kind === 'lock' && page.rows.length <= limit);
            for (const { name } of page.rows) shown.push(name);
            after = page.nextAfter;
            more = after !== undefined;
          }
          assert.deepEqual(shown, expected);
        },
      ),
      20,
    );
  });

  test('costs nothing for locks that only a lock delay keeps, and shows them again once they are held', () => {
    const tables = new Tables({ ...roomyLimits, maxWorkPerEntry: 10_000 });
    const acquireIn = (sessionId: SessionId, name: string): void =>
      void execute(tables, {
        identity: 'anonymous',
        command: {
          type: 'acquire',
          sessionId,
          requestId: name,
          name: lockName(name),
          mode: 'exclusive',
          waitMs: 100,
          acquiredAtMs: 1,
        },
      });
    for (const name of ['s', 't']) {
      const facts = { clientId: name, timeoutMs: 1000, createdAtMs: 1, own: false };
      beginSession(
        tables,
        { id: id(name), lockDelayMs: 500, ...facts },
        tables.callers.of(undefined),
      );
    }
    beginShare(tables);
    for (let number = 0; number < 600; number++) acquireIn(id('s'), `lock ${String(number)}`);
    acquireIn(id('t'), 'lock of t');
    expireSession(tables, id('s'), tables.sessions.get(id('s'))?.renewal ?? 0);
    assert.equal(tables.pools.lock.size, 601);
    assert.deepEqual([...tables.lockNames.from('')], ['lock of t']);
    acquireIn(id('t'), 'lock 7');
    assert.deepEqual([...tables.lockNames.from('')], ['lock 7', 'lock of t']);
    advance(tables, 500);
    assert.deepEqual([...tables.lockNames.from('')], ['lock of t'], 'its wait has run out');
    assert.equal(tables.pools.lock.size, 1);
  });
});
