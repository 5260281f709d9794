import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DueTimes } from '../../src/node/due-times.ts';
import type { Due } from '../../src/node/due-times.ts';

interface Item extends Due {
  readonly name: string;
}

const item = (name: string): Item => ({ name, dueMs: 0, place: -1 });

describe('Due times', () => {
  it('are taken out earliest first, and not before they are due', () => {
    const times = new DueTimes<Item>();
    for (const [name, dueMs] of [
      ['c', 30],
      ['a', 10],
      ['b', 20],
    ] as const)
      times.set(item(name), dueMs);
    assert.equal(times.nextMs, 10);
    assert.deepEqual(times.takeDue(9), []);
    assert.deepEqual(
      times.takeDue(20).map(({ name }) => name),
      ['a', 'b'],
    );
    assert.equal(times.nextMs, 30);
    assert.equal(times.size, 1);
    times.takeDue(30);
    assert.equal(times.nextMs, undefined);
  });

  it('are moved by a second time (LEASE-DUE-1), and removed once or twice', () => {
    const times = new DueTimes<Item>();
    const a = item('a');
    times.set(a, 10);
    times.set(a, 50);
    assert.equal(times.size, 1);
    assert.deepEqual(times.takeDue(49), []);
    times.remove(a);
    times.remove(a);
    assert.equal(times.size, 0);
    times.set(a, 5);
    assert.deepEqual(times.takeDue(5), [a]);
  });

  it('are those of a sorted list, whatever is put, moved, removed and taken (LEASE-DUE-1)', () => {
    const action = fc.oneof(
      // Mostly full: a heap of a few is nearly in order anyway.
      {
        weight: 8,
        arbitrary: fc.record({ type: fc.constant('set'), index: fc.nat(15), ms: fc.nat(60) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          type: fc.constant('remove'),
          index: fc.nat(15),
          ms: fc.constant(0),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ type: fc.constant('take'), index: fc.constant(0), ms: fc.nat(60) }),
      },
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 100, size: 'max' }), (actions) => {
        const times = new DueTimes<Item>();
        const items = Array.from({ length: 16 }, (_, index) => item(String(index)));
        const model = new Map<string, number>();
        for (const { type, index, ms } of [...actions, { type: 'take', index: 0, ms: 60 }]) {
          const one = items[index] as Item;
          if (type === 'set') {
            times.set(one, ms);
            model.set(one.name, ms);
          } else if (type === 'remove') {
            times.remove(one);
            model.delete(one.name);
          } else {
            const due = [...model].filter(([, dueMs]) => dueMs <= ms);
            const taken = times.takeDue(ms);
            assert.deepEqual(
              taken.map(({ dueMs }) => dueMs),
              due.map(([, dueMs]) => dueMs).toSorted((left, right) => left - right),
            );
            assert.deepEqual(
              new Set(taken.map(({ name }) => name)),
              new Set(due.map(([name]) => name)),
            );
            for (const [name] of due) model.delete(name);
          }
          assert.equal(times.size, model.size);
          assert.equal(times.nextMs, model.size === 0 ? undefined : Math.min(...model.values()));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('cost steps by the logarithm of how many there are (LEASE-DUE-2)', () => {
    let looks = 0;
    const counted = (): Due => {
      let dueMs = 0;
      return {
        place: -1,
        get dueMs() {
          looks += 1;
          return dueMs;
        },
        set dueMs(ms) {
          dueMs = ms;
        },
      };
    };
    const times = new DueTimes();
    const items = Array.from({ length: 10_000 }, counted);
    // Each is before all that are in already: the way up is the longest.
    for (const [index, one] of items.entries()) times.set(one, -index);
    for (const one of items) times.set(one, 20_000);
    for (const one of items.slice(0, 5000)) times.remove(one);
    times.takeDue(20_000);
    // 14 levels; a step down looks at two children and at what sinks.
    assert.ok(looks < 30_000 * 6 * 14, `${String(looks)} looks`);
  });
});
