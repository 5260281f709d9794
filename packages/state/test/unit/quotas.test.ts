import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Command, CommandResult, StateLimits } from '../../src/index.ts';
import { initialLimits } from '../../src/index.ts';
import { CallerUse } from '../../src/kernel/caller-use.ts';
import { SnapshotRestorer } from '../../src/kernel/snapshot/restore.ts';
import type { Session } from '../../src/primitives/holds/pool.ts';
import { Tables } from '../../src/kernel/tables.ts';
import { answerBytes } from '../../src/kernel/answers.ts';
import { valueBytes } from '../../src/kernel/weights.ts';
import { answers, campaign, enter, lock, many, proclaim, wantLock } from './support/asks.ts';
import { check } from './support/randomness.ts';
import { randomness, commandOf } from './support/everything.ts';
import { Driver, createCommand, id, lockName, outcome } from './support/driver.ts';

const limitOf = (result: CommandResult): unknown =>
  result.ok ? result : result.details?.['limit'];
const from = (session: string, caller: string): Command => {
  const command = createCommand(session);
  return command.type === 'create_session' ? { ...command, caller } : command;
};

/** What a machine knows, by way of its snapshot. */
function tablesOf(driver: Driver): Tables {
  const restorer = new SnapshotRestorer(new Tables(initialLimits));
  for (const chunk of driver.machine.snapshot()) restorer.push(chunk);
  return restorer.end();
}

const ownFrom = (session: string, caller: string): Command => ({
  type: 'acquire',
  sessionId: id(session),
  requestId: 1,
  name: lockName(session),
  mode: 'exclusive',
  waitMs: 0,
  acquiredAtMs: 0,
  ownSession: { clientId: 'c', timeoutMs: 1000, lockDelayMs: 0, caller },
});

describe('the sessions of one caller', () => {
  test('are limited, its holds by client id too, and nobody else is refused for it', () => {
    const driver = Driver.withLimits({ maxSessionsPerCaller: 2 });
    driver.do(from('a', 'x'));
    assert.equal(outcome(driver.do(ownFrom('own', 'x'))), 'granted 1 x1');
    for (const one of [driver, driver.restored()]) {
      const refused = one.do(from('b', 'x'));
      assert.equal(outcome(refused), 'limit_exceeded');
      assert.equal(limitOf(refused), 'max_sessions_per_caller');
      assert.equal(limitOf(one.do(ownFrom('own2', 'x'))), 'max_sessions_per_caller');
      assert.equal(outcome(one.do(from('a', 'x'))), 'session', 'one that stands is found');
      assert.equal(outcome(one.do(from('c', 'y'))), 'session');
      assert.equal(outcome(one.do(createCommand('d'))), 'session', 'of whom no caller is told');
      one.release('own', 'own');
      assert.equal(outcome(one.do(from('b', 'x'))), 'session');
    }
  });

  test('count until all that they had is given back', () => {
    const driver = Driver.withLimits({ maxSessionsPerCaller: 1, maxWorkPerEntry: 1 });
    driver.do(from('large', 'x'));
    for (const name of ['l1', 'l2', 'l3', 'l4', 'l5', 'l6', 'l7']) driver.hold('large', name);
    driver.end('large');
    assert.equal(limitOf(driver.restored().do(from('next', 'x'))), 'max_sessions_per_caller');
    assert.equal(limitOf(driver.do(from('next', 'x'))), 'max_sessions_per_caller');
    while ((driver.machine.nextDueTime() ?? Number.POSITIVE_INFINITY) <= driver.timeMs)
      driver.advance(0);
    assert.equal(outcome(driver.do(from('next', 'x'))), 'session');
  });
});

