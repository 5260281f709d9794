/** Who campaigns when its leader is silent, and what one says that does not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRaft, encodeMembership } from '../../src/index.ts';
import type { Entry, MemberId, Membership, Message, Raft } from '../../src/index.ts';

const [a, b, c, d] = ['a', 'b', 'c', 'd'] as MemberId[] as [MemberId, MemberId, MemberId, MemberId];
const electionTicksMax = 20;
const voters = (ids: readonly MemberId[]): Membership => ({
  members: ids.map((id) => ({ id, address: id, role: 'voter' })),
});

interface Kept {
  readonly id: MemberId;
  readonly membership: Membership;
  readonly entries?: readonly Entry[];
  readonly commit?: number;
  readonly canBeElected?: () => boolean;
}

function node({ id, membership, entries = [], commit = 0, ...host }: Kept): Raft {
  return createRaft(
    {
      ...host,
      id,
      heartbeatTicks: 2,
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
      hardState: { term: 1, votedFor: null, commit },
      snapshot: { index: 0, term: 0, membership, hash: '', byteLength: 0 },
      entries,
    },
  );
}

/** What it sends while time passes in which it hears nothing. */
function inSilence(raft: Raft, ticks: number): Message[] {
  const sent: Message[] = [];
  for (let tick = 0; tick < ticks; tick++) {
    raft.tick();
    const { writes, messages } = raft.takeOutput();
    sent.push(...messages.map(({ message }) => message));
    for (const { id } of writes) raft.persisted(id);
    sent.push(...raft.takeOutput().messages.map(({ message }) => message));
  }
  return sent;
}

const heartbeat: Message = {
  type: 'append',
  term: 1,
  previousIndex: 0,
  previousTerm: 0,
  entries: [],
  commit: 0,
  probe: 0,
};
const types = (messages: readonly Message[]): string[] => messages.map(({ type }) => type);

describe('A node whose leader is silent', () => {
  it('campaigns as a voter, before it counts itself a candidate', () => {
    const raft = node({ id: b, membership: voters([a, b, c]) });
    raft.step(a, heartbeat);
    assert.equal(raft.status().leader, a);
    assert.deepEqual(
      new Set(types(inSilence(raft, electionTicksMax)).slice(1)),
      new Set(['pre_vote']),
    );
  });

  it('says as a learner that it knows no leader, so that its callers ask another node', () => {
    const { members } = voters([a, b, c]);
    const raft = node({
      id: d,
      membership: { members: [...members, { id: d, address: d, role: 'learner' }] },
    });
    raft.step(a, heartbeat);
    raft.takeOutput();
    inSilence(raft, 9);
    assert.equal(raft.status().leader, a);
    const sent = inSilence(raft, electionTicksMax);
    assert.deepEqual(sent, []);
    assert.deepEqual([raft.status().role, raft.status().leader], ['learner', null]);
  });
});

describe('A voter with its own removal in its log', () => {
  const removal: Entry = {
    index: 1,
    term: 1,
    kind: 'membership',
    data: encodeMembership(voters([b, c, d])),
  };
  const kept = { id: a, membership: voters([a, b, c, d]), entries: [removal] };

  it('campaigns while that is not committed: it may be the only one that has it (RAFT-MEMBER-3)', () => {
    const raft = node(kept);
    assert.deepEqual(new Set(types(inSilence(raft, electionTicksMax))), new Set(['pre_vote']));
  });

  it('is silent once that is committed', () => {
    const raft = node({ ...kept, commit: 1 });
    assert.deepEqual(inSilence(raft, 3 * electionTicksMax), []);
  });
});

describe('A node whose disk does not answer', () => {
  it('campaigns no more, however long that lasts, and does again afterwards (RAFT-ELECT-1)', () => {
    // Given the only voter: nobody else is to be asked, so that each campaign is a new term
    const raft = node({ id: a, membership: voters([a]) });
    const writes: number[] = [];
    const pass = (ticks: number): void => {
      for (let tick = 0; tick < ticks; tick++) {
        raft.tick();
        writes.push(...raft.takeOutput().writes.map(({ id }) => id));
      }
    };
    pass(200);
    const { length } = writes;
    assert.ok(length > 0 && length <= 12, String(length));
    // When the disk says nothing for long, then no more waits for it
    pass(10_000);
    assert.equal(writes.length, length);
    // And the node leads when the disk is back.
    raft.persisted(writes.at(-1) ?? assert.fail());
    raft.takeOutput();
    assert.equal(raft.status().role, 'leader');
  });
});

describe('A node that its host knows to be removed', () => {
  it('ends its campaign, and campaigns again where that was wrong (RAFT-ELECT-2)', () => {
    let canBeElected = true;
    const host = { canBeElected: () => canBeElected };
    const raft = node({ id: a, membership: voters([a, b, c]), ...host });
    assert.ok(inSilence(raft, 2 * electionTicksMax).some(({ type }) => type === 'pre_vote'));
    // When it is known
    canBeElected = false;
    const sent = inSilence(raft, 10 * electionTicksMax);
    assert.deepEqual([sent, raft.status().role], [[], 'follower']);
    // And when it is known no more
    canBeElected = true;
    assert.ok(inSilence(raft, 2 * electionTicksMax).some(({ type }) => type === 'pre_vote'));
  });
});
