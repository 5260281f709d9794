import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type {
  Applied,
  CommandResult,
  FenceToken,
  RequestId,
  SemaphoreView,
} from '../../src/index.ts';
import { resizeInPartsLevel } from '../../src/kernel/levels.ts';
import { check } from './support/randomness.ts';
import { Driver, eventLine, id, lockName, outcome } from './support/driver.ts';
import { SemaphoreModel } from './support/semaphore-model.ts';
import type { SemaphoreStep } from './support/semaphore-model.ts';

let nextRequest = 5000;

interface Options {
  readonly permits?: number;
  readonly limit?: number;
  readonly waitMs?: number;
  readonly request?: RequestId;
}

function acquire(driver: Driver, session: string, options: Options = {}): CommandResult {
  const { permits = 1, limit, waitMs = 0, request = nextRequest++ } = options;
  return driver.do({
    type: 'acquire_permits',
    sessionId: id(session),
    requestId: request,
    name: lockName('pool'),
    permits,
    waitMs,
    acquiredAtMs: 7,
    ...(limit === undefined ? {} : { limit }),
  });
}

/** Acquires and insists on the grant. */
function hold(driver: Driver, session: string, options: Options = {}): FenceToken {
  const result = acquire(driver, session, options);
  assert.ok(result.ok && result.type === 'granted', outcome(result));
  return result.fenceToken;
}

function release(driver: Driver, session: string, token: number, request?: number): string {
  return outcome(
    driver.do({
      type: 'release_permits',
      sessionId: id(session),
      name: lockName('pool'),
      fenceToken: token as FenceToken,
      ...(request === undefined ? {} : { requestId: request }),
    }),
  );
}

const view = (driver: Driver): SemaphoreView | undefined =>
  driver.machine.show('semaphore', lockName('pool'));
const create = (driver: Driver, limit: number): string =>
  outcome(driver.do({ type: 'create_semaphore', name: lockName('pool'), limit }));
const resize = (driver: Driver, limit: number): string =>
  outcome(driver.do({ type: 'resize_semaphore', name: lockName('pool'), limit }));
const remove = (driver: Driver): string =>
  outcome(driver.do({ type: 'delete_semaphore', name: lockName('pool') }));

