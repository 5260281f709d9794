import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LeaseNodeReport } from '../../../src/quorum/ask-nodes.ts';
import { verdictOf, verdictText } from '../../../src/quorum/verdict.ts';

const said = (fields: {
  readonly holder?: string;
  readonly remainingMs?: number;
  readonly voting?: boolean;
}): LeaseNodeReport => ({
  url: 'http://node',
  answer: {
    resource: 'x',
    voting: fields.voting ?? true,
    held: fields.holder !== undefined,
    client_id: fields.holder ?? null,
    remaining_ms: fields.remainingMs ?? 0,
    max_token: 1,
    waiters: 0,
    epoch: 1,
    set: '',
    file_id: 1,
    fresh: false,
    waits_ms: 0,
  },
});
const by = (holder: string, remainingMs: number): LeaseNodeReport => said({ holder, remainingMs });
const free = said({});
const recovering = said({ voting: false });
const silent: LeaseNodeReport = {
  url: 'http://node',
  answer: undefined,
  problem: 'does not answer',
  refusal: undefined,
};

describe('what the answers of the nodes come to', () => {
  it('given one name on a majority, then it holds, for as long as a majority keeps it', () => {
    assert.deepEqual(verdictOf([by('a', 900), by('a', 700), free]), {
      type: 'held',
      holder: 'a',
      nodes: 2,
      remainingMs: 700,
    });
    assert.deepEqual(verdictOf([by('a', 100), by('a', 300), by('a', 200), by('b', 900), silent]), {
      type: 'held',
      holder: 'a',
      nodes: 3,
      remainingMs: 100,
    });
  });

  it('given a majority that knows of no lease, then it is free, whatever the others say', () => {
    assert.deepEqual(verdictOf([free, free, silent]), { type: 'free', nodes: 2 });
    assert.deepEqual(verdictOf([free, by('a', 100), free]), { type: 'free', nodes: 2 });
  });

  it('given a vote that counts on a node that is silent, then it is neither', () => {
    assert.deepEqual(verdictOf([by('a', 400), free, silent]), {
      type: 'undecided',
      remainingMs: 400,
    });
    assert.equal(verdictOf([by('a', 400), by('b', 300), free]).type, 'undecided');
  });

  it('given nodes that do not vote, then that they know of no lease says nothing', () => {
    assert.equal(verdictOf([free, recovering, by('a', 400)]).type, 'undecided');
    assert.deepEqual(verdictOf([free, recovering, recovering]), { type: 'no_majority', nodes: 1 });
  });

  it('given too few answers, then there is no majority, of all nodes and not of those that answered', () => {
    assert.deepEqual(verdictOf([by('a', 400), silent, silent]), { type: 'no_majority', nodes: 1 });
    assert.deepEqual(verdictOf([free, free, silent, silent, silent]), {
      type: 'no_majority',
      nodes: 2,
    });
  });

  it('is told in a sentence', () => {
    const text = (...reports: readonly LeaseNodeReport[]): string =>
      verdictText('x', verdictOf(reports), { count: reports.length, kind: 'nodes' });
    assert.match(text(by('a', 900), by('a', 740), free), /^"x" is held by a, on 2 of 3 .* 0\.7 s/);
    assert.match(text(free, free, silent), /^"x" is free: 2 of 3 nodes/);
    assert.match(text(by('a', 400), free, silent), /neither held nor free .* 0\.4 s/);
    assert.match(text(free, silent, silent), /^No majority answered: 1 of 3 nodes/);
    const servers = { count: 3, kind: 'servers' } as const;
    assert.match(verdictText('x', verdictOf([free, free, silent]), servers), /2 of 3 servers/);
  });
});
