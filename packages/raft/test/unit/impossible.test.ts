/** What a peer says and cannot be: it is ignored, said, and stops nobody. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { createRaft } from '../../src/index.ts';
import type { MemberId, Membership, Message, Raft, SnapshotMeta } from '../../src/index.ts';

const [a, b, c] = ['a', 'b', 'c'] as MemberId[] as [MemberId, MemberId, MemberId];
const membership: Membership = {
  members: [a, b, c].map((id) => ({ id, address: id, role: 'voter' })),
};

function node(snapshot: SnapshotMeta): Raft {
  return createRaft(
    {
      id: a,
      heartbeatTicks: 2,
      electionTicksMin: 10,
      electionTicksMax: 20,
      random: () => 0,
      maxEntryBytes: 1000,
      maxAppendBytes: 1000,
      snapshotChunkBytes: 100,
      maxSnapshotInflightBytes: 400,
      maxTransferIdleTicks: 100,
      maxKeptBytes: 10_000,
      maxInflightBytes: 10_000,
      maxInflightMessages: 10,
      maxUncommittedBytes: 10_000,
      maxWriteTicks: 100,
    },
    { hardState: { term: 1, votedFor: null, commit: snapshot.index }, snapshot, entries: [] },
  );
}

const start: SnapshotMeta = { index: 0, term: 0, membership, hash: '', byteLength: 0 };
const stored: SnapshotMeta = { index: 5, term: 1, membership, hash: 'a hash', byteLength: 300 };

function settle(raft: Raft): Message[] {
  const { writes, messages } = raft.takeOutput();
  for (const { id } of writes) raft.persisted(id);
  return messages.concat(raft.takeOutput().messages).map(({ message }) => message);
}

function lead(raft: Raft): void {
  for (let tick = 0; tick < 10; tick++) raft.tick();
  settle(raft);
  raft.step(b, { type: 'pre_vote_answer', term: 2, granted: true });
  settle(raft);
  raft.step(b, { type: 'vote_answer', term: 2, granted: true });
  settle(raft);
  assert.equal(raft.status().role, 'leader');
}

const accepted = (matchIndex: number, probe = 0): Message => ({
  type: 'append_answer',
  term: 2,
  probe,
  accepted: true,
  matchIndex,
});
const rejected = (rejectedIndex: number): Message => ({
  type: 'append_answer',
  term: 2,
  probe: 0,
  accepted: false,
  rejectedIndex,
  conflictTerm: 0,
  conflictIndex: rejectedIndex,
});

describe('A leader that is told what cannot be', () => {
  let raft: Raft;
  beforeEach(() => {
    raft = node(start);
    lead(raft);
  });

  it('does not count entries that it does not have', () => {
    assert.match(
      raft.step(b, accepted(1e9)) ?? '',
      /b answers for entry 1000000000, .* ends at 1$/,
    );
    settle(raft);
    assert.equal(raft.status().role, 'leader');
    assert.equal(raft.status().commit, 0);
    assert.equal(raft.step(b, accepted(1)), undefined);
    settle(raft);
    assert.equal(raft.status().commit, 1);
  });

  it('does not go where its log does not reach', () => {
    raft.step(b, accepted(1));
    assert.match(raft.step(b, rejected(1e9)) ?? '', /b answers for entry/);
    settle(raft);
    assert.deepEqual(raft.propose(new Uint8Array(1)), { ok: false, reason: 'not_ready' });
    assert.equal(raft.status().role, 'leader');
  });

  it('does not take a proof of leadership that it did not ask for', () => {
    raft.step(b, accepted(1));
    settle(raft);
    raft.requestRead(7);
    assert.match(raft.step(c, accepted(1, 99)) ?? '', /c confirms round 99 .* of 1$/);
    assert.deepEqual(raft.takeOutput().reads, []);
    raft.step(c, accepted(1, 1));
    assert.deepEqual(
      raft.takeOutput().reads.map(({ readId }) => readId),
      [7],
    );
  });

  it('does not believe in more bytes of a snapshot than there are', () => {
    raft = node(stored);
    lead(raft);
    raft.step(b, rejected(5));
    assert.ok(settle(raft).some(({ type }) => type === 'snapshot_chunk'));
    const answer = { type: 'snapshot_answer', term: 2, hash: 'a hash', installed: false } as const;
    assert.match(
      raft.step(b, { ...answer, nextOffset: 301, probe: 0 }) ?? '',
      /b has 301 bytes of a snapshot of 300/,
    );
    assert.equal(raft.step(b, { ...answer, nextOffset: 100, probe: 0 }), undefined);
    assert.equal(raft.status().role, 'leader');
  });
});

describe('A follower that receives a snapshot', () => {
  it('does not campaign, though it is asked to (RCV-5)', () => {
    const raft = node(start);
    const chunk: Message = {
      type: 'snapshot_chunk',
      term: 2,
      meta: stored,
      offset: 0,
      byteLength: 100,
      data: new Uint8Array(100),
      probe: 0,
    };
    raft.step(b, chunk);
    settle(raft);
    raft.step(b, { type: 'timeout_now', term: 2 });
    assert.equal(raft.status().role, 'follower');
    assert.equal(raft.status().term, 2);
  });
});
