/** The cache as the log has it: KEY-1 to KEY-4 of entries.ts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { restoreStateMachine } from '../../src/index.ts';
import type { CacheCommand, Command, FenceToken } from '../../src/index.ts';
import { Driver, lockName, outcome } from './support/driver.ts';

type Options = Omit<Extract<CacheCommand, { type: 'cache_set' }>, 'type' | 'name' | 'value'>;

const set = (name: string, value: string | number, options: Options = {}): Command => ({
  type: 'cache_set',
  name: lockName(name),
  value,
  ...options,
});
const remove = (name: string, options: Omit<Options, 'ttlMs'> = {}): Command => ({
  type: 'cache_delete',
  name: lockName(name),
  ...options,
});
const valueOf = ({ machine }: Driver, name: string): unknown => {
  const view = machine.show('cache', lockName(name));
  return view === undefined ? undefined : (JSON.parse(view.value) as unknown);
};
const versionOf = ({ machine }: Driver, name: string): number =>
  machine.show('cache', lockName(name))?.version ?? 0;

describe('a key', () => {
  test('has the value and the version of its last write', () => {
    const driver = new Driver();
    driver.do(set('k', 'one'));
    assert.equal(versionOf(driver, 'k'), driver.machine.index);
    const first = versionOf(driver, 'k');
    driver.do(set('k', 'two'));
    assert.equal(valueOf(driver, 'k'), 'two');
    assert.ok(versionOf(driver, 'k') > first);
    assert.equal(outcome(driver.do(remove('k'))), 'cache_deleted');
    assert.equal(valueOf(driver, 'k'), undefined);
    assert.equal(outcome(driver.do(remove('k'))), 'cache_deleted nothing');
  });

  test('is written once in an entry: no two writes of it have one version', () => {
    const driver = new Driver();
    const { results } = driver.entry([
      set('k', 1),
      set('k', 2),
      set('l', 3),
      remove('l'),
      set('l', 4),
    ]);
    assert.deepEqual(
      results.map(outcome).map((text) => text.split(' ')[0]),
      ['cache_written', 'cache_busy', 'cache_written', 'cache_busy', 'cache_busy'],
    );
    assert.deepEqual([valueOf(driver, 'k'), valueOf(driver, 'l')], [1, 3], 'the first ones stand');
    const { results: gone } = driver.entry([remove('k'), set('k', 5)]);
    assert.deepEqual(gone.map(outcome), ['cache_deleted', 'cache_busy']);
    assert.equal(valueOf(driver, 'k'), undefined);
    assert.ok(driver.do(set('k', 6)).ok);
  });

  test('is written only in the version that a write demands', () => {
    const driver = new Driver();
    assert.equal(outcome(driver.do(set('k', 1, { ifVersion: 7 }))), 'version_mismatch');
    driver.do(set('k', 1, { ifVersion: 0 }));
    const version = versionOf(driver, 'k');
    assert.equal(outcome(driver.do(set('k', 2, { ifVersion: 0 }))), 'version_mismatch');
    const refused = driver.do(remove('k', { ifVersion: version - 1 }));
    assert.deepEqual(!refused.ok && refused.details, {
      key: 'k',
      version,
      if_version: version - 1,
    });
    assert.equal(valueOf(driver, 'k'), 1);
    assert.ok(driver.do(set('k', 2, { ifVersion: version })).ok);
    assert.equal(outcome(driver.do(remove('k', { ifVersion: version }))), 'version_mismatch');
    assert.ok(driver.do(remove('k', { ifVersion: versionOf(driver, 'k') })).ok);
  });

  test('is written only while the hold stands that a write names', () => {
    const driver = new Driver().sessions('a', 'b');
    const fenceToken = driver.hold('a', 'reports');
    const ifHeld = { name: lockName('reports'), fenceToken };
    assert.ok(driver.do(set('k', 1, { ifHeld })).ok);
    const others = [
      { ...ifHeld, name: lockName('other') },
      { ...ifHeld, fenceToken: (fenceToken + 1) as FenceToken },
    ];
    for (const other of others)
      assert.equal(outcome(driver.do(set('k', 2, { ifHeld: other }))), 'hold_not_current');
    driver.release('a', 'reports');
    driver.hold('b', 'reports');
    const late = driver.do(set('k', 3, { ifHeld }));
    assert.equal(outcome(late), 'hold_not_current');
    assert.match(String(!late.ok && late.message), /its token is \d+ now/);
    assert.equal(outcome(driver.do(remove('k', { ifHeld }))), 'hold_not_current');
    assert.equal(valueOf(driver, 'k'), 1);
  });

  test('loses its value at its time and not before, and a later write has a time of its own', () => {
    const driver = new Driver();
    driver.do(set('k', 1, { ttlMs: 100 }));
    driver.do(set('stays', 1, { ttlMs: 100 }));
    driver.do(set('stays', 2));
    driver.advance(99);
    assert.equal(valueOf(driver, 'k'), 1);
    assert.equal(driver.machine.show('cache', lockName('k'))?.expiresInMs, 1);
    assert.ok((driver.machine.nextDueTime() ?? 0) > driver.machine.time);
    driver.advance(1);
    assert.equal(valueOf(driver, 'k'), undefined);
    assert.equal(valueOf(driver, 'stays'), 2);
    assert.equal(driver.machine.nextDueTime(), undefined);
    assert.equal(driver.machine.stats().cacheKeys, 1);
  });
});

describe('the cache', () => {
  test('has no more bytes than allowed; what takes no more than before is no reason', () => {
    const driver = Driver.withLimits({ maxCacheBytes: 600 });
    driver.do(set('a', 'x'.repeat(40)));
    driver.do(set('b', 'y'));
    const { cacheBytes } = driver.machine.stats();
    const refused = driver.do(set('c', 'z'));
    assert.deepEqual(!refused.ok && refused.details, { limit: 'max_cache_bytes', value: 600 });
    assert.equal(driver.machine.stats().cacheBytes, cacheBytes);
    assert.ok(driver.do(set('a', 'x'.repeat(30))).ok);
    assert.equal(outcome(driver.do(set('a', 'x'.repeat(400)))), 'limit_exceeded');
    assert.equal(valueOf(driver, 'a'), 'x'.repeat(30));
    driver.do(remove('a'));
    driver.do(remove('b'));
    assert.equal(driver.machine.stats().cacheBytes, 0);
  });

  test('is in a snapshot as it was when that was begun, whatever is written while it is taken', () => {
    const driver = new Driver();
    for (const key of ['a', 'b', 'c']) driver.do(set(key, key, { ttlMs: 50 }));
    const before = driver.machine.digest();
    const snapshot = driver.machine.snapshot();
    driver.do(set('a', 'new'));
    driver.do(remove('b'));
    driver.do(set('d', 'new'));
    driver.advance(50);
    assert.equal(restoreStateMachine(snapshot).digest(), before);
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((key) => valueOf(driver, key)),
      ['new', undefined, undefined, 'new'],
    );
  });

  test('has after any commands the values of a map, on a restored machine too', () => {
    const keys = ['a', 'b', 'ü/€'] as const;
    const step = fc.record({
      key: fc.constantFrom(...keys),
      kind: fc.constantFrom('set', 'set', 'timed', 'if', 'delete', 'time', 'restore'),
      number: fc.integer({ min: 0, max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let driver = new Driver();
        const model = new Map<string, { value: number; version: number; endsMs: number }>();
        for (const { key, kind, number } of steps) {
          if (kind === 'restore') driver = driver.restored();
          else if (kind === 'time') driver.advance(number);
          else if (kind === 'delete') driver.do(remove(key));
          else {
            const ttlMs = kind === 'timed' ? { ttlMs: number + 1 } : {};
            const version = model.get(key)?.version ?? 0;
            const ifVersion = kind === 'if' ? { ifVersion: number > 15 ? version : 1_000_000 } : {};
            driver.do(set(key, number, { ...ttlMs, ...ifVersion }));
          }
          const { index, time } = driver.machine;
          for (const [name, { endsMs }] of model) if (endsMs <= time) model.delete(name);
          if (kind === 'delete') model.delete(key);
          const isWrite = kind === 'set' || kind === 'timed' || kind === 'if';
          if (isWrite && (kind !== 'if' || number > 15))
            model.set(key, {
              value: number,
              version: index,
              endsMs: kind === 'timed' ? time + number + 1 : Number.POSITIVE_INFINITY,
            });
          for (const name of keys) {
            assert.equal(valueOf(driver, name), model.get(name)?.value);
            assert.equal(versionOf(driver, name), model.get(name)?.version ?? 0);
          }
        }
        const { machine } = driver;
        assert.equal(restoreStateMachine(machine.snapshot()).digest(), machine.digest());
      }),
    );
  });
});