describe('the waits of one session', () => {
  test('are limited, those for several together one by one', () => {
    const driver = Driver.withLimits({ maxWaitsPerSession: 2 }).sessions('holder', 'a', 'b');
    for (const name of ['x', 'y', 'z']) driver.hold('holder', name);
    driver.do(lock('a', 'x', { waitMs: 100 }));
    const two = [wantLock('y'), wantLock('z')];
    assert.equal(limitOf(driver.do(many('a', two, { waitMs: 100 }))), 'max_waits_per_session');
    assert.equal(outcome(driver.do(lock('a', 'y', { waitMs: 100 }))), 'queued 1');
    for (const one of [driver, driver.restored()]) {
      assert.equal(limitOf(one.do(lock('a', 'z', { waitMs: 100 }))), 'max_waits_per_session');
      assert.equal(outcome(one.do(lock('a', 'z'))), 'lock_held', 'one that does not wait');
      assert.equal(outcome(one.do(many('b', two, { waitMs: 100 }))), 'queued 2');
    }
  });
});

describe('the metadata of one session', () => {
  const text = (length: number): string => 'm'.repeat(length - 2); // With its quotation marks.
  const withMetadata = (name: string, bytes: number, waitMs = 0): Command =>
    lock('a', name, { waitMs, terms: { metadata: text(bytes) } });
  const limit = 'max_metadata_bytes_per_session';

  test('is limited in bytes over all that it holds and waits for', () => {
    const driver = Driver.withLimits({ maxMetadataBytesPerSession: 100 }).sessions('a', 'holder');
    driver.hold('holder', 'busy');
    driver.do(withMetadata('x', 40));
    driver.do(withMetadata('busy', 40, 100));
    assert.equal(limitOf(driver.do(withMetadata('y', 21))), limit);
    assert.equal(limitOf(driver.restored().do(withMetadata('y', 21))), limit);
    assert.equal(outcome(driver.do(withMetadata('y', 20))), 'granted 3 x1');
    driver.release('a', 'x');
    assert.equal(outcome(driver.do(withMetadata('z', 40))), 'granted 4 x1');
    driver.release('holder', 'busy');
    assert.equal(
      limitOf(driver.do(withMetadata('w', 3))),
      limit,
      'that of a wait that was granted',
    );
  });

  test('is replaced where a hold is entered again, and where a leader tells another value', () => {
    const driver = Driver.withLimits({ maxMetadataBytesPerSession: 100 }).sessions('a');
    driver.do(withMetadata('x', 60));
    assert.equal(outcome(driver.do(withMetadata('x', 90))), 'granted 1 x2');
    assert.equal(limitOf(driver.do(withMetadata('x', 101))), limit);
    driver.do(campaign('a', 'e', { terms: { metadata: text(10) } }));
    assert.equal(limitOf(driver.do(proclaim('a', 'e', 2, text(11)))), limit);
    assert.equal(driver.machine.show('election', lockName('e')).leader?.metadata, text(10));
    assert.deepEqual(answers(driver, proclaim('a', 'e', 2, text(9))), ['proclaimed 2']);
  });

  test('counts for each of several', () => {
    const driver = Driver.withLimits({ maxMetadataBytesPerSession: 100 }).sessions('a');
    const three = [wantLock('x'), wantLock('y'), wantLock('z')];
    const terms = { metadata: text(34) };
    assert.equal(limitOf(driver.do(many('a', three, { terms }))), limit);
    assert.equal(outcome(driver.do(many('a', three.slice(1), { terms }))).slice(0, 7), 'granted');
  });

  test('is measured as UTF-8', () => {
    for (const value of ['', 'abc', 'ä', '€', '😀', 'aä€😀', { ü: ['€', 1, null] }])
      assert.equal(valueBytes(value), Buffer.byteLength(JSON.stringify(value)));
  });
});

