import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { hashOfNumber, hashOfText } from '../../src/kernel/collections/hash.ts';
import { maxLeafSize } from '../../src/kernel/collections/hash-index.ts';
import { OrderedMap, segmentLength } from '../../src/kernel/collections/ordered-map.ts';
import { replacing, watchingTables } from './support/native-tables.ts';
import { check } from './support/randomness.ts';

/** A hash that `mixed` makes to one with the same lower 16 bits as those of all other keys: its steps, backwards. */
function alikeBelow(key: number): number {
  let bits = (key << 16) | 7;
  bits = Math.imul(bits ^ (bits >>> 16), 0x7ed1_b41d);
  bits = Math.imul(bits ^ (bits >>> 13) ^ (bits >>> 26), 0xa5cb_9243);
  return bits ^ (bits >>> 16);
}

const entriesOf = (map: OrderedMap<number, number>): readonly (readonly [number, number])[] => [
  ...map.entries(),
];

/** Blocks of keys, so that segments fill, become empty and go. */
const change = fc.oneof(
  fc.record({
    type: fc.constant('set' as const),
    from: fc.nat({ max: 9000 }),
    count: fc.nat({ max: 3000 }),
  }),
  fc.record({
    type: fc.constant('delete' as const),
    from: fc.nat({ max: 9000 }),
    count: fc.nat({ max: 4000 }),
  }),
  fc.record({
    type: fc.constant('turn over' as const),
    from: fc.nat({ max: 9 }),
    count: fc.nat({ max: 3000 }),
  }),
);
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

interface Target {
  set(key: number, value: number): unknown;
  delete(key: number): unknown;
}

function apply({ type, from, count }: Change, step: number, targets: readonly Target[]): void {
  for (let key = from; key < from + count; key++)
    for (const target of targets) {
      if (type === 'set') target.set(key, step);
      else if (type === 'delete') target.delete(key);
      else {
        target.set(from, key);
        if (key < from + count - 1) target.delete(from);
      }
    }
}

/** Looks at how many words the tables of an index have. */
function watchingLeaves(run: (seen: { readonly largest: number }) => void): void {
  const seen = { largest: 0 };
  class WatchedWords extends Uint32Array {
    constructor(length: number) {
      super(length);
      seen.largest = Math.max(seen.largest, length);
    }
  }
  replacing(globalThis, 'Uint32Array', WatchedWords, () => run(seen));
}

