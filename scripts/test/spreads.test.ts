import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { spreads } from '../check-spreads.ts';

const found = (source: string): number => spreads('x.ts', source).length;

describe('The check of lists that are spread into calls', () => {
  it('finds a list of any length, wherever it is put on the stack', () => {
    assert.equal(found('holds.push(...pool.holds);'), 1);
    assert.equal(found('const a = Math.max(0, ...list.map(String));'), 1);
    assert.equal(found('settle(tables, ...changed);'), 1);
    assert.equal(found('const a = new Thing(...list);'), 1);
    assert.equal(found('String.fromCharCode.apply(null, codes);'), 1);
    assert.equal(found('a(\n  ...first,\n  ...second,\n);'), 2);
    assert.equal(found('f(...[...list]);'), 1);
    assert.equal(found("f(...['a', ...[...list, ...other]]);"), 2);
    assert.equal(found('f.apply(it, [...list]);'), 1);
    assert.equal(found("f['apply'](it, list);"), 1);
    assert.equal(found('Reflect.apply(f, it, list);'), 1);
    assert.equal(found('Reflect.apply(f, it, [first, ...list]);'), 1);
    assert.equal(found('const a = Reflect.construct(Thing, list);'), 1);
    assert.match(spreads('x.ts', '\na(...b);')[0] ?? '', /^x\.ts:2: .*a\(\.\.\.b\);/);
  });

  it('lets pass what is no call, what is written out, and what a caller gave', () => {
    assert.equal(found('const a = [...list, ...other]; const b = { ...a };'), 0);
    assert.equal(found("lines.push(...['a', 'b']);"), 0);
    assert.equal(found('const f = (...given: string[]): void => g(1, ...given);'), 0);
    assert.equal(found('const f = (...given: string[]): void => g(...[1, ...given]);'), 0);
    assert.equal(found('Reflect.apply(f, list, [first]); Reflect.ownKeys(list);'), 0);
    assert.equal(found('machine.apply({ index: 1 });'), 0);
  });

  it('takes a reason, and nothing without one', () => {
    assert.equal(found('// spread: a pair of bounds\nbetween(...bounds);'), 0);
    assert.equal(found('between(...bounds); // spread: a pair of bounds'), 0);
    assert.equal(found('// spread:\nbetween(...bounds);'), 1);
  });

  it('says so when a source cannot be read', () => {
    assert.equal(found('const = ;'), 1);
  });
});