describe('a semaphore', () => {
  test('gives as many permits as its limit, each acquire with a token of its own', () => {
    const driver = new Driver().sessions('a', 'b');
    const first = hold(driver, 'a', { permits: 2, limit: 3 });
    const second = hold(driver, 'a');
    assert.ok(second > first);
    assert.equal(outcome(acquire(driver, 'b')), 'no_permits');
    assert.equal(release(driver, 'a', first), `released ${String(first)} left 0`);
    assert.equal(view(driver)?.free, 2);
    hold(driver, 'b', { permits: 2 });
  });

  test('takes permits back once, from who has them, by their token', () => {
    const driver = new Driver().sessions('a', 'b');
    const token = hold(driver, 'a', { limit: 1 });
    assert.equal(release(driver, 'b', token), 'not_holder');
    assert.equal(release(driver, 'a', token, 1), `released ${String(token)} left 0`);
    assert.equal(release(driver, 'a', token, 1), `released ${String(token)} left 0`);
    assert.equal(release(driver, 'a', token, 2), 'not_holder');
  });

  test('has the limit of its first user; another one given later is refused', () => {
    const driver = new Driver().sessions('a');
    assert.equal(outcome(acquire(driver, 'a')), 'semaphore_not_found');
    hold(driver, 'a', { limit: 2 });
    assert.equal(outcome(acquire(driver, 'a', { limit: 3 })), 'limit_mismatch');
    assert.equal(outcome(acquire(driver, 'a', { permits: 3 })), 'limit_exceeded');
    assert.equal(create(driver, 5), 'limit_mismatch');
  });

  test('is gone with its last user, unless it was created to stay', () => {
    const driver = new Driver().sessions('a');
    release(driver, 'a', hold(driver, 'a', { limit: 2 }));
    assert.equal(view(driver), undefined);
    assert.equal(create(driver, 4), 'semaphore 4');
    release(driver, 'a', hold(driver, 'a'));
    assert.equal(view(driver)?.limit, 4);
    hold(driver, 'a');
    assert.equal(remove(driver), 'semaphore_in_use');
    driver.end('a');
    assert.equal(remove(driver), 'semaphore 4');
    assert.equal(view(driver), undefined);
  });

  test('whose limit is lowered leaves its holders what they have, and gives nothing until there is room', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    const token = hold(driver, 'a', { permits: 3, limit: 4 });
    assert.equal(outcome(acquire(driver, 'b', { permits: 2, waitMs: 100 })), 'queued 1');
    assert.equal(outcome(acquire(driver, 'c', { permits: 3, waitMs: 100 })), 'queued 2');
    assert.equal(resize(driver, 2), 'semaphore 2');
    assert.deepEqual(
      driver.lastEvents.map(eventLine).map((line) => line.split(' ')[0]),
      [
        'semaphore_changed',
        'wait_ended', // c would wait for more than there can ever be.
      ],
    );
    assert.equal(view(driver)?.free, -1);
    assert.equal(driver.restored().machine.digest(), driver.machine.digest());
    release(driver, 'a', token);
    assert.equal(view(driver)?.holders[0]?.permits, 2);
    assert.equal(resize(driver, 5), 'semaphore 5');
    assert.equal(view(driver)?.free, 3);
  });

  test('serves its queue in turn: who needs many permits is not passed by who needs few', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    const token = hold(driver, 'a', { limit: 3 });
    acquire(driver, 'b', { permits: 3, waitMs: 100 });
    assert.equal(outcome(acquire(driver, 'c')), 'no_permits');
    assert.equal(outcome(acquire(driver, 'c', { waitMs: 100 })), 'queued 2');
    release(driver, 'a', token);
    assert.deepEqual(
      view(driver)?.holders.map(({ clientId, permits }) => `${clientId} ${String(permits)}`),
      ['client-b 3'],
    );
  });

  test('gets the permits of a session that ends or expires back at once, lock delay or not', () => {
    const driver = new Driver().sessions('b');
    driver.do({
      type: 'create_session',
      sessionId: id('a'),
      clientId: 'client-a',
      timeoutMs: 1000,
      lockDelayMs: 500,
      createdAtMs: 1,
    });
    hold(driver, 'a', { permits: 2, limit: 2 });
    acquire(driver, 'b', { waitMs: 100 });
    driver.expire('a');
    assert.deepEqual(driver.lastEvents.map(eventLine), [
      'session_ended a expired',
      'permits_ended pool a 2 1 expired',
      `permits_granted pool b ${String(nextRequest - 1)} 1 2`,
      `wait_ended pool b ${String(nextRequest - 1)} granted 2 x1`,
    ]);
  });

  test('is another thing than a lock of its name', () => {
    const driver = new Driver().sessions('a', 'b');
    hold(driver, 'a', { limit: 1 });
    driver.hold('b', 'pool');
    assert.equal(driver.holders('pool').length, 1);
    assert.equal(view(driver)?.holders.length, 1);
  });

  test('of a cancelled acquire has back exactly what that one was granted', () => {
    const driver = new Driver().sessions('a');
    hold(driver, 'a', { permits: 1, limit: 3, request: 1 });
    hold(driver, 'a', { permits: 2, request: 2 });
    const cancel = { type: 'abandon', kind: 'semaphore', sessionId: id('a') } as const;
    const result = driver.do({ ...cancel, name: lockName('pool'), requestId: 2 });
    assert.equal(outcome(result), 'abandoned');
    assert.equal(view(driver)?.free, 2);
    assert.equal(outcome(acquire(driver, 'a', { permits: 2, request: 2 })), 'wait_abandoned');
  });
});

const sessions = ['a', 'b', 'c', 'd', 'e'] as const;
const session = fc.constantFrom(...sessions);
const name = fc.constantFrom('p', 'q');
const count = fc.integer({ min: 1, max: 3 });
const request = fc.integer({ min: 1, max: 12 });
const step: fc.Arbitrary<SemaphoreStep> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('acquire' as const),
      session,
      name,
      permits: count,
      limit: fc.option(count, { nil: undefined }),
      waitMs: fc.constantFrom(0, 5, 20),
      request,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('release' as const),
      session,
      name,
      /** Which of its holds; beyond them: a token of nobody. */
      which: fc.nat(3),
      request: fc.option(request, { nil: undefined }),
    }),
  },
  fc.record({ type: fc.constant('abandon' as const), session, name, request }),
  fc.record({ type: fc.constant('create' as const), name, limit: count }),
  fc.record({ type: fc.constant('resize' as const), name, limit: count }),
  fc.record({ type: fc.constant('delete' as const), name }),
  fc.record({ type: fc.constant('begin' as const), session }),
  fc.record({ type: fc.constantFrom('end' as const, 'expire' as const), session }),
  { weight: 3, arbitrary: fc.record({ type: fc.constant('time' as const), byMs: fc.nat(8) }) },
  fc.record({ type: fc.constant('restore' as const) }),
);

