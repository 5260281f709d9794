import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FenceToken, HoldsPage } from '../../src/index.ts';
import { CallerUse } from '../../src/kernel/caller-use.ts';
import { SessionOf } from '../../src/kernel/sessions/sessions.ts';
import type { Waiter } from '../../src/primitives/holds/pool.ts';
import { enter, leave } from './support/asks.ts';
import { Driver, id, lockName } from './support/driver.ts';

/** All pages of a session, with what happens after each. */
function pagesOf(
  driver: Driver,
  limit: number,
  between: () => void = () => undefined,
): HoldsPage[] {
  const pages: HoldsPage[] = [];
  let after: number | undefined = 0;
  while (after !== undefined) {
    const page: HoldsPage | undefined = driver.machine.holdsOf(id('s'), after, limit);
    assert.ok(page !== undefined);
    pages.push(page);
    after = page.nextAfter;
    between();
  }
  return pages;
}

const names = (pages: readonly HoldsPage[]): readonly string[] =>
  pages.flatMap(({ holds, permits, leads }) =>
    [...holds, ...permits, ...leads].map(({ name }) => String(name)),
  );

const digestOf = (driver: Driver): string | undefined =>
  driver.machine.holdsOf(id('s'), 0, 0)?.digest;

function withHolds(count: number): Driver {
  const driver = new Driver().sessions('s');
  for (let index = 0; index < count; index++) driver.hold('s', `lock ${String(index)}`);
  return driver;
}

function permits(driver: Driver, name: string): FenceToken {
  const result = driver.do({
    type: 'acquire_permits',
    sessionId: id('s'),
    requestId: 1,
    name: lockName(name),
    permits: 1,
    limit: 100_000,
    waitMs: 0,
    acquiredAtMs: 7,
  });
  assert.ok(result.ok && result.type === 'granted');
  return result.fenceToken;
}

describe('pages of what a session holds', () => {
  it('given holds of all kinds, then each is on one page, in the order in which they began', () => {
    const driver = withHolds(3);
    permits(driver, 'semaphore');
    driver.do({
      type: 'campaign',
      sessionId: id('s'),
      requestId: 2,
      name: lockName('election'),
      waitMs: 0,
      acquiredAtMs: 7,
    });
    driver.hold('s', 'last');
    const pages = pagesOf(driver, 2);
    assert.deepEqual(names(pages), ['lock 0', 'lock 1', 'lock 2', 'semaphore', 'last', 'election']);
    assert.deepEqual(
      pages.map(({ holds, permits: taken, leads }) => holds.length + taken.length + leads.length),
      [2, 2, 2],
    );
    const counts = { locks: 4, permits: 1, leads: 1, barriers: 0 };
    for (const page of pages) assert.deepEqual(page.counts, counts);
  });

  it('given grants, ends and an upgrade between the pages, then whatever stands throughout is told', () => {
    const driver = withHolds(200);
    driver.release('s', 'lock 0');
    driver.hold('s', 'read', { mode: 'shared' });
    let step = 0;
    const pages = pagesOf(driver, 10, () => {
      step += 1;
      // Before and behind the page that comes next; enough of them that the gaps are closed.
      for (let index = 0; index < 8; index++)
        driver.release('s', `lock ${String(step * 8 + index)}`);
      if (step < 5) driver.hold('s', `new ${String(step)}`);
      if (step === 3) driver.hold('s', 'read', { mode: 'exclusive' });
    });
    const told = new Set(names(pages));
    const standing = driver.machine.holdsOf(id('s'), 0, 1000)?.holds ?? [];
    for (const { name } of standing) assert.ok(told.has(name), name);
    assert.equal(names(pages).length, told.size, 'nothing is told twice');
  });

  it('given a restore between two pages, then the next page goes on where the one before ended', () => {
    const driver = withHolds(10);
    const first = driver.machine.holdsOf(id('s'), 0, 4);
    assert.ok(first?.nextAfter !== undefined);
    const next = driver.restored().machine.holdsOf(id('s'), first.nextAfter, 4);
    assert.deepEqual(next, driver.machine.holdsOf(id('s'), first.nextAfter, 4));
    assert.equal(next?.holds[0]?.name, 'lock 4');
  });

  it('given names of the longest, then a page is cut off by what it weighs', () => {
    const driver = new Driver().sessions('s');
    for (let index = 0; index < 500; index++)
      driver.hold('s', `${String(index).padStart(4, '0')}${'ä'.repeat(252)}`);
    const pages = pagesOf(driver, 1000);
    assert.ok(pages.length > 1);
    assert.equal(names(pages).length, 500);
    for (const page of pages) assert.ok(Buffer.byteLength(JSON.stringify(page)) < 1024 * 1024);
  });
});

