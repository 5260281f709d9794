import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ToldOnce } from '../../src/told-once.ts';

describe('What is told', () => {
  it('is told once for each state of each thing, also where two alternate (TOLD-1)', () => {
    const told = new ToldOnce();
    const lines = Array.from({ length: 10 }, () => [
      told.isNew('a', 'cannot be reached'),
      told.isNew('b', 'cannot be reached'),
    ]).flat();
    assert.equal(lines.filter(Boolean).length, 2);
    assert.ok(told.isNew('a', 'it answered 503'));
    assert.ok(told.isNew('a', 'cannot be reached'));
  });

  it('is told again when it was over', () => {
    const told = new ToldOnce();
    assert.ok(!told.over('a'));
    assert.ok(told.isNew('a', 'full'));
    assert.ok(told.over('a'));
    assert.ok(!told.over('a'));
    assert.ok(told.isNew('a', 'full'));
  });
});
