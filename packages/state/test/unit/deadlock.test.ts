import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { execute } from '../../src/kernel/execute.ts';
import { Searches } from '../../src/primitives/holds/searches.ts';
import { beginSession } from '../../src/kernel/sessions/lifetimes.ts';
import { Tables } from '../../src/kernel/tables.ts';
import { shorterSearchesLevel } from '../../src/kernel/levels.ts';
import { lock } from './support/asks.ts';
import { createCommand, Driver, outcome, id, lockName, roomyLimits } from './support/driver.ts';
import { watchingArrays } from './support/native-tables.ts';
import type { Command } from '../../src/index.ts';

/** One entry of the log: all its searches have one bound. */
class Entry {
  readonly tables: Tables = new Tables({
    ...roomyLimits,
    maxSessions: 100_000,
    maxWaitersPerResource: 10_000,
  });
  #request = 0;

  sessions(count: number, prefix: string): readonly string[] {
    const names = Array.from({ length: count }, (_, number) => `${prefix}${String(number)}`);
    for (const name of names) this.session(name);
    return names;
  }

  session(name: string): void {
    const facts = { clientId: name, timeoutMs: 1000, lockDelayMs: 0, createdAtMs: 1, own: false };
    beginSession(this.tables, { id: id(name), ...facts }, this.tables.callers.of(undefined));
  }

  lock(
    session: string,
    name: string,
    waitMs = 0,
    mode: 'shared' | 'exclusive' = 'exclusive',
  ): string {
    return this.#told({ type: 'acquire', mode, ...this.#ask(session, name, waitMs) });
  }

