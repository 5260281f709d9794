/** Requests with names that have no order, once their answers are forgotten (STATE-REQUEST-6). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { namesWithoutMakerLevel } from '../../src/kernel/levels.ts';
import { Driver, outcome } from './support/driver.ts';

const uuid = (count: number): string =>
  `0b8f1b76-9d5c-4f0e-9a59-${count.toString(16).padStart(12, '0')}`;

function begun(level: number = namesWithoutMakerLevel): Driver {
  const driver = Driver.withLimits({ maxResultsPerSession: 3 });
  if (level > 1) driver.do({ type: 'raise_feature_level', level });
  return driver.sessions('a', 'b');
}

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

describe('a request by a name that has no order', () => {
  test('given it was granted and is forgotten, then its cancelling says so, and is no success', () => {
    const driver = begun();
    driver.hold('a', 'x', { request: uuid(1) });
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

  test('given it was cancelled before it came, then a late copy is refused, however much was forgotten', () => {
    const driver = begun();
    assert.equal(outcome(driver.cancel('a', 'x', uuid(1))), 'abandoned');
    forgetAll(driver);
    for (const one of both(driver)) {
      assert.equal(outcome(one.acquire('a', 'x', { request: uuid(1) })), 'request_forgotten');
      assert.deepEqual(one.holders('x'), []);
      assert.equal(outcome(one.cancel('a', 'x', uuid(1))), 'abandoned');
    }
  });

  test('given it was given back by its cancelling, then a late copy is refused as well', () => {
    const driver = begun();
    driver.hold('a', 'x', { request: uuid(1) });
    assert.ok(driver.cancel('a', 'x', uuid(1)).ok);
    assert.deepEqual(driver.holders('x'), []);
    forgetAll(driver);
    for (const one of both(driver)) {
      assert.equal(outcome(one.acquire('a', 'x', { request: uuid(1) })), 'request_forgotten');
      assert.deepEqual(one.holders('x'), []);
    }
  });

  test('given others were forgotten, then a new one is executed', () => {
    const driver = begun();
    driver.hold('a', 'x', { request: uuid(1) });
    forgetAll(driver);
    for (const one of both(driver))
      assert.equal(
        outcome(one.acquire('a', 'y', { request: uuid(2) })).slice(0, 7),
        'granted',
        'a session goes on',
      );
  });

  test('given very many were cancelled, then a bounded number of their names is kept, the latest', () => {
    const driver = begun();
    for (let count = 1; count <= 100; count++) {
      driver.acquire('a', 'x', { request: uuid(count) });
      driver.cancel('a', 'x', uuid(count));
    }
    const text = Buffer.concat([...driver.machine.snapshot()]).toString();
    // 64, and the 3 whose answers are remembered.
    assert.equal(new Set(text.match(/0b8f1b76-9d5c-4f0e-9a59-\w{12}/g)).size, 67);
    assert.equal(outcome(driver.acquire('a', 'x', { request: uuid(97) })), 'request_forgotten');
    assert.equal(driver.restored().machine.digest(), driver.machine.digest());
  });

  test('given a level below, then its cancelling is answered and kept as before', () => {
    const driver = begun(namesWithoutMakerLevel - 1);
    driver.hold('a', 'x', { request: uuid(1) });
    forgetAll(driver);
    const text = Buffer.concat([...driver.machine.snapshot()]).toString();
    assert.doesNotMatch(text, new RegExp(`\\[.?"?${uuid(1)}`));
    const session = text.split('\n').find((line) => line.startsWith('["session","a"'));
    assert.match(session ?? '', /,\[\d+,[^,]*,\[\["node-process",\d+\]\],null\]\]$/);
    assert.equal(outcome(driver.cancel('a', 'x', uuid(1))), 'abandoned');
  });
});
