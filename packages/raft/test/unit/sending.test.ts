/** A leader that sends a snapshot to a follower which says what became of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRaft } from '../../src/index.ts';
import type { MemberId, Membership, Message, Output, Raft, SnapshotMeta } from '../../src/index.ts';

const [a, b] = ['a', 'b'] as MemberId[] as [MemberId, MemberId];
const membership: Membership = {
  members: [a, b].map((id) => ({ id, address: id, role: 'voter' })),
};
const snapshot: SnapshotMeta = { index: 9, term: 1, membership, hash: 'hash', byteLength: 4 };
const heartbeatTicks = 2;

const config = {
  id: a,
  heartbeatTicks,
  electionTicksMin: 10,
  electionTicksMax: 20,
  random: () => 0,
  maxEntryBytes: 1000,
  maxAppendBytes: 1000,
  snapshotChunkBytes: 100,
  maxSnapshotInflightBytes: 400,
  maxTransferIdleTicks: 100_000,
  maxKeptBytes: 10_000,
  maxInflightBytes: 10_000,
  maxInflightMessages: 10,
  maxUncommittedBytes: 10_000,
  maxWriteTicks: 100_000,
};

function take(raft: Raft): Output {
  const output = raft.takeOutput();
  for (const { id } of output.writes) raft.persisted(id);
  return output;
}

/** A leader whose log begins behind its snapshot, and a follower that has nothing. */
function sender(): { readonly raft: Raft; readonly term: number } {
  const raft = createRaft(config, {
    hardState: { term: 1, votedFor: null, commit: 9 },
    snapshot,
    entries: [],
  });
  for (let tick = 0; tick < 10; tick++) raft.tick();
  take(raft);
  raft.step(b, { type: 'pre_vote_answer', term: 2, granted: true });
  take(raft);
  take(raft);
  raft.step(b, { type: 'vote_answer', term: 2, granted: true });
  take(raft);
  assert.equal(raft.status().role, 'leader');
  raft.step(b, {
    type: 'append_answer',
    term: 2,
    probe: 0,
    accepted: false,
    rejectedIndex: 9,
    conflictTerm: 0,
    conflictIndex: 1,
  });
  return { raft, term: 2 };
}

const answer = (nextOffset: number): Message => ({
  type: 'snapshot_answer',
  term: 2,
  hash: snapshot.hash,
  nextOffset,
  installed: false,
  probe: 0,
});

const chunks = (output: Output): number =>
  output.messages.filter(({ message }) => message.type === 'snapshot_chunk').length;

/** Heartbeats until a chunk leaves again; the follower is heard of meanwhile. */
function heartbeatsUntilChunk(raft: Raft): number {
  for (let count = 1; count < 1000; count++) {
    for (let tick = 0; tick < heartbeatTicks; tick++) raft.tick();
    raft.step(b, {
      type: 'append_answer',
      term: 2,
      probe: 0,
      accepted: true,
      matchIndex: 0,
    });
    if (chunks(take(raft)) > 0) return count;
  }
  assert.fail('no chunk leaves any more');
}

describe('A leader that sends a snapshot', () => {
  it('that did not verify at the follower asks its host to look at its own copy (SND-5)', () => {
    const { raft } = sender();
    const first = take(raft);
    assert.equal(chunks(first), 1);
    raft.step(b, answer(4));
    assert.equal(take(raft).suspect, undefined);
    raft.step(b, answer(0));
    const output = take(raft);
    assert.equal(output.suspect?.hash, snapshot.hash);
    assert.equal(chunks(output), 1, 'it is sent once more at once');
  });

  it('that never verifies pauses longer each time (SND-5)', () => {
    const { raft } = sender();
    take(raft);
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 6; attempt++) {
      raft.step(b, answer(4));
      take(raft);
      raft.step(b, answer(0));
      if (chunks(take(raft)) === 0) pauses.push(heartbeatsUntilChunk(raft));
    }
    assert.equal(pauses.length, 5);
    for (let at = 1; at < pauses.length; at++)
      assert.ok((pauses[at] ?? 0) > (pauses[at - 1] ?? 0), pauses.join(' '));
  });

  it('hands out no chunk of a transfer that ended in the same step (OUT-1)', () => {
    const { raft, term } = sender();
    const begun = take(raft);
    assert.deepEqual(begun.transfers, [snapshot.hash]);
    // A chunk is queued, and then the leadership is lost before the host takes anything.
    raft.step(b, answer(4));
    raft.step(b, answer(0));
    raft.step(b, {
      type: 'append_answer',
      term: term + 1,
      probe: 0,
      accepted: false,
      rejectedIndex: 0,
      conflictTerm: 0,
      conflictIndex: 1,
    });
    const output = take(raft);
    assert.deepEqual(output.transfers, []);
    assert.equal(chunks(output), 0);
  });
});
