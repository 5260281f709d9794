import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Chronicles } from '../../src/raft/chronicle.ts';
import type { Happening } from '../../src/raft/happenings.ts';
import { Renamings } from '../../src/raft/renaming.ts';

describe('What has happened to committed entries', () => {
  const applied = (inTerm: number): Happening => ({
    type: 'applied',
    index: 1,
    term: 1,
    text: 'command 1',
    isMembership: false,
    inTerm,
  });
  /** Node 0 applies an entry in the first term, node 1 in the second one; then node 2 leads term 4 without it. */
  const endOf = (...terms: readonly [number, number]): string => {
    const chronicles = new Chronicles(new Renamings(3, []), 7);
    let chronicle = 0;
    for (const [node, term] of terms.entries())
      chronicle = chronicles.after(chronicle, node, node, [applied(term)]);
    const leads: Happening = { type: 'leads', term: 4, log: { firstIndex: 1, terms: [] } };
    const end = chronicles.after(chronicle, 2, 2, [leads]);
    return end < 0 ? chronicles.whatBroke(end) : 'nothing';
  };

  it('is what the lowest term says in which they were applied, whoever was the first', () => {
    const wholes: readonly (readonly [number, number])[] = [
      [3, 5],
      [5, 3],
      [3, 3],
    ];
    for (const terms of wholes)
      assert.match(
        endOf(...terms),
        /^leader completeness: \S+ leads term 4 and lacks the committed/,
      );
  });

  it('says nothing of leaders of that term and earlier ones', () => {
    assert.equal(endOf(4, 5), 'nothing');
    assert.equal(endOf(5, 4), 'nothing');
  });
});
