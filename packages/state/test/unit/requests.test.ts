import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Driver, lockName, id, outcome } from './support/driver.ts';

describe('a repeated request', () => {
  test('gets the idempotent response and is executed once', () => {
    const driver = new Driver().sessions('a', 'b');
    const first = driver.acquire('a', 'x', { request: 1 });
    assert.deepEqual(driver.acquire('a', 'x', { request: 1 }), first);
    assert.deepEqual(driver.holders('x'), ['a exclusive x1']);
    const refused = driver.acquire('b', 'x', { request: 'node-made' });
    const released = driver.release('a', 'x', { request: 2 });
    assert.deepEqual(driver.release('a', 'x', { request: 2 }), released);
    assert.deepEqual(
      driver.acquire('b', 'x', { request: 'node-made' }),
      refused,
      'also a refusal, though the lock is free now',
    );
    assert.deepEqual(driver.acquire('a', 'x', { request: 1 }), first, 'also after the release');
    assert.deepEqual(driver.holders('x'), []);
  });

  test('in the same entry gets the idempotent response too', () => {
    const driver = new Driver().sessions('a');
    const command = {
      type: 'acquire',
      sessionId: id('a'),
      requestId: 1,
      name: lockName('x'),
      mode: 'exclusive',
      waitMs: 0,
      acquiredAtMs: 0,
    } as const;
    const { results } = driver.entry([command, command]);
    assert.deepEqual(results.map(outcome), ['granted 1 x1', 'granted 1 x1']);
  });

  test('of the same id for something else is refused and changes nothing', () => {
    const driver = new Driver().sessions('a', 'b');
    driver.hold('a', 'x', { request: 1 });
    driver.release('a', 'gone', { request: 2, token: 9 });
    driver.acquire('b', 'x', { request: 3, waitMs: 100 });
    const reused = [
      driver.acquire('a', 'y', { request: 1 }),
      driver.acquire('a', 'x', { request: 1, mode: 'shared' }),
      driver.release('a', 'x', { request: 1 }),
      driver.acquire('a', 'gone', { request: 2 }),
      driver.release('a', 'gone', { request: 2, token: 8 }),
      driver.release('a', 'gone', { request: 2 }),
      driver.cancel('a', 'y', 1),
      driver.cancel('a', 'gone', 2),
      driver.acquire('b', 'x', { request: 3, waitMs: 0 }),
    ];
    assert.deepEqual(
      reused.map(outcome),
      reused.map(() => 'request_reused'),
    );
    assert.deepEqual(driver.holders('x'), ['a exclusive x1']);
    assert.deepEqual(driver.waiters('x'), ['b']);
  });
});

describe('forgetting answers', () => {
  test('a number that may have been forgotten is refused, never executed again', () => {
    const driver = Driver.withLimits({ maxResultsPerSession: 3 }).sessions('a');
    for (const request of [1, 2, 3, 10]) driver.hold('a', `x${String(request)}`, { request });
    for (const request of [0, 1]) {
      const refused = driver.acquire('a', 'x1', { request });
      assert.equal(outcome(refused), 'request_forgotten', `request ${String(request)}`);
    }
    assert.equal(outcome(driver.release('a', 'x1', { request: 1 })), 'request_forgotten');
    assert.equal(outcome(driver.cancel('a', 'x1', 1)), 'request_forgotten');
    assert.deepEqual(driver.holders('x1'), ['a exclusive x1']);
    assert.equal(outcome(driver.acquire('a', 'x2', { request: 2 })), 'granted 2 x1');
    assert.equal(outcome(driver.acquire('a', 'new', { request: 5 })), 'granted 5 x1');
  });

  test('answers that have arrived are forgotten early, and stay refused', () => {
    const driver = new Driver().sessions('a');
    driver.hold('a', 'x', { request: 1 });
    driver.hold('a', 'y', { request: 2 });
    driver.hold('a', 'z', { request: 3, ackedBelow: 2 });
    assert.equal(outcome(driver.acquire('a', 'x', { request: 1 })), 'request_forgotten');
    assert.equal(outcome(driver.acquire('a', 'y', { request: 2 })), 'granted 2 x1');
    const copy = driver.restored();
    assert.equal(outcome(copy.acquire('a', 'x', { request: 1 })), 'request_forgotten');
    assert.equal(outcome(copy.acquire('a', 'w', { request: 0 })), 'request_forgotten');
  });

  test('a request that waits is never forgotten, and its answer is kept as the newest', () => {
    const driver = Driver.withLimits({ maxResultsPerSession: 2 }).sessions('a', 'b');
    driver.hold('a', 'x');
    driver.acquire('b', 'x', { request: 1, waitMs: 100 });
    driver.acquire('b', 'x', { request: 'n', waitMs: 100 });
    for (let request = 2; request < 9; request++) {
      driver.acquire('b', 'free', { request });
      driver.acquire('b', 'free', { request: `n${String(request)}` });
    }
    assert.equal(outcome(driver.acquire('b', 'x', { request: 1, waitMs: 1 })), 'queued 1');
    assert.equal(outcome(driver.acquire('b', 'x', { request: 'n', waitMs: 1 })), 'queued 2');
    driver.release('a', 'x');
    driver.acquire('b', 'free', { request: 9 });
    assert.equal(outcome(driver.acquire('b', 'x', { request: 1, waitMs: 1 })), 'granted 3 x1');
  });

  test('at most the configured number of answers is kept for each kind of id', () => {
    const driver = Driver.withLimits({ maxResultsPerSession: 5 }).sessions('holder');
    for (let request = 0; request < 50; request++) {
      driver.acquire('holder', 'x', { request });
      driver.acquire('holder', 'x', { request: `n${String(request)}` });
    }
    let text = '';
    for (const chunk of driver.machine.snapshot()) text += Buffer.from(chunk).toString();
    assert.equal(text.match(/\["a",\d+,/g)?.length, 5);
    assert.equal(text.match(/\["a","n\d+",/g)?.length, 5);
  });
});
