import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entry } from '@holdfast/raft';
import { Proposals } from '../../src/proposals.ts';

const batch = { time: 1, commands: [] } as const;
const applied = { results: [], events: [] } as never;

const entry = (index: number, term: number, kind: Entry['kind'] = 'command'): Entry => ({
  index,
  term,
  kind,
  data: new Uint8Array(),
});

function proposed(): { proposals: Proposals; outcomes: string[] } {
  const proposals = new Proposals();
  const outcomes: string[] = [];
  for (const index of [1, 2])
    proposals.add(index, {
      term: 3,
      batch,
      onOutcome: ({ type }) => outcomes.push(`${String(index)} ${type}`),
    });
  return { proposals, outcomes };
}

describe('Proposals (PROPOSAL-1)', () => {
  it('are applied where the entry has their term', () => {
    const { proposals, outcomes } = proposed();
    const taken = proposals.take(entry(1, 3));
    assert.equal(taken.batch, batch);
    taken.settle(applied);
    assert.deepEqual(outcomes, ['1 applied']);
  });

  it('are replaced where an entry of another term, or one without commands, is in their place', () => {
    const { proposals, outcomes } = proposed();
    const other = proposals.take(entry(1, 4));
    assert.equal(other.batch, undefined);
    other.settle(applied);
    proposals.take(entry(2, 3, 'noop')).settle(undefined);
    assert.deepEqual(outcomes, ['1 replaced', '2 replaced']);
  });

  it('have an unknown outcome when this node stops leading, each told once', () => {
    const { proposals, outcomes } = proposed();
    proposals.take(entry(1, 3)).settle(applied);
    proposals.endUnknown();
    proposals.endUnknown();
    proposals.take(entry(2, 3)).settle(applied);
    assert.deepEqual(outcomes, ['1 applied', '2 unknown']);
    assert.equal(proposals.size, 0);
  });
});