  permits(session: string, name: string, waitMs = 0): string {
    const ask = { ...this.#ask(session, name, waitMs), permits: 1, limit: 10_000 };
    return this.#told({ type: 'acquire_permits', ...ask });
  }

  release(sessionId: string, name: string): void {
    const command = { type: 'release', sessionId: id(sessionId), name: lockName(name) } as const;
    assert.equal(this.#told(command), 'released');
  }

  /** As if the entry had done so much already, or a new one began. */
  allow(steps: number): void {
    this.tables.searches = new Searches(steps);
  }

  #told(command: Command): string {
    return outcome(execute(this.tables, { identity: 'anonymous', command })).replace(/ .*/, '');
  }

  #ask(session: string, name: string, waitMs: number) {
    const requestId = (this.#request += 1);
    return { sessionId: id(session), requestId, name: lockName(name), waitMs, acquiredAtMs: 1 };
  }
}

/** A wait for "x" of the session "origin" closes a cycle through the session "other". */
function almostACycle(entry: Entry, holders: number): void {
  entry.session('origin');
  entry.session('other');
  entry.lock('origin', 'y');
  for (const reader of entry.sessions(holders, 'reader')) entry.lock(reader, 'x', 0, 'shared');
  entry.lock('other', 'x', 0, 'shared');
  entry.lock('other', 'y', 100);
}

describe('the searches for cycles of one entry', () => {
  it('given a cycle within the bound, then the request that closes it is refused', () => {
    const entry = new Entry();
    almostACycle(entry, 20);
    entry.allow(60);
    assert.equal(entry.lock('origin', 'x', 100), 'deadlock');
  });

  for (const steps of [0, 5, 30])
    it(`given a cycle that needs more than the ${String(steps)} steps that are left, then the request waits`, () => {
      const entry = new Entry();
      almostACycle(entry, 20);
      entry.allow(steps);
      assert.equal(entry.lock('origin', 'x', 100), 'queued');
      assert.equal(entry.tables.searches.stepsLeft, 0);
    });

  it('given a queue that is longer than the bound, then the request waits', () => {
    const entry = new Entry();
    entry.session('origin');
    entry.session('holder');
    entry.lock('holder', 'x');
    entry.lock('holder', 'y');
    entry.lock('origin', 'z');
    entry.session('first');
    // Behind the origin in one queue, ahead of it in the other.
    entry.lock('origin', 'y', 100);
    entry.lock('first', 'y', 100);
    entry.lock('first', 'x', 100);
    for (const waiter of entry.sessions(50, 'waiter')) entry.lock(waiter, 'x', 100);
    entry.allow(40);
    assert.equal(entry.lock('origin', 'x', 100), 'queued');
    entry.allow(100);
    assert.equal(entry.lock('origin', 'x', 100), 'deadlock');
  });

  it('given a cycle behind more waits than the bound, then the request waits (STATE-DEADLOCK-3)', () => {
    const entry = new Entry();
    for (const name of ['origin', 'holder', 'other']) entry.session(name);
    entry.lock('holder', 'x');
    entry.lock('other', 'y');
    // The other one waits for the origin, which stands at the head of the same queue.
    entry.lock('origin', 'x', 100);
    for (const waiter of entry.sessions(50, 'waiter')) entry.lock(waiter, 'x', 100);
    entry.lock('other', 'x', 100);
    entry.allow(40);
    assert.equal(entry.lock('origin', 'y', 100), 'queued');
    assert.equal(entry.tables.searches.stepsLeft, 0);
    entry.allow(100);
    assert.equal(entry.lock('origin', 'y', 100), 'deadlock');
  });

  it('given 1,000 waits behind 10,000 holds of a semaphore, then the holds are looked at once', () => {
    const entry = new Entry();
    for (const holder of entry.sessions(10_000, 'holder')) entry.permits(holder, 's');
    const waiters = entry.sessions(1000, 'waiter');
    for (const waiter of waiters) entry.lock(waiter, `lock of ${waiter}`);
    // Each is behind the others, so the queue alone is 1,000 * 1,000 / 2 steps.
    entry.allow(1_000_000);
    for (const waiter of waiters) assert.equal(entry.permits(waiter, 's', 100), 'queued');
    const steps = 1_000_000 - entry.tables.searches.stepsLeft;
    assert.ok(steps <= 10_000 + (1000 * 1000) / 2, String(steps));
  });

  it('given a cycle through 2,000 sessions, then telling it moves no member for another one (STATE-DEADLOCK-3)', () => {
    const entry = new Entry();
    const sessions = entry.sessions(2000, 's');
    sessions.forEach((session, at) => entry.lock(session, String(at)));
    for (let at = 1; at < sessions.length; at++)
      assert.equal(entry.lock(`s${String(at)}`, String((at + 1) % 2000), 100), 'queued');
    const { told, moved } = watchingArrays((seen) => ({
      told: entry.lock('s0', '1', 100),
      moved: seen.moved,
    }));
    assert.equal(told, 'deadlock');
    assert.ok(moved < 2000, String(moved));
  });

  it('given a hold that ends between two searches of an entry, then the second one does not see it', () => {
    const entry = new Entry();
    for (const name of ['one', 'two', 'three', 'writer']) entry.session(name);
    for (const name of ['one', 'two', 'three']) entry.lock(name, 'x', 0, 'shared');
    entry.lock('writer', 'z');
    assert.equal(entry.lock('writer', 'x', 100), 'queued');
    entry.release('two', 'x');
    entry.lock('two', 'y');
    assert.equal(entry.lock('two', 'z', 100), 'queued');
    assert.equal(entry.lock('one', 'z', 100), 'deadlock');
  });
});

describe('the bound of searches', () => {
  for (const [level, told] of [
    [shorterSearchesLevel - 1, 'deadlock'],
    [shorterSearchesLevel, 'queued'],
  ] as const)
    it(`given feature level ${String(level)} and an entry that looked at 127,000 waiters, then a cycle behind them is ${told}, in a restored state too (STATE-DEADLOCK-3)`, () => {
      const driver = Driver.withLimits({ maxWaitersPerResource: 2000 });
      driver.do({ type: 'raise_feature_level', level });
      const waiters = Array.from({ length: 1000 }, (_, at) => `waiter-${String(at)}`);
      const askers = Array.from({ length: 120 }, (_, at) => `asker-${String(at)}`);
      driver.entry(['holder', ...waiters, ...askers].map((name) => createCommand(name)));
      driver.hold('holder', 'x');
      for (const asker of askers) driver.hold(asker, `lock of ${asker}`);
      driver.entry(waiters.map((name) => lock(name, 'x', { waitMs: 1000 })));
      // Each of them goes through the queue, for somebody may wait for what it holds.
      const asked = askers.map((name) => lock(name, 'x', { waitMs: 1000 }));
      const closing = lock('holder', 'lock of asker-0', { waitMs: 1000 });
      for (const each of [driver.restored(), driver]) {
        const { results } = each.entry([...asked, closing]);
        const outcomes = results.map((result) => outcome(result).replace(/ .*/, ''));
        assert.deepEqual(outcomes, [...askers.map(() => 'queued'), told]);
        assert.equal(
          outcome(each.do(lock('holder', 'lock of asker-1', { waitMs: 1 }))),
          'deadlock',
        );
      }
    });
});