describe('the remembered answers of one session', () => {
  const limitOfAnswers = 'max_result_bytes_per_session';

  test('are limited in bytes: the oldest is forgotten first, and refused when it comes again', () => {
    const driver = Driver.withLimits({ maxResultBytesPerSession: 2000 }).sessions('a');
    for (let request = 1; request <= 20; request++)
      driver.hold('a', `x${String(request)}`, { request });
    for (const one of [driver, driver.restored()]) {
      assert.equal(outcome(one.acquire('a', 'x1', { request: 1 })), 'request_forgotten');
      assert.equal(outcome(one.acquire('a', 'x20', { request: 20 })), 'granted 20 x1');
    }
  });

  test('are kept for a caller that tells which have arrived: new requests are refused (STATE-REQUEST-4)', () => {
    const driver = Driver.withLimits({ maxResultBytesPerSession: 2000 }).sessions('a');
    const ask = (command: Command, one = driver): CommandResult => one.do(command, 1);
    for (let request = 1; request <= 8; request++)
      assert.ok(ask(lock('a', `x${String(request)}`, { request })).ok);
    driver.hold('a', 'node', { request: 'made-by-a-node-1' });
    const more: readonly Command[] = [
      lock('a', 'y', { request: 20 }),
      campaign('a', 'y', { request: 21 }),
      many('a', [wantLock('y'), wantLock('z')], { request: 22 }),
      enter('a', 'y', 2, 23),
    ];
    for (const one of [driver, driver.restored()]) {
      assert.equal(limitOf(one.do(lock('a', 'y', { request: 19 }))), limitOfAnswers);
      for (const command of more) assert.equal(limitOf(ask(command, one)), limitOfAnswers);
      assert.deepEqual([one.holders('y'), one.holders('z')], [[], []]);
      assert.equal(outcome(ask(lock('a', 'x1', { request: 1 }), one)), 'granted 1 x1');
      assert.equal(outcome(one.release('a', 'x7', { request: 30 })), 'released 7 left 0');
      assert.equal(outcome(one.cancel('a', 'x1', 1)), 'abandoned');
      assert.deepEqual(one.holders('x1'), [], 'what was not told is given back');
      assert.ok(one.do(lock('a', 'y', { request: 40 }), 40).ok, 'all have arrived');
      assert.equal(outcome(one.do(lock('a', 'y', { request: 20 }))), 'request_forgotten');
    }
  });

  test('of a refusal for its bytes are few, and no late copy is executed', () => {
    const driver = Driver.withLimits({ maxResultBytesPerSession: 1 }).sessions('a');
    driver.do(lock('a', 'x', { request: 1 }), 1);
    const wanted = Array.from({ length: 30 }, (_, place) => wantLock(`w${String(place)}`));
    const bytes = (): number => tablesOf(driver).sessions.get(id('a'))?.requests.numberedBytes ?? 0;
    const before = bytes();
    assert.equal(limitOf(driver.do(many('a', wanted, { request: 2 }), 1)), limitOfAnswers);
    assert.ok(bytes() - before < 1500, String(bytes() - before));
    driver.do({
      type: 'set_limits',
      limits: { ...driver.machine.limits, maxResultBytesPerSession: 2 ** 20 },
    });
    assert.equal(limitOf(driver.do(many('a', wanted, { request: 2 }), 1)), limitOfAnswers);
  });

  test('of requests without numbers push none with a number out', () => {
    const driver = Driver.withLimits({ maxResultBytesPerSession: 2000 }).sessions('a');
    driver.hold('a', 'x', { request: 1 });
    for (let count = 1; count < 20; count++)
      driver.hold('a', `y${String(count)}`, { request: `made-by-a-node-${String(count)}` });
    assert.equal(outcome(driver.acquire('a', 'x', { request: 1 })), 'granted 1 x1');
  });

  test('are weighed anew where one becomes another: a restored state forgets the same', () => {
    const driver = Driver.withLimits({ maxResultBytesPerSession: 3000 }).sessions('a');
    for (let request = 1; request <= 8; request++) {
      driver.hold('a', `x${String(request)}`, { request });
      driver.cancel('a', `x${String(request)}`, request);
    }
    const copy = driver.restored();
    for (let request = 9; request <= 12; request++) {
      for (const one of [driver, copy]) one.hold('a', `x${String(request)}`, { request });
      assert.equal(copy.machine.digest(), driver.machine.digest(), String(request));
    }
  });

  test('of requests without numbers are refused as well once they may be forgotten', () => {
    const driver = Driver.withLimits({ maxResultsPerSession: 3 }).sessions('a');
    const name = (counter: number): string => `node-process-${counter.toString(36)}`;
    for (let counter = 34; counter < 40; counter++) {
      driver.hold('a', 'x', { request: name(counter) });
      driver.release('a', 'x');
    }
    for (const one of [driver, driver.restored()]) {
      assert.equal(outcome(one.acquire('a', 'x', { request: name(34) })), 'request_forgotten');
      assert.equal(outcome(one.acquire('a', 'x', { request: name(36) })), 'request_forgotten');
      assert.equal(outcome(one.acquire('a', 'x', { request: name(37) })).slice(0, 7), 'granted');
      assert.deepEqual(one.holders('x'), [], 'not executed again');
      assert.equal(
        outcome(one.acquire('a', 'y', { request: 'other-node-1' })).slice(0, 7),
        'granted',
      );
    }
  });
});