describe('the digest of what a session holds', () => {
  it('given grants and ends in any order, then it depends on what is held alone', () => {
    const driver = withHolds(3);
    const before = digestOf(driver);
    driver.hold('s', 'x');
    const token = permits(driver, 'p');
    assert.notEqual(digestOf(driver), before);
    driver.release('s', 'x');
    driver.do({
      type: 'release_permits',
      sessionId: id('s'),
      name: lockName('p'),
      fenceToken: token,
    });
    assert.equal(digestOf(driver), before);
  });

  it('given an upgrade, or another acquire of the same, then it stays: it is the same hold', () => {
    const driver = new Driver().sessions('s');
    driver.hold('s', 'x', { mode: 'shared' });
    const before = digestOf(driver);
    driver.hold('s', 'x', { mode: 'exclusive' });
    driver.hold('s', 'x');
    assert.equal(digestOf(driver), before);
  });

  it('given a restore, then it is the same as before', () => {
    const driver = withHolds(20);
    driver.release('s', 'lock 3');
    permits(driver, 'p');
    assert.equal(digestOf(driver.restored()), digestOf(driver));
  });
});

describe('what is shown of a resource with many holders and waiters', () => {
  it('given 300 readers and 300 that wait, then 100 of each are shown, or as many as are asked for', () => {
    const driver = new Driver();
    for (let index = 0; index < 300; index++) {
      driver.sessions(`reader ${String(index)}`, `writer ${String(index)}`);
      driver.hold(`reader ${String(index)}`, 'x', { mode: 'shared' });
    }
    for (let index = 0; index < 300; index++)
      driver.acquire(`writer ${String(index)}`, 'x', { waitMs: 1000 });
    const seen = driver.lock('x');
    assert.deepEqual(
      [seen.holders.length, seen.holderCount, seen.waiters.length, seen.waiterCount],
      [100, 300, 100, 300],
    );
    const more = driver.machine.show('lock', lockName('x'), { limit: 250 });
    assert.deepEqual([more.holders.length, more.waiters.length], [250, 250]);
    const page = driver.machine.list('lock', { prefix: '', limit: 10 });
    assert.ok(page.kind === 'lock');
    const [listed] = page.rows;
    assert.deepEqual([listed?.holders.length, listed?.holderCount], [10, 300]);
  });

  it('given a token that is not among those shown, then its hold is found, and who else has one', () => {
    const driver = new Driver();
    const tokens: FenceToken[] = [];
    for (let index = 0; index < 300; index++) {
      driver.sessions(`reader ${String(index)}`);
      tokens.push(driver.hold(`reader ${String(index)}`, 'x', { mode: 'shared' }));
    }
    const token = tokens[250];
    assert.ok(token !== undefined);
    const find = (holder: Parameters<typeof driver.machine.findHold>[3]) =>
      driver.machine.findHold('lock', lockName('x'), token, holder);
    assert.equal(find(undefined).hold?.sessionId, 'reader 250');
    assert.equal(find({ clientId: 'client-reader 250' }).hold?.fenceToken, token);
    const wrong = find({ sessionId: id('reader 7') });
    assert.deepEqual(
      [wrong.hold, wrong.other?.fenceToken, wrong.heldByOther, wrong.shown.length],
      [undefined, tokens[7], true, 10],
    );
    assert.equal(wrong.currentToken, tokens.at(-1));
    const { holders } = driver.machine.show('lock', lockName('x'), { limit: 3, fenceToken: token });
    assert.deepEqual(
      holders.map((holder) => holder.fenceToken),
      [token, tokens[0], tokens[1]],
    );
  });

  it('given a session that waits at many places, then they come in pages', () => {
    const driver = new Driver().sessions('holder', 's');
    for (let index = 0; index < 25; index++) {
      driver.hold('holder', `x ${String(index)}`);
      driver.acquire('s', `x ${String(index)}`, { waitMs: 1000 });
    }
    const told: string[] = [];
    let after: number | undefined = 0;
    while (after !== undefined) {
      const page: ReturnType<typeof driver.machine.waitsOf> = driver.machine.waitsOf(
        id('s'),
        after,
        10,
      );
      assert.equal(page.count, 25);
      told.push(...page.places.map(({ name }) => String(name)));
      after = page.nextAfter;
    }
    assert.deepEqual(
      told,
      Array.from({ length: 25 }, (_, index) => `x ${String(index)}`),
    );
  });

  it('given pages of a session that waits at many places, then a page walks from where the last one ended', () => {
    const driver = new Driver().sessions('holder', 's');
    for (let index = 0; index < 40; index++) {
      driver.hold('holder', `x ${String(index)}`);
      driver.acquire('s', `x ${String(index)}`, { waitMs: 1000, request: index });
    }
    const first = driver.machine.waitsOf(id('s'), 0, 10);
    assert.ok(first.nextAfter !== undefined);
    // Those of the next page go, and one comes: what stands throughout is told.
    for (let index = 10; index < 15; index++) driver.cancel('s', `x ${String(index)}`, index);
    driver.hold('holder', 'new');
    driver.acquire('s', 'new', { waitMs: 1000 });
    const rest = driver.machine.waitsOf(id('s'), first.nextAfter, 100);
    assert.deepEqual(
      rest.places.map(({ name }) => String(name)),
      [...Array.from({ length: 25 }, (_, index) => `x ${String(index + 15)}`), 'new'],
    );
    const copy = driver.restored().machine.waitsOf(id('s'), first.nextAfter, 100);
    assert.deepEqual(copy, rest);
  });

  it('given a late page, then the waits before it are not walked again', () => {
    const session = new SessionOf(
      { id: id('s'), clientId: 'c', timeoutMs: 1, lockDelayMs: 0, createdAtMs: 1, own: false },
      new CallerUse(undefined),
      0,
      0,
    );
    for (let sequence = 1; sequence <= 10_000; sequence++)
      session.addWait({ session, sequence } as unknown as Waiter);
    const numbersOf = (after: number): readonly number[] =>
      Array.from(session.waitsAfter(after), ({ sequence }) => sequence);
    assert.deepEqual(numbersOf(9998), [9999, 10_000]);
    const value = (): never => assert.fail('all waits are walked');
    Object.defineProperty(session.waits, 'values', { value });
    assert.deepEqual(numbersOf(9999), [10_000]);
  });

  it('given barriers entered in any order, then a session has them by round, also when restored', () => {
    const driver = new Driver().sessions('first', 's');
    for (const name of ['z', 'y', 'x', 'w']) driver.do(enter('first', name, 3));
    for (const name of ['x', 'z', 'w', 'y']) driver.do(enter('s', name, 3));
    assert.deepEqual(driver.machine.session(id('s'))?.barriers, ['z', 'y', 'x', 'w']);
    driver.do(leave('s', 'y', true));
    assert.deepEqual(driver.machine.session(id('s'))?.barriers, ['z', 'x', 'w']);
    assert.deepEqual(driver.restored().machine.session(id('s')), driver.machine.session(id('s')));
  });
});
