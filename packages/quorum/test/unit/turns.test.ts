import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { turnMs, Turns } from '../../src/node/turns.ts';

const free = (): number => 0;

describe('Turns', () => {
  let turns: Turns;
  let told: string[];
  beforeEach(() => {
    turns = new Turns();
    told = [];
  });

  let nowMs = 0;
  const stand = (id: string, untilMs = 1_000_000, resource = 'a', sinceMs = nowMs++) => {
    const waiter = {
      id,
      sinceMs: sinceMs * 100,
      untilMs,
      tell: (status: 'FREE' | 'TIMEOUT') => void told.push(`${id} ${status}`),
    };
    assert.ok(turns.add(resource, waiter));
    return (): void => turns.remove(resource, waiter);
  };

  it('are told to nobody while a lease stands, and the next look is when it ends', () => {
    stand('first');
    assert.equal(
      turns.tick(1000, () => 40),
      1040,
    );
    assert.deepEqual(told, []);
  });

  it('go first come, first served, one at a time', () => {
    stand('first');
    stand('second');
    assert.equal(turns.tick(1000, free), 1000 + turnMs);
    assert.deepEqual(told, ['first FREE']);
    turns.tick(1000 + turnMs - 1, free);
    assert.deepEqual(told, ['first FREE'], 'the turn is its own for a moment');
    turns.tick(1000 + turnMs, free);
    assert.deepEqual(told, ['first FREE', 'second FREE']);
    assert.equal(turns.tick(1000 + 2 * turnMs, free), undefined);
  });

  it('go to who has waited for longer, wherever, and in the order of ids to who began together', () => {
    const order = (...sinceMs: number[]): string => {
      const names = 'abcdef';
      sinceMs.forEach((ms, place) => stand(names[place] ?? '', 1_000_000, 'b', ms / 100));
      told = [];
      for (let ms = 1000; turns.count('b') > 0; ms += turnMs) turns.tick(ms, free);
      return told.map((line) => line[0]).join('');
    };
    assert.equal(order(300, 200, 100), 'cba');
    for (const arrival of [
      [100, 101, 102],
      [102, 101, 100],
      [101, 102, 100],
    ])
      assert.equal(order(...arrival), 'abc', 'whoever came first: another node sees it otherwise');
    assert.equal(order(106, 100, 105, 99), 'bdac');
  });

  it('keep all others out for that moment, and nobody after it', () => {
    stand('first');
    turns.tick(1000, free);
    assert.equal(turns.turnOfOthersMs('a', 'second', 1000), turnMs);
    assert.equal(turns.turnOfOthersMs('a', undefined, 1100), turnMs - 100);
    assert.equal(turns.turnOfOthersMs('a', 'first', 1000), 0);
    assert.equal(turns.turnOfOthersMs('b', 'second', 1000), 0);
    assert.equal(turns.turnOfOthersMs('a', 'second', 1000 + turnMs), 0);
  });

  it('end when the resource is taken; the next is told when that lease has ended', () => {
    stand('first');
    stand('second');
    turns.tick(1000, free);
    turns.taken('a');
    assert.equal(turns.turnOfOthersMs('a', 'second', 1001), 0);
    assert.equal(
      turns.tick(1001, () => 500),
      1501,
    );
    assert.deepEqual(told, ['first FREE']);
    turns.tick(1501, free);
    assert.deepEqual(told, ['first FREE', 'second FREE']);
  });

  it('of one resource say nothing of another', () => {
    stand('first', 1_000_000, 'a');
    stand('second', 1_000_000, 'b');
    turns.tick(1000, (resource) => (resource === 'a' ? 10 : 0));
    assert.deepEqual(told, ['second FREE']);
  });

  it('are over for those whose time has passed, also behind others', () => {
    stand('first', 5000);
    stand('second', 2000);
    assert.equal(
      turns.tick(1000, () => 9000),
      2000,
    );
    turns.tick(2000, () => 8000);
    assert.deepEqual(told, ['second TIMEOUT']);
    assert.equal(turns.count('a'), 1);
    turns.tick(5000, free);
    assert.deepEqual(told, ['second TIMEOUT', 'first TIMEOUT']);
    assert.equal(turns.count('a'), 0);
  });

  it('are not of those who left', () => {
    const leave = stand('first');
    stand('second');
    leave();
    leave();
    turns.tick(1000, free);
    assert.deepEqual(told, ['second FREE']);
  });

  it('have a limit for each resource', () => {
    for (let waiter = 0; waiter < 1000; waiter++) stand(String(waiter));
    const tell = (): void => undefined;
    assert.equal(turns.add('a', { id: 'late', sinceMs: 0, untilMs: 9, tell }), false);
    assert.equal(turns.count('a'), 1000);
    assert.equal(turns.add('b', { id: 'late', sinceMs: 0, untilMs: 9, tell }), true);
  });

  it('are over for all when the node stops', () => {
    stand('first');
    stand('second', 5000, 'b');
    turns.endAll();
    assert.deepEqual(told, ['first TIMEOUT', 'second TIMEOUT']);
    assert.equal(turns.tick(9999, free), undefined);
    assert.equal(told.length, 2);
  });
});
