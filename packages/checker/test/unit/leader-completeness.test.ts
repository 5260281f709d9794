import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lacksCommitted } from '../../src/leader-completeness.ts';

/** Terms of the entries from an index on, of a node that leads a term. */
const leader = (term: number, terms: readonly number[], firstIndex = 1) => ({
  term,
  firstIndex,
  termAt: (index: number): number | undefined => terms[index - firstIndex],
});

describe('A leader lacks a committed entry', () => {
  const committed = { index: 3, term: 2, inTerm: 3 };

  it('where its log has none there, or one of another term', () => {
    assert.equal(lacksCommitted(leader(4, [1, 1]), committed), true);
    assert.equal(lacksCommitted(leader(4, [1, 1, 3]), committed), true);
  });

  it('not where it has it, or a snapshot of it', () => {
    assert.equal(lacksCommitted(leader(4, [1, 1, 2]), committed), false);
    assert.equal(lacksCommitted(leader(4, [], 4), committed), false);
    assert.equal(lacksCommitted(leader(4, [], 3), committed), true);
  });

  it('not where it was committed in its own term or a later one: it was elected late (COMPLETE-1)', () => {
    assert.equal(lacksCommitted(leader(3, [1, 1]), committed), false);
    assert.equal(lacksCommitted(leader(2, [1, 1]), committed), false);
  });
});