describe('A map that grows in small steps', () => {
  it('is what a Map is, in the order of a Map (GROW-2)', () => {
    check(
      fc.property(fc.array(change, { maxLength: 14 }), (changes) => {
        const map = new OrderedMap<number, number>(hashOfNumber);
        /** Many keys have one hash (INDEX-2). */
        const alike = new OrderedMap<number, number>((key) => key % 50);
        const model = new Map<number, number>();
        changes.forEach((one, step) => {
          apply(one, step, [map, alike, model]);
          assert.deepEqual(entriesOf(alike), entriesOf(map));
          assert.equal(map.size, model.size);
          assert.equal(map.firstKey(), [...model.keys()][0]);
          for (let key = 0; key < 12_000; key += 197) {
            assert.equal(map.get(key), model.get(key));
            assert.equal(map.has(key), model.has(key));
          }
        });
        assert.deepEqual(entriesOf(map), [...model]);
        assert.deepEqual([...map.keys()], [...model.keys()]);
      }),
      25,
    );
  });

  it('shows a reader what a Map shows, whatever comes and goes meanwhile (GROW-2)', () => {
    check(
      fc.property(
        fc.array(change, { maxLength: 6 }),
        fc.array(change, { maxLength: 6 }),
        fc.integer({ min: 1, max: 1500 }),
        (first, later, every) => {
          const map = new OrderedMap<number, number>(hashOfNumber);
          const model = new Map<number, number>();
          first.forEach((one, step) => apply(one, step, [map, model]));
          const read = (
            target: Target,
            entries: Iterable<readonly [number, number]>,
          ): unknown[] => {
            const seen: unknown[] = [];
            for (const [key, value] of entries) {
              seen.push([key, value]);
              const one = seen.length % every === 0 ? later[seen.length / every - 1] : undefined;
              if (one !== undefined) apply(one, seen.length, [target]);
            }
            return seen;
          };
          assert.deepEqual(read(map, map.entries()), read(model, model.entries()));
        },
      ),
      25,
    );
  });

  it('keeps what was captured as it was, and copies only what changes (GROW-3)', () => {
    check(
      fc.property(
        fc.array(change, { maxLength: 6 }),
        fc.array(change, { maxLength: 6 }),
        (first, later) => {
          const map = new OrderedMap<number, number>(hashOfNumber);
          first.forEach((one, step) => apply(one, step, [map]));
          const expected = [...map.values()];
          const captured = map.capture();
          later.forEach((one, step) => apply(one, -step, [map]));
          assert.deepEqual([...captured], expected);
          assert.equal(captured.size, expected.length);
          const again = map.capture();
          assert.deepEqual([...again], [...map.values()]);
        },
      ),
      20,
    );
  });

  it('given a first segment that is full, then its keys enter the index a few at a time (GROW-5)', () => {
    let hashed = 0;
    const map = new OrderedMap<number, number>((key) => {
      hashed += 1;
      return hashOfNumber(key);
    });
    const hashedBy = (operation: () => void): number => {
      hashed = 0;
      operation();
      return hashed;
    };
    for (let key = 0; key < segmentLength; key++) map.set(key, key);
    const many = segmentLength + 600; // No leaf of the index is full by then.
    for (let key = segmentLength; key < many; key++) {
      const calls = hashedBy(() => void map.set(key, key));
      assert.ok(calls <= 10, `${String(calls)} keys were hashed for one`);
      // Whether it has entered the index or not, it is found, keeps its place, and goes.
      const first = (key * 7919) % segmentLength;
      assert.equal(map.get(first), first);
      map.set(first, first);
      if (key % 2 === 0) continue;
      const goes = (key * 31) % segmentLength;
      map.delete(goes);
      assert.equal(map.has(goes), false);
      map.set(goes, goes);
    }
    assert.equal(map.size, many);
    assert.equal(new Set(map.keys()).size, many);
  });

  for (const [label, keyOf] of [
    ['numbers', (number: number): string | number => number],
    ['names', (number: number): string | number => `lock/${String(number).padStart(9, '0')}`],
  ] as const)
    it(`given 20,000 ${label}, then no operation moves more than a segment and a leaf have (GROW-1, INDEX-1)`, () => {
      const hashOf = (key: string | number): number =>
        typeof key === 'number' ? hashOfNumber(key) : hashOfText(key);
      const map = new OrderedMap<string | number, number>(hashOf);
      watchingLeaves((leaves) => {
        watchingTables(segmentLength, (seen) => {
          let most = 0;
          const measured = (operation: () => void): void => {
            seen.moved = 0;
            operation();
            most = Math.max(most, seen.moved);
          };
          for (let number = 0; number < 20_000; number++)
            measured(() => void map.set(keyOf(number), number));
          for (let number = 0; number < 20_000; number++)
            measured(() => void map.delete(keyOf((number * 7919) % 20_000)));
          assert.equal(map.size, 0);
          // Beside the entry itself, and those that enter the index with it.
          assert.ok(most > 1 && most <= segmentLength + 11, `${String(most)} were moved`);
          assert.ok(
            leaves.largest > 0 && leaves.largest <= (maxLeafSize * 8) / 3,
            `${String(leaves.largest)} words`,
          );
          assert.ok(seen.largest <= segmentLength, `${String(seen.largest)} ${seen.where}`);
        });
      });
    });

  it('given keys whose hashes are alike, then the index has a directory for as many entries (INDEX-3)', () => {
    let longest = 0;
    const { concat } = Array.prototype;
    const watching = function (this: unknown[], more: unknown[]): unknown[] {
      longest = Math.max(longest, this.length + more.length);
      return concat.call(this, more);
    };
    const map = new OrderedMap<number, number>(alikeBelow);
    replacing(Array.prototype, 'concat', watching, () => {
      for (let key = 0; key < 6000; key++) map.set(key, -key);
    });
    assert.ok(longest > 1 && longest <= 1024, `${String(longest)} references`);
    for (let key = 0; key < 6000; key++) assert.equal(map.get(key), -key);
  });

  it('given few that stay while others come and go, then segments in which nothing is left go (GROW-4)', (t) => {
    const map = new OrderedMap<number, number>(hashOfNumber);
    map.set(-1, 0);
    for (let key = 0; key < 5 * segmentLength; key++) {
      map.set(key, key);
      if (key >= 10) map.delete(key - 10);
    }
    let maps = 0;
    const { values } = Map.prototype;
    t.mock.method(Map.prototype, 'values', function counting(this: Map<unknown, unknown>) {
      maps += 1;
      return values.call(this);
    });
    assert.equal([...map.values()].length, 11);
    assert.ok(maps <= 3, `${String(maps)} segments`);
  });
});
