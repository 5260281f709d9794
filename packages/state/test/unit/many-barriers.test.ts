/** Sessions that are inside many barriers (QUOTA-5). */
import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { maxBarriersPerSession } from '../../src/kernel/at-capacity.ts';
import { OrderedMap } from '../../src/kernel/collections/ordered-map.ts';
import { barriersBoundedLevel } from '../../src/kernel/levels.ts';
import { enter, leave } from './support/asks.ts';
import { createCommand, Driver, outcome } from './support/driver.ts';

const textOf = (snapshot: Iterable<Uint8Array>): string => Buffer.concat([...snapshot]).toString();

/** A session that is inside so many barriers, each for two. */
function inside(count: number, featureLevel: number): Driver {
  const driver = Driver.withLimits({ maxBarriers: 20_000, maxHoldsPerSession: 20_000 });
  if (featureLevel > 1) driver.do({ type: 'raise_feature_level', level: featureLevel });
  driver.sessions('s', 'other');
  for (let from = 0; from < count; from += 1000) {
    const numbers = Array.from({ length: Math.min(1000, count - from) }, (_, at) => from + at);
    const { results } = driver.entry(numbers.map((number) => enter('s', String(number), 2)));
    for (const result of results) assert.equal(outcome(result), 'barrier closed');
  }
  return driver;
}

describe('the barriers that one session is inside', () => {
  test('are limited, whatever the limits of holds and of barriers are (QUOTA-5)', () => {
    const driver = inside(maxBarriersPerSession, barriersBoundedLevel);
    for (const each of [driver, driver.restored()]) {
      const before = textOf(each.machine.snapshot());
      const refused = each.do(enter('s', 'one more', 2));
      assert.ok(!refused.ok && refused.code === 'limit_exceeded', outcome(refused));
      assert.equal(refused.details?.['limit'], 'max_barriers_per_session');
      const placesOf = (text: string): readonly string[] =>
        text.split('\n').filter((line) => line.startsWith('["barrier"'));
      assert.deepEqual(placesOf(textOf(each.machine.snapshot())), placesOf(before));
      // It enters again where it is, and anew where it has left another one.
      assert.equal(outcome(each.do(enter('s', '7', 2))), 'barrier closed');
      each.do(leave('s', '8', true));
      assert.equal(outcome(each.do(enter('s', 'one more', 2))), 'barrier closed');
      assert.equal(outcome(each.do(enter('other', 'another', 2))), 'barrier closed');
      each.end('s');
      const left = each.lastEvents.filter(({ type }) => type === 'barrier_left');
      assert.equal(left.length, maxBarriersPerSession);
    }
  });

  test('are not limited below the feature level, and stay where they are when it is raised', () => {
    const driver = inside(maxBarriersPerSession + 1, barriersBoundedLevel - 1);
    driver.do({ type: 'raise_feature_level', level: barriersBoundedLevel });
    assert.equal(outcome(driver.do(enter('s', 'one more', 2))), 'limit_exceeded');
    assert.equal(outcome(driver.do(enter('s', '7', 2))), 'barrier closed');
    driver.end('s');
    const left = driver.lastEvents.filter(({ type }) => type === 'barrier_left');
    assert.equal(left.length, maxBarriersPerSession + 1);
  });

  test('are left with its end while a snapshot is read, and no member of them is walked', () => {
    const driver = new Driver();
    const members = Array.from({ length: 20 }, (_, number) => `member-${String(number)}`);
    driver.entry(['s', ...members].map((session) => createCommand(session)));
    for (let number = 0; number < 10; number++)
      driver.entry(['s', ...members].map((session) => enter(session, String(number), 30)));
    driver.do(enter('s', '3', 30));
    const before = textOf(driver.machine.snapshot());
    const snapshot = driver.machine.snapshot();
    const walks = (['keys', 'values', 'entries'] as const).map((name) =>
      mock.method(OrderedMap.prototype, name),
    );
    const encoded = mock.method(JSON, 'stringify');
    driver.end('s');
    const counts = [...walks, encoded].map((one) => one.mock.callCount());
    for (const one of [...walks, encoded]) one.mock.restore();
    assert.equal(textOf(snapshot), before);
    const [keys, , entries, texts] = counts;
    assert.deepEqual([keys, entries, texts], [0, 0, 0]);
    assert.equal(driver.restored().machine.digest(), driver.machine.digest());
  });
});

test('a snapshot that is cancelled keeps nothing of the members of a barrier (SNAP-2)', () => {
  const driver = new Driver();
  const members = Array.from({ length: 3000 }, (_, number) => `member-${String(number)}`);
  driver.entry(members.map((session) => createCommand(session)));
  driver.entry(members.map((session) => enter(session, 'all', 4000)));
  // Given what the members were when the first of them left while a snapshot was read
  const snapshot = driver.machine.snapshot();
  const capture = mock.method(OrderedMap.prototype, 'capture');
  driver.end('member-0');
  const captured = capture.mock.calls.flatMap(({ result }) =>
    result?.size === members.length ? [result] : [],
  );
  capture.mock.restore();
  assert.equal(captured.length, 1);
  // When another one leaves after that was cancelled, of those that are kept in another place
  snapshot.return?.();
  driver.end('member-2999');
  // Then its members of before were not copied for nobody.
  assert.equal([...(captured[0] ?? [])].length, members.length - 1);
});
