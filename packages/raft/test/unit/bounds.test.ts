/** What one call hands out, and what one message costs, is bounded whatever the log holds. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRaft, encodeMembership } from '../../src/index.ts';
import type { Entry, MemberId, Membership, Output, Raft, SnapshotMeta } from '../../src/index.ts';
import { Network } from '../network.ts';

const alone = 'a' as MemberId;
const membership: Membership = { members: [{ id: alone, address: 'a', role: 'voter' }] };
const start: SnapshotMeta = { index: 0, term: 0, membership, hash: '', byteLength: 0 };

const command = (index: number, byteLength = 8): Entry => ({
  index,
  term: 1,
  kind: 'command',
  data: new Uint8Array(byteLength),
});

/** A node of a cluster of one, with these entries in its log, all known to be committed. */
function nodeWith(entries: readonly Entry[]): Raft {
  return createRaft(
    {
      id: alone,
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
      maxUncommittedBytes: 1e9,
      maxWriteTicks: 100,
    },
    {
      hardState: { term: 1, votedFor: null, commit: entries.length },
      snapshot: start,
      entries,
    },
  );
}

/** The host's loop: until there is nothing more. */
function takeAll(raft: Raft): Output[] {
  const outputs: Output[] = [];
  for (;;) {
    const output = raft.takeOutput();
    outputs.push(output);
    const lastWrite = output.writes.at(-1);
    if (lastWrite !== undefined) raft.persisted(lastWrite.id);
    const last = output.committed.at(-1);
    if (last !== undefined) raft.appliedTo(last.index);
    if (last === undefined && lastWrite === undefined) return outputs;
  }
}

describe('What the core hands out in one call', () => {
  it('is at most 1000 entries; the rest comes with the next calls, in order', () => {
    const raft = nodeWith(Array.from({ length: 3500 }, (_, at) => command(at + 1)));
    const parts = takeAll(raft).map(({ committed }) => committed);
    assert.ok(parts.every((part) => part.length <= 1000));
    assert.deepEqual(
      parts.flat().map(({ index }) => index),
      Array.from({ length: 3500 }, (_, at) => at + 1),
    );
  });

  it('is at most a mebibyte, or one entry', () => {
    const raft = nodeWith(Array.from({ length: 5 }, (_, at) => command(at + 1, 700_000)));
    const sizes = takeAll(raft).map(({ committed }) => committed.length);
    assert.deepEqual(sizes, [1, 1, 1, 1, 1, 0]);
  });

  it('does not overflow the stack with many reads that fail', () => {
    const raft = nodeWith([]);
    for (let tick = 0; tick < 10; tick++) raft.tick();
    raft.takeOutput(); // Leads once its vote is durable; the reads come before that.
    raft.persisted(1);
    for (let read = 0; read < 300_000; read++) raft.requestRead(read);
    raft.stepDown();
    assert.equal(raft.takeOutput().failedReads.length, 300_000);
  });
});

describe('The membership at an index', () => {
  it('is that of the newest membership entry up to it, from the snapshot to the end of the log', () => {
    const two: Membership = {
      members: [...membership.members, { id: 'b' as MemberId, address: 'b', role: 'learner' }],
    };
    const change: Entry = { index: 3, term: 1, kind: 'membership', data: encodeMembership(two) };
    const raft = nodeWith([command(1), command(2), change, command(4), command(5)]);
    const sizes = [0, 1, 2, 3, 4, 5].map((index) => raft.membershipAt(index).members.length);
    assert.deepEqual(sizes, [1, 1, 1, 2, 2, 2]);
    assert.throws(
      () => raft.membershipAt(6),
      /not between the snapshot at 0 and the log's end at 5/,
    );
    takeAll(raft);
    const meta = { index: 4, term: 1, membership: two, hash: 'x', byteLength: 1 };
    assert.equal(raft.compacted(meta, 5), 5);
    assert.equal(raft.membershipAt(5).members.length, 2);
    assert.throws(() => raft.membershipAt(3), /not between the snapshot at 4/);
    assert.equal(raft.compacted(meta, 5), undefined, 'it is the current one already');
  });
});

describe('An entry that no message could carry', () => {
  it('is not proposed, and the cluster goes on', () => {
    const network = new Network(7, ['a', 'b', 'c'], { maxEntryBytes: 100 });
    for (let step = 0; step < 200; step++) network.step();
    const leader = network.leader() ?? assert.fail('no leader');
    const { raft } = leader;
    assert.ok(raft !== undefined);
    const before = raft.status().lastIndex;
    const refused = raft.propose(new Uint8Array(101));
    assert.deepEqual(refused.ok ? '' : refused.reason, 'too_large');
    assert.equal(raft.status().lastIndex, before);
    assert.equal(raft.propose(new Uint8Array(100)).ok, true);
  });

  it('is refused as a change of the members too', () => {
    const network = new Network(8, ['a', 'b', 'c'], { maxEntryBytes: 100 });
    for (let step = 0; step < 200; step++) network.step();
    const { raft } = network.leader() ?? assert.fail('no leader');
    const change = { type: 'add_learner', id: 'd' as MemberId, address: 'd'.repeat(100) } as const;
    const answer = raft?.changeMembership(change);
    assert.deepEqual(answer?.ok === false ? answer.reason : '', 'too_large');
  });

  it('is still carried where an older log holds it', () => {
    const network = new Network(9, ['a', 'b', 'c']);
    for (let step = 0; step < 200; step++) network.step();
    const leader = network.leader() ?? assert.fail('no leader');
    leader.raft?.propose(new Uint8Array(900)); // More than `maxAppendBytes`.
    network.pump(leader);
    for (let step = 0; step < 60; step++) network.step();
    const lengths = [...network.nodes.values()].map((node) => node.appliedIndex);
    assert.equal(new Set(lengths).size, 1, JSON.stringify(lengths));
  });
});