/** A semaphore of 10 that is held, six that want 10 of it, and one that wants 1; an entry ends two. */
function shrunk(level: number): Driver {
  const driver = Driver.withLimits({ maxWorkPerEntry: 2 });
  driver.do({ type: 'raise_feature_level', level });
  driver.sessions('a', 'b', 'c');
  hold(driver, 'a', { permits: 10, limit: 10 });
  for (let count = 0; count < 6; count++) acquire(driver, 'b', { permits: 10, waitMs: 1000 });
  acquire(driver, 'c', { permits: 1, waitMs: 1000 });
  return driver;
}
const waiting = (driver: Driver): number => view(driver)?.waiterCount ?? 0;
const isBehind = ({ machine, timeMs }: Driver): boolean =>
  (machine.nextDueTime() ?? Infinity) <= timeMs;

/** Entries without commands until nothing is left to do at this time. */
function* rest(driver: Driver): Generator<Applied> {
  for (let entries = 0; isBehind(driver); entries++) {
    assert.ok(entries < 100, 'it comes to an end');
    yield driver.advance(0);
  }
}

describe('a limit that is lowered below what many wait for (SHRINK-1)', () => {
  test('ends their waits some with each entry, in order, and a restored state goes on alike', () => {
    let driver = shrunk(resizeInPartsLevel);
    assert.equal(resize(driver, 5), 'semaphore 5');
    const left = [waiting(driver)];
    for (let entries = 0; entries < 2; entries++) {
      assert.ok(isBehind(driver), 'the next entry is due at once');
      const copy = driver.restored();
      assert.equal(copy.machine.digest(), driver.machine.digest());
      assert.deepEqual(copy.advance(0), driver.advance(0));
      assert.equal(copy.machine.digest(), driver.machine.digest());
      driver = copy;
      left.push(waiting(driver));
    }
    assert.ok(!isBehind(driver));
    assert.deepEqual(left, [5, 3, 1]);
    assert.deepEqual(
      view(driver)?.waiters.map(({ clientId }) => clientId),
      ['client-c'],
    );
  });

  test('grants them nothing meanwhile, and who is behind them has a turn when they have gone', () => {
    const driver = shrunk(resizeInPartsLevel);
    resize(driver, 5);
    const token = view(driver)?.holders[0]?.fenceToken ?? 0;
    const events = [release(driver, 'a', token), ...driver.lastEvents.map(eventLine)];
    for (const entry of rest(driver)) events.push(...entry.events.map(eventLine));
    assert.equal(events.filter((line) => line.startsWith('permits_granted')).length, 1);
    assert.deepEqual(
      view(driver)?.holders.map(({ clientId }) => clientId),
      ['client-c'],
    );
  });

  test('lets those wait on for whom it is raised again in time', () => {
    const driver = shrunk(resizeInPartsLevel);
    const { events } = driver.entry([
      { type: 'resize_semaphore', name: lockName('pool'), limit: 5 },
      { type: 'resize_semaphore', name: lockName('pool'), limit: 10 },
    ]);
    assert.equal(events.map(eventLine).filter((line) => line.startsWith('wait_ended')).length, 2);
    assert.ok(!isBehind(driver));
    assert.equal(waiting(driver), 5);
  });

  test('ends all of them at once below feature level 3', () => {
    const driver = shrunk(resizeInPartsLevel - 1);
    resize(driver, 5);
    assert.equal(waiting(driver), 1);
    assert.equal(isBehind(driver), false);
  });
});

describe('semaphores against a naive model', () => {
  test('every command has the result and the semaphores that the model has', () => {
    agrees(1, 1000, 600);
  });

  test('so it has, in the end, where what a resize ends does not fit into one entry (SHRINK-1)', () => {
    for (const most of [1, 2]) agrees(resizeInPartsLevel, most, 150);
  });
});

/** @param maxWorkPerEntry What is left of a command is done before the next one. */
function agrees(level: number, maxWorkPerEntry: number, runs: number): void {
  check(
    fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
      let driver = Driver.withLimits({ maxWorkPerEntry });
      driver.do({ type: 'raise_feature_level', level });
      const model = new SemaphoreModel();
      const begun = sessions.map((one) => ({ type: 'begin', session: one }) as const);
      for (const next of [...begun, ...steps]) {
        if (next.type === 'restore') {
          const digest = driver.machine.digest();
          driver = driver.restored();
          assert.equal(driver.machine.digest(), digest);
          continue;
        }
        const { command, expected } = model.execute(next);
        driver.timeMs = model.timeMs;
        assert.equal(outcome(driver.do(command)), expected, JSON.stringify(next));
        Array.from(rest(driver));
        for (const one of ['p', 'q']) {
          const seen = driver.machine.show('semaphore', lockName(one));
          assert.deepEqual(
            seen === undefined ? undefined : model.lineOf(seen),
            model.line(one),
            JSON.stringify(next),
          );
        }
      }
    }),
    runs,
  );
}
