import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { turnMs, WaitQueues } from '../../src/node/wait-queues.ts';
import type { LeaseWaiter } from '../../src/node/wait-queues.ts';
import { NaiveWaitQueues } from './support/naive-wait-queues.ts';

const free = (): number => 0;
const nodes = { minLength: 3, maxLength: 3 };

describe('WaitQueues', () => {
  let turns: WaitQueues;
  let told: string[];
  beforeEach(() => {
    turns = new WaitQueues(1000);
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
    assert.equal(turns.add(resource, waiter, 0), undefined);
    return (): void => turns.remove(waiter);
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

  /** @param ofNode When each arrives, and for how long it has waited by then, as the node sees it. */
  const orderOf = (
    ofNode: readonly (Omit<LeaseWaiter, 'untilMs' | 'tell'> & { readonly atMs: number })[],
  ): string => {
    const node = new WaitQueues();
    const order: string[] = [];
    for (const { atMs, ...waiter } of ofNode.toSorted((one, other) => one.atMs - other.atMs)) {
      const tell = (): void => void order.push(waiter.id);
      assert.equal(node.add('b', { ...waiter, untilMs: 1e9, tell }, atMs), undefined);
    }
    for (let ms = 1e6; node.count('b') > 0; ms += turnMs) node.tick(ms, free);
    return order.join('');
  };

  it('go to who has waited for longer, wherever, where clients do not say when they began', () => {
    const waits = [300, 200, 100].map((sinceMs, place) => ({ id: 'abc'[place] ?? '', sinceMs }));
    assert.equal(orderOf(waits.map((waiter) => ({ ...waiter, atMs: 400 }))), 'cba');
  });

  it('are in one order on all nodes, whenever each of them hears of whom', () => {
    const wait = fc.record({ beganMs: fc.nat(30), lateMs: fc.array(fc.nat(1900), nodes) });
    fc.assert(
      fc.property(fc.array(wait, { maxLength: 40 }), (waits) => {
        const orders = [0, 1, 2].map((node) =>
          orderOf(
            waits.map(({ beganMs, lateMs }, index) => {
              // Each node has a clock of its own; what is under way counts as not waited.
              const atMs = node * 1000 + beganMs + (lateMs[node] ?? 0);
              const id = String.fromCodePoint(0x4e00 + index);
              return { id, sinceMs: atMs, beganMs: 1_800_000_000_000 + beganMs, atMs };
            }),
          ),
        );
        assert.equal(new Set(orders).size, 1, orders.join(' '));
      }),
      { numRuns: 300 },
    );
  });

  it('are moved by a clock that is wrong by two seconds at most', () => {
    const hourMs = 3_600_000;
    const wallMs = 1_800_000_000_000;
    const at = (id: string, atMs: number, wrongMs = 0) => ({
      id,
      sinceMs: atMs,
      beganMs: wallMs + atMs + wrongMs,
      atMs,
    });
    const many = Array.from({ length: 10 }, (_, index) => at(String(index), index * 1000));
    assert.equal(orderOf([...many, at('x', 5500, -hourMs)]), '0123x456789');
    assert.equal(orderOf([...many, at('x', 5500, hourMs)]), '01234567x89');
    const first = [at('x', 0, hourMs), ...many.map(({ id, atMs }) => at(id, atMs + 1))];
    assert.equal(orderOf(first).replace('x', ''), '0123456789', 'also where it was the first');
    assert.ok(orderOf(first).indexOf('x') <= 3);
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
    const late = { id: 'late', sinceMs: 0, untilMs: 9, tell };
    assert.deepEqual(turns.add('a', late, 0), { what: 'resource', limit: 1000 });
    assert.equal(turns.count('a'), 1000);
    assert.equal(turns.add('b', late, 0), undefined);
  });

  it('have a limit for all resources, and room again when one is told', () => {
    const tell = (): void => undefined;
    const add = (resource: string): boolean =>
      turns.add(resource, { id: 'w', sinceMs: 0, untilMs: 5000, tell }, 0) === undefined;
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

  it('cost a look at the line that changed, however many others there are (VOTER-TURN-1)', () => {
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
    assert.equal(looks, many, 'for those there is no wait queue');
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

describe('WaitQueues with a plan of when to look', () => {
  /** Told by whom, what, when. */
  interface Side {
    readonly told: string[];
    readonly waiters: { readonly resource: string; readonly waiter: LeaseWaiter }[];
  }

  it('tell the same, at the same ms, as if every line were looked at every ms (VOTER-TURN-2)', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const planned = new WaitQueues();
        const naive = new NaiveWaitQueues();
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
            const waiter: LeaseWaiter = {
              id,
              // Many began nearly together.
              sinceMs: nowMs - (ms % 12),
              untilMs: nowMs + ms * 3,
              tell: (status) => void side.told.push(`${String(nowMs)} ${resource} ${id} ${status}`),
            };
            side.waiters.push({ resource, waiter });
            if (index === 0) planned.add(resource, waiter, nowMs);
            else naive.add(resource, waiter);
          }
        };
        const leaves = (ms: number): void => {
          for (const [index, { waiters }] of sides.entries()) {
            const one = waiters[ms % Math.max(1, waiters.length)];
            if (one === undefined) continue;
            if (index === 0) planned.remove(one.waiter);
            else naive.remove(one.resource, one.waiter);
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