describe('no sequence of commands', () => {
  const limits: Partial<StateLimits> = {
    maxSessions: 5,
    maxSessionsPerCaller: 3,
    maxHoldsPerSession: 4,
    maxWaitsPerSession: 2,
    maxMetadataBytesPerSession: 40,
    maxResultBytesPerSession: 1500,
    maxHoldsPerCaller: 6,
    maxWaitsPerCaller: 3,
    maxMetadataBytesPerCaller: 60,
    maxResultBytesPerCaller: 3000,
    maxResultsPerSession: 5,
    maxHoldsPerResource: 3,
    maxWaitersPerResource: 3,
    maxLocks: 3,
    maxSemaphores: 2,
    maxElections: 2,
    maxBarriers: 2,
    maxLatches: 2,
    maxCacheKeys: 2,
    maxRememberedSessions: 4,
    maxRememberedBytes: 3000,
    maxWorkPerEntry: 2,
  };

  /** Some with metadata, and each session of one of two callers. */
  function dressed(command: Command, number: number): Command {
    const caller = number % 2 === 0 ? 'x' : 'y';
    if (command.type === 'create_session') return { ...command, caller };
    if (!('terms' in command) && !('waitMs' in command)) return command;
    const metadata = 'm'.repeat(number * 5);
    if (command.type === 'acquire_many')
      return { ...command, terms: { ...command.terms, metadata } };
    const own =
      command.ownSession === undefined ? {} : { ownSession: { ...command.ownSession, caller } };
    return { ...command, ...own, terms: { ...command.terms, metadata } };
  }

  function checkBounds(tables: Tables): void {
    const is = tables.limits;
    const perCaller = new Map<string, CallerUse>();
    for (const session of tables.allSessions()) {
      addUse(perCaller, session);
      assert.ok(session.load <= is.maxHoldsPerSession);
      assert.ok(session.waits.size <= is.maxWaitsPerSession);
      assert.equal(session.metadataBytes, metadataOf(session));
      assert.ok(session.metadataBytes <= is.maxMetadataBytesPerSession);
      checkAnswers(session, is);
    }
    for (const [caller, use] of perCaller) {
      assert.ok(use.sessions <= is.maxSessionsPerCaller && use.load <= is.maxHoldsPerCaller);
      assert.ok(use.waits <= is.maxWaitsPerCaller);
      assert.ok(use.metadataBytes <= is.maxMetadataBytesPerCaller);
      assert.deepEqual(tables.callers.of(caller), use);
    }
    assert.ok(tables.sessions.size + tables.ending.size <= is.maxSessions);
    assert.ok(tables.ownEnded.count <= is.maxRememberedSessions + is.maxSessions);
    assert.ok(
      tables.pools.lock.size <= is.maxLocks && tables.pools.semaphore.size <= is.maxSemaphores,
    );
    assert.ok(
      tables.pools.election.size <= is.maxElections && tables.places.barrier.size <= is.maxBarriers,
    );
    for (const pools of Object.values(tables.pools))
      for (const pool of pools.values()) assert.ok(pool.queue.length <= is.maxWaitersPerResource);
  }

  function addUse(uses: Map<string, CallerUse>, session: Session): void {
    const { caller } = session.use;
    if (caller === undefined) return;
    const use = uses.get(caller) ?? new CallerUse(caller);
    uses.set(caller, use);
    use.sessions += 1;
    use.load += session.load;
    use.waits += session.waits.size;
    use.metadataBytes += session.metadataBytes;
    use.answerBytes += session.requests.numberedBytes + session.requests.namedBytes;
  }

  function metadataOf(session: Session): number {
    let bytes = 0;
    for (const holds of [session.holds, session.permits, session.leads])
      for (const hold of holds.values()) bytes += valueBytes(hold.metadata);
    for (const waiter of session.waits.values()) bytes += valueBytes(waiter.terms?.metadata);
    return bytes;
  }

  function checkAnswers({ requests }: Session, is: StateLimits): void {
    let [numbered, named, numberedBytes, namedBytes, largest] = [0, 0, 0, 0, 0];
    for (const [request, answer, result] of requests.capture()) {
      if (result === undefined) continue;
      const bytes = answerBytes(answer);
      largest = Math.max(largest, bytes);
      if (typeof request === 'number') {
        numbered += 1;
        numberedBytes += bytes;
      } else {
        named += 1;
        namedBytes += bytes;
      }
    }
    assert.deepEqual([requests.numberedBytes, requests.namedBytes], [numberedBytes, namedBytes]);
    assert.ok(numbered <= is.maxResultsPerSession && named <= is.maxResultsPerSession);
    assert.ok(namedBytes <= is.maxResultBytesPerSession || named <= 1, String(namedBytes));
    const mayForget = requests.forgotten.ackedBelow === undefined; // STATE-REQUEST-4
    if (mayForget) assert.ok(numberedBytes <= is.maxResultBytesPerSession || numbered <= 1);
    assert.ok(numberedBytes <= is.maxResultsPerSession * largest);
  }

  /** All but what every command of a session changes: its renewal, and its answers. */
  const placesOf = (driver: Driver): readonly string[] =>
    Buffer.concat([...driver.machine.snapshot()])
      .toString()
      .split('\n')
      .filter((line) => /^\["(?:pool|more|barrier|members|latch)"/.test(line));

  test('passes a bound of one caller, and what is refused for one changes nothing', () => {
    check(
      fc.property(randomness, (all) => {
        const driver = Driver.withLimits(limits);
        // One that was restored on the way: its sums are counted anew (QUOTA-3).
        let copy = driver.restored();
        for (const [place, randomness] of all.entries()) {
          if (randomness.kind === 'jump') continue; // Sets other limits.
          if (randomness.kind === 'time') driver.timeMs += randomness.number * 4;
          copy.timeMs = driver.timeMs;
          // What is due has been done before.
          do for (const one of [driver, copy]) one.advance(0);
          while ((driver.machine.nextDueTime() ?? Number.POSITIVE_INFINITY) <= driver.timeMs);
          const command = dressed(commandOf(randomness, driver.machine), randomness.number);
          const ofCopy = copy.do(command);
          const isRefused = !ofCopy.ok && ofCopy.code === 'limit_exceeded';
          const before = isRefused ? placesOf(driver) : [];
          const stats = driver.machine.stats();
          assert.deepEqual(driver.do(command), ofCopy);
          if (isRefused) {
            assert.deepEqual(placesOf(driver), before);
            const { fenceCounter, activeSessions, waiters } = driver.machine.stats();
            assert.deepEqual(
              [fenceCounter, activeSessions, waiters],
              [stats.fenceCounter, stats.activeSessions, stats.waiters],
            );
          }
          // By far the dearest: what is beyond a bound mostly is so for some commands.
          if (place % 3 === 0 || place === all.length - 1) checkBounds(tablesOf(driver));
          if (place % 10 === 0) {
            assert.equal(copy.machine.digest(), driver.machine.digest());
            copy = driver.restored();
          }
        }
      }),
      100,
    );
  });

  test('enters a barrier beyond the holds of a session', () => {
    const driver = Driver.withLimits({ maxHoldsPerSession: 1 }).sessions('a');
    driver.do(enter('a', 'x', 2));
    assert.equal(limitOf(driver.do(enter('a', 'y', 2))), 'max_holds_per_session');
  });
});
