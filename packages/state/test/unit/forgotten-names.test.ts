/** Requests with names that have no order, once their answers are forgotten (STATE-REQUEST-6). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unorderedNamesLevel } from '../../src/kernel/levels.ts';
import { Driver, outcome } from './support/driver.ts';

const uuid = (count: number): string =>
  `0b8f1b76-9d5c-4f0e-9a59-${count.toString(16).padStart(12, '0')}`;

function begun(level: number = unorderedNamesLevel): Driver {
  const driver = Driver.withLimits({ maxResultsPerSession: 3 });
  if (level > 1) driver.do({ type: 'raise_feature_level', level });
  return driver.sessions('a', 'b');
}

/** As a node asks that has applied all that there is. */
const now = (driver: Driver): number => driver.machine.index;

let counter = 0;
/** So many requests without numbers that each answer of before is forgotten. */
function forgetAll(driver: Driver): void {
  for (let count = 0; count < 2; count++) {
    for (const act of ['hold', 'release'] as const) {
      counter += 1;
      driver[act]('a', 'other', { request: `node-process-${counter.toString(36)}` });
    }
  }
}

/** As it is, and as a snapshot has it. */
const both = (driver: Driver): readonly Driver[] => [driver, driver.restored()];

function assertNotExecuted(driver: Driver, name: string, askedAt: number): void {
  for (const one of both(driver)) {
    const late = one.acquire('a', 'x', { request: name, askedAt });
    assert.equal(outcome(late), 'request_forgotten');
    assert.deepEqual(one.holders('x'), []);
  }
}

describe('a late copy of a request by a name that has no order', () => {
  test('given its lock was released and its answer is forgotten, then it is refused', () => {
    const driver = begun();
    const askedAt = now(driver);
    driver.hold('a', 'x', { request: uuid(1), askedAt });
    driver.release('a', 'x');
    forgetAll(driver);
    assertNotExecuted(driver, uuid(1), askedAt);
  });

  test('given it had been refused, then it is refused again, and not executed now that the lock is free', () => {
    const driver = begun();
    driver.hold('b', 'x');
    const askedAt = now(driver);
    assert.equal(outcome(driver.acquire('a', 'x', { request: uuid(1), askedAt })), 'lock_held');
    driver.release('b', 'x');
    forgetAll(driver);
    assertNotExecuted(driver, uuid(1), askedAt);
  });

  test('given it waited for long before it was answered, then it is refused', () => {
    const driver = begun();
    const token = driver.hold('b', 'x');
    const askedAt = now(driver);
    driver.acquire('a', 'x', { request: uuid(1), askedAt, waitMs: 60_000 });
    forgetAll(driver);
    driver.release('b', 'x', { token });
    driver.release('a', 'x');
    forgetAll(driver);
    assertNotExecuted(driver, uuid(1), askedAt);
  });

  test('given it was cancelled before it came, then it is refused, however many others were cancelled since', () => {
    const driver = begun();
    const askedAt = now(driver);
    assert.equal(outcome(driver.cancel('a', 'x', uuid(1))), 'abandoned');
    for (let count = 2; count <= 200; count++) {
      driver.acquire('a', 'x', { request: uuid(count), askedAt: now(driver) });
      driver.cancel('a', 'x', uuid(count));
    }
    assertNotExecuted(driver, uuid(1), askedAt);
    const text = Buffer.concat([...driver.machine.snapshot()]).toString();
    assert.equal(new Set(text.match(/0b8f1b76-9d5c-4f0e-9a59-\w{12}/g)).size, 3);
  });

  test('given its grant was given back by its cancelling, then it is refused', () => {
    const driver = begun();
    const askedAt = now(driver);
    driver.hold('a', 'x', { request: uuid(1), askedAt });
    assert.ok(driver.cancel('a', 'x', uuid(1)).ok);
    forgetAll(driver);
    assertNotExecuted(driver, uuid(1), askedAt);
  });

  test('given a node that came by a snapshot before its answer was forgotten, then it is refused there too', () => {
    const driver = begun();
    const askedAt = now(driver);
    driver.hold('a', 'x', { request: uuid(1), askedAt });
    driver.release('a', 'x');
    const restored = driver.restored();
    assert.equal(restored.machine.digest(), driver.machine.digest());
    forgetAll(restored);
    assertNotExecuted(restored, uuid(1), askedAt);
  });

  test('given it does not tell when it was asked, then it is refused as well', () => {
    const driver = begun();
    driver.hold('a', 'x', { request: uuid(1), askedAt: now(driver) });
    driver.release('a', 'x');
    forgetAll(driver);
    const late = driver.acquire('a', 'x', { request: uuid(1) });
    assert.equal(outcome(late), 'request_forgotten');
  });
});

describe('a request by a name that has no order', () => {
  test('given it was granted and is forgotten, then its cancelling says so, and is no success', () => {
    const driver = begun();
    driver.hold('a', 'x', { request: uuid(1), askedAt: now(driver) });
    forgetAll(driver);
    for (const one of both(driver)) {
      const refused = one.cancel('a', 'x', uuid(1));
      assert.equal(outcome(refused), 'request_forgotten');
      assert.deepEqual(refused.ok ? undefined : refused.details, {
        request_id: uuid(1),
        cancelled: false,
      });
      assert.deepEqual(one.holders('x'), ['a exclusive x1']);
      // Another session has forgotten nothing.
      assert.equal(outcome(one.cancel('b', 'x', uuid(2))), 'abandoned');
    }
  });

  test('given others were forgotten, then a new one is executed, also by a node that is behind', () => {
    const driver = begun();
    driver.hold('a', 'x', { request: uuid(1), askedAt: now(driver) });
    const askedAt = now(driver);
    forgetAll(driver);
    for (const one of both(driver)) {
      const answer = one.acquire('a', 'y', { request: uuid(2), askedAt });
      assert.match(outcome(answer), /^granted/);
    }
  });

  test('given it is asked for again while its answer is remembered, then it gets that answer', () => {
    const driver = begun();
    const askedAt = now(driver);
    const token = driver.hold('a', 'x', { request: uuid(1), askedAt });
    for (const one of both(driver))
      assert.equal(one.hold('a', 'x', { request: uuid(1), askedAt }), token);
  });

  test('given a snapshot of before it was answered, then the snapshot tells nothing of its answer', () => {
    const driver = begun();
    const token = driver.hold('b', 'x');
    driver.acquire('a', 'x', { request: uuid(1), askedAt: now(driver), waitMs: 60_000 });
    const before = Buffer.concat([...driver.machine.snapshot()]).toString();
    const pieces = driver.machine.snapshot();
    driver.release('b', 'x', { token });
    assert.equal(Buffer.concat([...pieces]).toString(), before);
  });

  test('given a level below, then nothing of it is kept, as before', () => {
    const driver = begun(unorderedNamesLevel - 1);
    driver.hold('a', 'x', { request: uuid(1) });
    forgetAll(driver);
    const text = Buffer.concat([...driver.machine.snapshot()]).toString();
    assert.doesNotMatch(text, new RegExp(`\\[.?"?${uuid(1)}`));
    const session = text.split('\n').find((line) => line.startsWith('["session","a"'));
    assert.match(session ?? '', /,\[\d+,[^,]*,\[\["node-process",\d+\]\],null\]\]$/);
    assert.equal(outcome(driver.cancel('a', 'x', uuid(1))), 'abandoned');
  });
});
