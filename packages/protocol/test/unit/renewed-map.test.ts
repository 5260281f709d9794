import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { RenewedMap } from '../../src/renewed-map.ts';

/** What goes on with a map for a while: some come, some of the oldest go. */
const actions = fc.array(fc.record({ add: fc.nat(700), remove: fc.nat(700), oldest: fc.nat(20) }), {
  maxLength: 8,
});

describe('A renewed map', () => {
  it('holds what a Map holds, in the same order (RENEW-2)', () => {
    fc.assert(
      fc.property(actions, (steps) => {
        const plain = new Map<number, string>();
        const renewed = new RenewedMap<number, string>();
        let next = 0;
        for (const { add, remove, oldest } of steps) {
          for (let count = 0; count < add; count++, next++) {
            plain.set(next, `v${String(next)}`);
            renewed.set(next, `v${String(next)}`);
          }
          for (let key = next - remove; key < next; key += 2)
            assert.equal(renewed.delete(key), plain.delete(key));
          for (let count = 0; count < oldest; count++) {
            for (const key of plain.keys()) {
              plain.delete(key);
              break;
            }
            renewed.deleteOldest();
          }
          assert.equal(renewed.size, plain.size);
          assert.deepEqual([...renewed.entries()], [...plain.entries()]);
          assert.equal(renewed.get(next - 1), plain.get(next - 1));
          assert.equal(renewed.has(0), plain.has(0));
        }
        renewed.clear();
        assert.equal(renewed.size, 0);
      }),
    );
  });

  it('shows whoever reads it nothing that was deleted meanwhile (RENEW-2)', () => {
    const map = new RenewedMap<number, number>();
    for (let key = 0; key < 2000; key++) map.set(key, key);
    const seen: number[] = [];
    for (const key of map.keys()) {
      seen.push(key);
      // Itself and one that comes later: the map is renewed while it is read.
      map.delete(key);
      map.delete(key + 1);
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 1000 }, (_, place) => place * 2),
    );
    assert.equal(map.size, 0);
  });

  it('lets go what came and went, without a full collection (RENEW-1)', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
    const oldBytes = (): number =>
      getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')
        ?.space_used_size ?? assert.fail('there is an old generation');
    const map = new RenewedMap<number, readonly number[]>();
    const bytesEach = 8 * 200;
    const goThrough = (from: number, to: number): void => {
      for (let key = from; key < to; key++) {
        map.set(
          key,
          Array.from({ length: 200 }, () => key + 0.5),
        );
        map.delete(key - 64);
        if (key % 500 === 0) collect({ type: 'minor' });
      }
    };
    goThrough(0, 100);
    // The map, and the table that it has now, are in the old generation after this.
    for (let times = 0; times < 4; times++) collect({ type: 'minor' });
    goThrough(100, 5000);
    // A full collection may come in one of them.
    const grown = [1, 2, 3].map((part) => {
      const before = oldBytes();
      goThrough(part * 5000, (part + 1) * 5000);
      return oldBytes() - before;
    });
    // Of a plain Map a third and more stays: what was in it each time it got another table.
    assert.ok(Math.max(...grown) < (5000 * bytesEach) / 10, `${grown.join(', ')} bytes stayed`);
  });
});
