/** What waits for the disk: it is bounded, however long the disk takes (RAFT-OUTBOX-3). */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { createRaft } from '../../src/index.ts';
import type {
  Entry,
  HasImage,
  MemberId,
  Membership,
  Message,
  Raft,
  SnapshotMeta,
} from '../../src/index.ts';

const [a, b, c] = ['a', 'b', 'c'] as MemberId[] as [MemberId, MemberId, MemberId];
const membership: Membership = {
  members: [a, b, c].map((id) => ({ id, address: id, role: 'voter' })),
};
const often = 1000;

const node = (): Raft & HasImage =>
  createRaft(
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
      hardState: { term: 1, votedFor: null, commit: 0 },
      snapshot: { index: 0, term: 0, membership, hash: '', byteLength: 0 },
      entries: [],
    },
  );

const append = (previousIndex: number, count: number, probe: number, term = 2): Message => ({
  type: 'append',
  term,
  previousIndex,
  previousTerm: previousIndex === 0 ? 0 : term,
  entries: Array.from({ length: count }, (_, at): Entry => {
    return { index: previousIndex + at + 1, term, kind: 'command', data: new Uint8Array(1) };
  }),
  commit: 0,
  probe,
});
const appended = (matchIndex: number, probe: number, term = 2): Message => ({
  type: 'append_answer',
  term,
  probe,
  accepted: true,
  matchIndex,
});

describe('A follower whose disk is frozen', () => {
  let raft: Raft & HasImage;
  let writes: number[];
  beforeEach(() => {
    raft = node();
    writes = [];
  });
  const hear = (message: Message, from: MemberId = a): readonly Message[] => {
    raft.step(from, message);
    const output = raft.takeOutput();
    writes.push(...output.writes.map(({ id }) => id));
    return output.messages.map(({ message: sent }) => sent);
  };
  const held = (): number => {
    const { held: all } = raft.image()['outbox'] as { readonly held: readonly unknown[] };
    return all.length;
  };
  const persist = (id = writes.at(-1) ?? assert.fail('nothing was written')): Message[] => {
    raft.persisted(id);
    return raft.takeOutput().messages.map(({ message }) => message);
  };

  it('answers all heartbeats of its leader with one message, which confirms the newest of them', () => {
    for (let probe = 1; probe <= often; probe++) assert.deepEqual(hear(append(0, 0, probe)), []);
    // One that was overtaken on its way takes nothing back
    hear(append(0, 0, 7));
    assert.equal(held(), 1);
    assert.deepEqual(persist(), [appended(0, often)]);
  });

  it('does so for entries that come again, and answers each write by itself', () => {
    hear(append(0, 1, 1));
    hear(append(1, 2, 2));
    for (let probe = 3; probe <= often; probe++) hear(append(0, 1, probe));
    const [first, second] = writes;
    assert.ok(first !== undefined && second !== undefined && first < second);
    assert.equal(held(), 2);
    assert.deepEqual(persist(first), [appended(1, 1)]);
    assert.deepEqual(persist(second), [appended(3, often)]);
  });

  it('tells what it lacks beside what it has', () => {
    hear(append(0, 2, 1));
    for (let round = 1; round <= often; round++) hear(append(10 + round, 0, round));
    assert.equal(held(), 2);
    const rejected = {
      type: 'append_answer',
      term: 2,
      probe: often,
      accepted: false,
      rejectedIndex: 10 + often,
      conflictTerm: 0,
      conflictIndex: 3,
    };
    assert.deepEqual(persist(), [appended(2, 1), rejected]);
  });

  it('answers who campaigns again and again once', () => {
    hear(append(0, 0, 1));
    for (let count = 0; count < often; count++) {
      hear({ type: 'pre_vote', term: 3, lastIndex: 0, lastTerm: 0 }, c);
      hear({ type: 'vote', term: 1, lastIndex: 0, lastTerm: 0, transfer: false }, c);
    }
    assert.equal(held(), 3);
    assert.deepEqual(
      persist().map(({ type }) => type),
      ['append_answer', 'pre_vote_answer', 'vote_answer'],
    );
  });

  it('asks for votes once, however often it campaigns meanwhile', () => {
    hear(append(0, 0, 1));
    for (let tick = 0; tick < often; tick++) raft.tick();
    assert.equal(held(), 3);
    assert.deepEqual(
      persist().map(({ type }) => type),
      ['append_answer', 'pre_vote', 'pre_vote'],
    );
  });

  it('tells how much it has of a snapshot once', () => {
    const meta: SnapshotMeta = { index: 9, term: 1, membership, hash: 'hash', byteLength: 100 };
    const chunk = { type: 'snapshot_chunk', term: 2, meta, offset: 0 } as const;
    for (let probe = 1; probe <= often; probe++)
      hear({ ...chunk, byteLength: 0, data: new Uint8Array(), probe });
    assert.equal(held(), 1);
    assert.deepEqual(persist(), [
      {
        type: 'snapshot_answer',
        term: 2,
        hash: 'hash',
        nextOffset: 0,
        installed: false,
        probe: often,
      },
    ]);
  });

  it('keeps no answer of a term that is over', () => {
    for (let term = 2; term < often; term++) hear(append(0, 0, 1, term), term % 2 === 0 ? a : c);
    assert.equal(held(), 1);
    assert.deepEqual(persist(), [appended(0, 1, often - 1)]);
  });
});

describe('An answer to a message of an older term', () => {
  it('proves no round of leadership: it may reach who leads again, and counts anew (RAFT-READ-3)', () => {
    const raft = node();
    const meta: SnapshotMeta = { index: 9, term: 1, membership, hash: 'hash', byteLength: 100 };
    const old: readonly Message[] = [
      append(0, 0, 7, 1),
      {
        type: 'snapshot_chunk',
        term: 1,
        meta,
        offset: 0,
        byteLength: 0,
        data: new Uint8Array(),
        probe: 7,
      },
    ];
    // Given a node that has voted for the leader of the term before
    raft.step(a, { type: 'vote', term: 2, lastIndex: 0, lastTerm: 0, transfer: false });
    raft.persisted(raft.takeOutput().writes.at(-1)?.id ?? assert.fail('no vote'));
    raft.takeOutput();
    // When messages of that term arrive late
    for (const message of old) raft.step(a, message);
    const probes = raft
      .takeOutput()
      .messages.map(({ message }) => ('probe' in message ? message.probe : undefined));
    // Then what is said to them is of this term, and of no round.
    assert.deepEqual(probes, [0, 0]);
  });
});
