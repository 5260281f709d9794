import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { turnMs, Turns } from '../../src/node/turns.ts';
import type { Waiter } from '../../src/node/turns.ts';
import { NaiveTurns } from './support/naive-turns.ts';

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

  it('have a limit for all resources, and room again when one is told', () => {
    const tell = (): void => undefined;
    const add = (resource: string): boolean =>
      turns.add(resource, { id: 'w', sinceMs: 0, untilMs: 5000, tell });
    for (let index = 0; index < 50_000; index++) assert.ok(add(`r${String(index)}`));
    assert.equal(add('r0'), false);
    assert.equal(add('late'), false);
    assert.equal(turns.count('late'), 0);
    turns.tick(1000, (resource) => (resource === 'r7' ? 0 : 9000));
    assert.equal(add('late'), false, 'who was told has the turn: its line is still there');
    assert.equal(add('r0'), true);
    turns.tick(5000, () => 9000);
    assert.equal(add('late'), true);
  });

  it('cost a look at the line that changed, however many others there are (T1)', () => {
    const many = 10_000;
    let looks = 0;
    const remainingMs = (): number => {
      looks += 1;
      return 4000;
    };
    for (let index = 0; index < many; index++) {
      stand('w', 1_000_000, `r${String(index)}`);
      turns.tick(1000, remainingMs);
    }
    assert.equal(looks, many);
    for (let index = 0; index < 256; index++) {
      turns.taken(`other${String(index)}`);
      turns.changed(`other${String(index)}`);
      turns.tick(1001, remainingMs);
    }
    assert.equal(looks, many, 'for those there is no line');
    turns.changed('r5');
    turns.tick(1001, remainingMs);
    assert.equal(looks, many + 1);
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

/** A resource, and one of its waiters or a time. */
const step = fc.record({
  type: fc.constantFrom('wait', 'leave', 'grant', 'take', 'renew', 'shorten', 'release', 'pass'),
  resource: fc.constantFrom('a', 'b', 'c'),
  id: fc.constantFrom('v', 'w', 'x', 'y', 'z'),
  ms: fc.nat(300),
});

describe('Turns with a plan of when to look', () => {
  /** Told by whom, what, when. */
  interface Side {
    readonly told: string[];
    readonly waiters: { readonly resource: string; readonly waiter: Waiter }[];
  }

  it('tell the same, at the same ms, as if every line were looked at every ms (T2)', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const planned = new Turns();
        const naive = new NaiveTurns();
        const sides: readonly Side[] = [
          { told: [], waiters: [] },
          { told: [], waiters: [] },
        ];
        const endsAtMs = new Map<string, number>();
        let nowMs = 0;
        let lookAtMs: number | undefined;
        const remainingMs = (resource: string): number =>
          Math.max(0, (endsAtMs.get(resource) ?? 0) - nowMs);
        const look = (): void => {
          naive.tick(nowMs, remainingMs);
          lookAtMs = planned.tick(nowMs, remainingMs);
          assert.ok(lookAtMs === undefined || lookAtMs > nowMs);
        };
        const pass = (ms: number): void => {
          for (const endMs = nowMs + ms; nowMs < endMs;) {
            nowMs += 1;
            naive.tick(nowMs, remainingMs);
            if (lookAtMs === nowMs) lookAtMs = planned.tick(nowMs, remainingMs);
          }
        };
        const waits = (resource: string, id: string, ms: number): void => {
          for (const [index, side] of sides.entries()) {
            const waiter: Waiter = {
              id,
              // Many began nearly together.
              sinceMs: nowMs - (ms % 12),
              untilMs: nowMs + ms * 3,
              tell: (status) => void side.told.push(`${String(nowMs)} ${resource} ${id} ${status}`),
            };
            side.waiters.push({ resource, waiter });
            (index === 0 ? planned : naive).add(resource, waiter);
          }
        };
        const leaves = (ms: number): void => {
          for (const [index, { waiters }] of sides.entries()) {
            const one = waiters[ms % Math.max(1, waiters.length)];
            if (one !== undefined) (index === 0 ? planned : naive).remove(one.resource, one.waiter);
          }
        };
        for (const { type, resource, id, ms } of steps) {
          const leftMs = remainingMs(resource);
          if (type === 'wait') waits(resource, id, ms);
          else if (type === 'leave') leaves(ms);
          else if (type === 'pass') pass(ms);
          else if (type === 'renew' && leftMs > 0) endsAtMs.set(resource, nowMs + leftMs + ms);
          else if (type === 'grant' && leftMs === 0) {
            // As long as it is not on disk nobody says so.
            endsAtMs.set(resource, nowMs + ms);
          } else if (type === 'take') {
            if (leftMs === 0) endsAtMs.set(resource, nowMs + ms);
            planned.taken(resource);
            naive.taken(resource);
          } else if (type === 'shorten' || type === 'release') {
            endsAtMs.set(resource, nowMs + (type === 'release' ? 0 : Math.min(leftMs, ms)));
            planned.changed(resource);
          }
          look();
          const [ours, others] = sides.map(({ told }) => told.toSorted());
          assert.deepEqual(ours, others);
          assert.equal(planned.count(resource), naive.count(resource));
          assert.equal(
            planned.turnOfOthersMs(resource, id, nowMs),
            naive.turnOfOthersMs(resource, id, nowMs),
          );
        }
        pass(1000);
        assert.deepEqual(sides[0]?.told.toSorted(), sides[1]?.told.toSorted());
      }),
      { numRuns: 1000 },
    );
  });
});
