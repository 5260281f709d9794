/** Pages of listings, of every kind. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ListedKind, ListWanted } from '../../src/index.ts';
import { campaign, enter } from './support/asks.ts';
import { Driver, id, lockName } from './support/driver.ts';

/** All pages, one after the other, and how many there were. */
function namesOf(
  { machine }: Driver,
  kind: ListedKind,
  wanted: Partial<ListWanted> = {},
): { readonly names: readonly string[]; readonly pages: number } {
  const names: string[] = [];
  let after: string | undefined;
  let pages = 0;
  do {
    const begin = after === undefined ? {} : { after };
    const page = machine.list(kind, { prefix: '', limit: 2, ...wanted, ...begin });
    names.push(...page.rows.map((row) => ('name' in row ? row.name : row.sessionId)));
    assert.ok(page.rows.length <= (wanted.limit ?? 2));
    after = page.nextAfter;
    pages += 1;
  } while (after !== undefined);
  return { names, pages };
}

const kinds = ['lock', 'semaphore', 'election', 'barrier', 'latch'] as const;

/** Of each kind what a and b use. */
function used(): Driver {
  const driver = new Driver().sessions('a', 'b');
  for (const [index, name] of ['x/1', 'x/2', 'x/3', 'y'].entries()) {
    const who = index % 2 === 0 ? 'a' : 'b';
    driver.hold(who, name);
    driver.do({ type: 'create_semaphore', name: lockName(name), limit: 3 });
    driver.do(campaign(who, name));
    driver.do(enter(who, name, 2));
    driver.do({ type: 'create_latch', name: lockName(name), count: 2 });
  }
  return driver;
}

describe('A list', () => {
  test('of any kind has all names of a prefix in order, page after page, also after a restore', () => {
    const driver = used();
    for (const one of [driver, driver.restored()])
      for (const kind of kinds) {
        assert.deepEqual(namesOf(one, kind).names, ['x/1', 'x/2', 'x/3', 'y'], kind);
        assert.deepEqual(namesOf(one, kind, { prefix: 'x/' }).names, ['x/1', 'x/2', 'x/3'], kind);
        assert.deepEqual(namesOf(one, kind, { prefix: 'x/2' }).names, ['x/2'], kind);
        assert.equal(namesOf(one, kind, { limit: 10 }).pages, 1, kind);
      }
  });

  test('of what is waited for has that and nothing else, of all that have wait queues', () => {
    const driver = used();
    driver.acquire('b', 'x/3', { waitMs: 1000 });
    driver.do(campaign('b', 'x/1', { waitMs: 1000 }));
    const waitedFor = { waitedFor: true };
    assert.deepEqual(namesOf(driver, 'lock', waitedFor).names, ['x/3']);
    assert.deepEqual(namesOf(driver, 'election', waitedFor).names, ['x/1']);
    for (const kind of ['semaphore', 'barrier', 'latch', 'session'] as const)
      assert.deepEqual(namesOf(driver, kind, waitedFor).names, [], kind);
  });

  test('of what a client uses has that and nothing else', () => {
    const driver = used();
    for (const kind of ['lock', 'election', 'barrier'] as const)
      assert.deepEqual(namesOf(driver, kind, { clientId: 'client-b' }).names, ['x/2', 'y'], kind);
    assert.deepEqual(namesOf(driver, 'session', { clientId: 'client-b' }).names, [id('b')]);
    assert.deepEqual(namesOf(driver, 'semaphore', { clientId: 'client-b' }).names, []);
  });

  test('forgets what has gone', () => {
    const driver = used();
    driver.do({ type: 'delete_latch', name: lockName('x/2') });
    driver.do({ type: 'delete_semaphore', name: lockName('x/2') });
    driver.do({ type: 'end_session', sessionId: id('b') });
    assert.deepEqual(namesOf(driver, 'latch').names, ['x/1', 'x/3', 'y']);
    assert.deepEqual(namesOf(driver, 'semaphore').names, ['x/1', 'x/3', 'y']);
    for (const kind of ['lock', 'election', 'barrier'] as const)
      assert.deepEqual(namesOf(driver, kind).names, ['x/1', 'x/3'], kind);
    assert.deepEqual(namesOf(driver, 'session').names, [id('a')]);
  });

  test('looks at so many names for one page, and tells where the next one goes on', () => {
    const driver = new Driver();
    for (let count = 0; count < 6000; count++) driver.sessions(`s${String(count)}`);
    const wanted = { prefix: '', limit: 10, clientId: 'nobody' };
    const first = driver.machine.list('session', wanted);
    assert.deepEqual(first.rows, []);
    assert.ok(first.nextAfter !== undefined);
    const next = driver.machine.list('session', { ...wanted, after: first.nextAfter });
    assert.equal(next.nextAfter, undefined);
  });

  test('looks at so many names that nobody holds for one page, and tells where the next one goes on (LIST-1)', () => {
    const driver = Driver.withLimits({ maxLatches: 10_002 });
    for (let count = 0; count < 10_002; count++)
      driver.do({ type: 'create_latch', name: lockName(String(count + 10_000)), count: 1 });
    const wanted = { prefix: '', limit: 10, clientId: 'nobody' };
    const first = driver.machine.list('latch', wanted);
    assert.deepEqual(first.rows, []);
    assert.equal(first.nextAfter, '20000');
    const next = driver.machine.list('latch', { ...wanted, after: first.nextAfter });
    assert.deepEqual([next.rows, next.nextAfter], [[], undefined]);
  });

  test('has what a client uses among more holders than a page looks at (LIST-4)', () => {
    const driver = new Driver();
    const holders = Array.from({ length: 5001 }, (_, number) => `s${String(number)}`);
    driver.sessions(...holders);
    for (const who of holders.slice(0, -1)) driver.hold(who, 'a', { mode: 'shared' });
    for (const who of holders) driver.hold(who, 'b', { mode: 'shared' });
    driver.hold('s1', 'c');
    const found = (who: string): unknown =>
      namesOf(driver, 'lock', { clientId: `client-${who}`, limit: 10 });
    assert.deepEqual(found('s5000'), { names: ['b'], pages: 2 });
    assert.deepEqual(found('s1'), { names: ['a', 'b', 'c'], pages: 1 });
  });
});
