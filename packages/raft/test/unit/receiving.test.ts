/** A follower whose own log and a snapshot that comes have something in common, or nothing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRaft } from '../../src/index.ts';
import type { Entry, MemberId, Membership, Message, Raft, SnapshotMeta } from '../../src/index.ts';

const [a, b] = ['a', 'b'] as MemberId[] as [MemberId, MemberId];
const term = 3;
const membership: Membership = {
  members: [a, b].map((id) => ({ id, address: id, role: 'voter' })),
};

/** A follower of term 3 with entries of term 1, of which `commit` are known to be committed. */
function follower(entryCount: number, commit: number): Raft {
  const entries = Array.from({ length: entryCount }, (_, at): Entry => {
    return { index: at + 1, term: 1, kind: 'command', data: new Uint8Array(1) };
  });
  return createRaft(
    {
      id: b,
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
    {
      hardState: { term, votedFor: null, commit },
      snapshot: { index: 0, term: 0, membership, hash: '', byteLength: 0 },
      entries,
    },
  );
}

const snapshotOf = (index: number, entryTerm: number): SnapshotMeta => ({
  index,
  term: entryTerm,
  membership,
  hash: `hash of ${String(index)}`,
  byteLength: 4,
});

const wholeOf = (meta: SnapshotMeta): Message => ({
  type: 'snapshot_chunk',
  term,
  meta,
  offset: 0,
  byteLength: 4,
  data: new Uint8Array(4),
  probe: 0,
});

const heartbeat = (previousIndex: number, previousTerm: number): Message => ({
  type: 'append',
  term,
  previousIndex,
  previousTerm,
  entries: [],
  commit: previousIndex,
  probe: 0,
});

/** The last index that the follower acknowledges when it hears this. */
function acknowledged(raft: Raft, message: Message): number {
  raft.step(a, message);
  const answer = raft.takeOutput().messages.at(-1)?.message;
  assert.ok(answer?.type === 'append_answer' && answer.accepted, JSON.stringify(answer));
  return answer.matchIndex;
}

describe('A follower that is sent a snapshot', () => {
  it('does not take it when its log holds the end of it, and keeps the entries behind it', () => {
    const raft = follower(5, 0);
    raft.takeOutput();
    raft.step(a, wholeOf(snapshotOf(3, 1)));
    const output = raft.takeOutput();
    assert.deepEqual(output.writes, []);
    const answer = output.messages.at(-1)?.message;
    assert.ok(answer?.type === 'snapshot_answer' && answer.installed);
    assert.deepEqual(
      output.committed.map(({ index }) => index),
      [1, 2, 3],
      'what the snapshot was made of is committed',
    );
    assert.equal(raft.status().lastIndex, 5);
  });

  it('does not install it when the log has reached its end while it was verified', () => {
    const raft = follower(1, 1);
    const meta = snapshotOf(3, 1);
    raft.takeOutput();
    raft.step(a, wholeOf(meta));
    raft.persisted(raft.takeOutput().writes.at(-1)?.id ?? 0);
    assert.equal(raft.takeOutput().verify, meta);
    const entries = [2, 3, 4].map((index): Entry => {
      return { index, term: 1, kind: 'command', data: new Uint8Array(1) };
    });
    raft.step(a, {
      type: 'append',
      term,
      previousIndex: 1,
      previousTerm: 1,
      entries,
      commit: 1,
      probe: 0,
    });
    raft.persisted(raft.takeOutput().writes.at(-1)?.id ?? 0);
    raft.takeOutput();
    raft.snapshotVerified(meta, true);
    const output = raft.takeOutput();
    assert.deepEqual(output.writes, []);
    assert.equal(raft.status().lastIndex, 4, 'what was acknowledged is still there');
    assert.equal(raft.status().commit, 3);
  });

  it('acknowledges what it holds only once the install is durable', () => {
    const raft = follower(20, 5);
    const meta = snapshotOf(15, 2); // The own entries from somewhere on are of a leader that lost.
    raft.takeOutput();
    raft.step(a, wholeOf(meta));
    raft.persisted(raft.takeOutput().writes.at(-1)?.id ?? 0);
    assert.equal(raft.takeOutput().verify, meta);
    assert.equal(raft.takeOutput().verify, undefined, 'it is asked once');
    raft.snapshotVerified(meta, true);
    const [install] = raft.takeOutput().writes;
    assert.deepEqual(install?.installSnapshot, meta);
    assert.equal(acknowledged(raft, heartbeat(15, 2)), 5);
    raft.persisted(install.id);
    assert.deepEqual(raft.takeOutput().restore, meta);
    assert.equal(acknowledged(raft, heartbeat(15, 2)), 15);
  });
});
