import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { PagedList } from '../../src/kernel/collections/paged-list.ts';
import { replacing } from './support/native-tables.ts';
import { check } from './support/randomness.ts';

describe('A list in pages', () => {
  it('is what an array is', () => {
    const step = fc.record({ pops: fc.boolean(), count: fc.nat({ max: 1600 }) });
    check(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const [list, model]: [PagedList<number>, number[]] = [new PagedList<number>(), []];
        for (const { pops, count } of steps)
          for (let number = 0; number < count; number++) {
            if (pops) assert.equal(list.pop(), model.pop());
            else {
              list.push(number);
              model.push(number);
            }
            const at = (number * 31) % (model.length + 1);
            if (at < model.length) {
              list.set(at, -number);
              model[at] = -number;
            }
            assert.equal(list.length, model.length);
          }
        for (let at = 0; at <= model.length; at++) assert.equal(list.get(at), model[at]);
      }),
      40,
    );
  });

  it('has no page of more than its length, however long it is (PAGES-1)', () => {
    const list = new PagedList<number>();
    let longest = 0;
    const { push } = Array.prototype;
    const counting = function (this: unknown[], member: unknown): number {
      push.call(this, member);
      longest = Math.max(longest, this.length);
      return this.length;
    };
    replacing(Array.prototype, 'push', counting, () => {
      for (let number = 0; number < 20_000; number++) list.push(number);
    });
    assert.equal(list.get(19_999), 19_999);
    assert.ok(longest > 0 && longest <= 512, String(longest));
  });
});
