/** Which changes of the members a leader begins, by whom it hears. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { createRaft } from '../../src/index.ts';
import type {
  MemberId,
  MembershipChange,
  Membership,
  ProposeAnswer,
  Raft,
} from '../../src/index.ts';

const [a, b, c, d] = ['a', 'b', 'c', 'd'] as MemberId[] as [MemberId, MemberId, MemberId, MemberId];
const electionTicksMax = 20;
const heartbeatTicks = 2;

function node(membership: Membership): Raft {
  return createRaft(
    {
      id: a,
      heartbeatTicks,
      electionTicksMin: 10,
      electionTicksMax,
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
      hardState: { term: 1, votedFor: null, commit: 0 },
      snapshot: { index: 0, term: 0, membership, hash: '', byteLength: 0 },
      entries: [],
    },
  );
}

/** These peers have all that it has; what is committed by that is applied. */
function hear(raft: Raft, from: readonly MemberId[]): void {
  for (const id of from) {
    const { term, lastIndex: matchIndex } = raft.status();
    raft.step(id, { type: 'append_answer', term, probe: 0, accepted: true, matchIndex });
  }
  persist(raft);
  raft.appliedTo(raft.status().commit);
}

/** Its own writes are durable at once. */
function persist(raft: Raft): void {
  const { writes } = raft.takeOutput();
  for (const { id } of writes) raft.persisted(id);
  raft.takeOutput();
}

/** Time passes in which it hears these and nobody else. */
function goOnWith(raft: Raft, from: readonly MemberId[], ticks: number): void {
  for (let tick = 0; tick < ticks; tick++) {
    raft.tick();
    persist(raft);
    if (tick % heartbeatTicks === 0) hear(raft, from);
  }
}

function lead(raft: Raft, voter: MemberId): void {
  for (let tick = 0; tick < 10; tick++) raft.tick();
  persist(raft);
  raft.step(voter, { type: 'pre_vote_answer', term: 2, granted: true });
  persist(raft);
  raft.step(voter, { type: 'vote_answer', term: 2, granted: true });
  persist(raft);
  assert.equal(raft.status().role, 'leader');
}

const members = (raft: Raft): readonly string[] =>
  raft.status().membership.members.map(({ id, role }) => `${id} ${role}`);

/** RAFT-MEMBER-2: refused, with nothing in the log, so that the cluster goes on as it is. */
function isNotBegun(raft: Raft, change: MembershipChange, left: RegExp): void {
  const before = { lastIndex: raft.status().lastIndex, members: members(raft) };
  const answer = raft.changeMembership(change);
  assert.equal(answer.ok, false);
  assert.equal(answer.reason, 'invalid_change');
  assert.match(answer.detail ?? '', left);
  assert.deepEqual({ lastIndex: raft.status().lastIndex, members: members(raft) }, before);
  const { writes } = raft.takeOutput();
  assert.deepEqual(
    writes.flatMap(({ entries }) => entries),
    [],
  );
}

const isBegun = (answer: ProposeAnswer): void => assert.ok(answer.ok, JSON.stringify(answer));

describe('A leader of three that does not hear one of them', () => {
  let raft: Raft;
  beforeEach(() => {
    raft = node({ members: [a, b, c].map((id) => ({ id, address: id, role: 'voter' })) });
    lead(raft, b);
    hear(raft, [b, c]);
    goOnWith(raft, [b], electionTicksMax + 1);
    assert.equal(raft.status().role, 'leader');
  });

  it('does not remove the other: those who would be left could commit nothing (RAFT-MEMBER-2)', () => {
    isNotBegun(raft, { type: 'remove', id: b }, /\(a, c\) only a can be reached/);
    // It goes on to commit with the one that it hears.
    const proposed = raft.propose(new Uint8Array(1));
    assert.ok(proposed.ok);
    hear(raft, [b]);
    assert.equal(raft.status().commit, proposed.index);
  });

  it('removes the one that it does not hear', () => {
    isBegun(raft.changeMembership({ type: 'remove', id: c }));
    persist(raft);
    hear(raft, [b]);
    assert.equal(raft.status().commit, raft.status().lastIndex);
    assert.deepEqual(members(raft), ['a voter', 'b voter']);
  });

  it('removes the other as soon as it hears the one again', () => {
    hear(raft, [c]);
    isBegun(raft.changeMembership({ type: 'remove', id: b }));
    assert.deepEqual(members(raft), ['a voter', 'c voter']);
  });
});

describe('A leader with a learner', () => {
  let raft: Raft;
  beforeEach(() => {
    raft = node({
      members: [a, b, c, d].map((id) => ({
        id,
        address: id,
        role: id === d ? 'learner' : 'voter',
      })),
    });
    lead(raft, b);
    hear(raft, [b, c, d]);
  });

  it('does not promote it where two of the four voters are not heard (RAFT-MEMBER-2)', () => {
    goOnWith(raft, [b], electionTicksMax + 1);
    isNotBegun(raft, { type: 'promote', id: d }, /\(a, b, c, d\) only a, b can be reached/);
  });

  it('promotes it where it is heard itself', () => {
    goOnWith(raft, [b, d], electionTicksMax + 1);
    isBegun(raft.changeMembership({ type: 'promote', id: d }));
    assert.deepEqual(members(raft), ['a voter', 'b voter', 'c voter', 'd voter']);
  });

  it('takes another learner whoever is heard: it has no vote', () => {
    goOnWith(raft, [b], electionTicksMax + 1);
    isBegun(raft.changeMembership({ type: 'add_learner', id: 'e' as MemberId, address: 'e' }));
  });

  it('begins no change while another one is not committed (RAFT-MEMBER-1)', () => {
    isBegun(raft.changeMembership({ type: 'promote', id: d }));
    const second = raft.changeMembership({ type: 'remove', id: b });
    assert.equal(second.ok, false);
    assert.equal(second.reason, 'change_in_progress');
    persist(raft);
    hear(raft, [b, c]);
    isBegun(raft.changeMembership({ type: 'remove', id: b }));
  });
});
