import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeMembership } from '@holdfast/raft';
import type { Entry, Member, MemberId, Message, Outbound, Recovered } from '@holdfast/raft';
import { createStateMachine, initialLimits } from '@holdfast/state';
import type { SessionId } from '@holdfast/state';
import { encodeBatch } from '../../src/batch.ts';
import { FeatureLevelError } from '../../src/feature-levels.ts';
import { Replica } from '../../src/replica.ts';
import { silentLog } from '../cluster.ts';
import { HandDisk, settled, snapshotOf } from './hand-disk.ts';
import { alone } from './memory-payloads.ts';
import { StillClock } from './still-clock.ts';

const self = 'a' as MemberId;

const mebibyte = 1024 * 1024;

interface Seen {
  readonly sent: Outbound[];
  readonly known: (readonly [index: number, stateHash: string | undefined])[];
  readonly fatal: Error[];
}

/** Turns of the event loop end when the test says so. */
class HeldTurns extends StillClock {
  #held: (() => void)[] = [];

  override endOfTurn(callback: () => void): void {
    this.#held.push(callback);
  }

  endTurn(): void {
    for (const callback of this.#held.splice(0)) callback();
  }
}

async function openAlone(
  others: readonly MemberId[] = [],
  {
    clock = new StillClock(),
    entries = [],
    members = [self, ...others].map((id) => ({ id, address: `${id}:1`, role: 'voter' as const })),
    ...bounds
  }: {
    clock?: StillClock;
    entries?: Recovered['entries'];
    members?: readonly Member[];
    maxEntriesPerTurn?: number;
    supportedFeatureLevel?: number;
  } = {},
): Promise<{ replica: Replica; clock: StillClock; disk: HandDisk; seen: Seen }> {
  const disk = new HandDisk();
  const seen: Seen = { sent: [], known: [], fatal: [] };
  const recovered: Recovered = {
    hardState: { term: 0, votedFor: null, commit: 0 },
    snapshot: {
      index: 0,
      term: 0,
      membership: { members },
      hash: '',
      byteLength: 0,
    },
    entries,
  };
  const replica = await Replica.open({
    config: {
      id: self,
      heartbeatTicks: 10,
      electionTicksMin: 30,
      electionTicksMax: 60,
      random: () => 0.5,
      maxEntryBytes: mebibyte,
      maxAppendBytes: 1_000_000,
      snapshotChunkBytes: 50,
      maxSnapshotInflightBytes: 100,
      maxTransferIdleTicks: 1000,
      maxKeptBytes: mebibyte,
      maxInflightBytes: 1_000_000,
      maxInflightMessages: 64,
      maxUncommittedBytes: 1_000_000,
      maxWriteTicks: 100_000,
    },
    recovered,
    storage: disk,
    payloads: alone(disk.payloads),
    clock,
    heartbeatMs: 100,
    tickMs: 10,
    snapshotLogBytes: 1000,
    ...bounds,
    log: silentLog,
    hooks: {
      onApplied: () => undefined,
      onRestored: () => undefined,
      onStateKnown: (index, stateHash) => void seen.known.push([index, stateHash]),
      onStatus: () => undefined,
      onTick: () => undefined,
      send: (outbound) => void seen.sent.push(outbound),
      onFatal: (error) => void seen.fatal.push(error),
    },
  });
  replica.start();
  return { replica, clock, disk, seen };
}

async function lead(bounds: { supportedFeatureLevel?: number } = {}): ReturnType<typeof openAlone> {
  const parts = await openAlone([], bounds);
  parts.clock.pass(700);
  await parts.disk.sync(); // Its vote.
  await parts.disk.sync(); // The no-op of its term.
  assert.equal(parts.replica.status().role, 'leader');
  assert.equal(parts.replica.status().ready, true);
  return parts;
}

describe('A replica', () => {
  it('stops at an entry that raises the level above what its program supports (FEATURE-4)', async () => {
    const { replica, disk, seen } = await lead({ supportedFeatureLevel: 1 });
    const outcomes: string[] = [];
    const command = { type: 'raise_feature_level', level: 2 } as const;
    replica.propose({ time: 5, commands: [{ identity: 'holdfast', command }] }, ({ type }) =>
      outcomes.push(type),
    );
    await disk.sync();
    assert.match(String(seen.fatal), /FeatureLevelError: The cluster is at feature level 2/);
    assert.deepEqual(outcomes, []);
    assert.equal(seen.fatal.length, 1);
  });

  for (const how of ['was stopped', 'stopped at what it cannot read'] as const)
    it(`that ${how} refuses to prove its leadership (ENG-PROOF-2)`, async () => {
      const { replica, disk } = await lead({ supportedFeatureLevel: 1 });
      await replica.prove();
      if (how === 'was stopped') replica.stop();
      else {
        const command = { type: 'raise_feature_level', level: 2 } as const;
        const commands = [{ identity: 'holdfast', command }];
        replica.propose({ time: 5, commands }, () => undefined);
        await disk.sync();
      }
      let answer = 'none';
      replica.prove().then(
        () => (answer = 'proven'),
        () => (answer = 'refused'),
      );
      await settled();
      assert.equal(answer, 'refused');
    });

  it('does not start on a log that raises the level above what its program supports (FEATURE-4)', async () => {
    const command = { type: 'raise_feature_level', level: 2 } as const;
    const data = encodeBatch({ time: 0, commands: [{ identity: 'holdfast', command }] });
    const entries = [{ index: 1, term: 1, kind: 'command', data }] as const;
    await assert.doesNotReject(openAlone([], { entries, supportedFeatureLevel: 2 }));
    await assert.rejects(openAlone([], { entries, supportedFeatureLevel: 1 }), FeatureLevelError);
  });

  it('stops at an entry of which it does not know a part (BATCH-2)', async () => {
    const leader = 'b' as MemberId;
    const { replica, disk, seen } = await openAlone([leader, 'c' as MemberId]);
    const data = new TextEncoder().encode('[2,5,[[{"type":"advance","by":3},null,null]]]');
    const entry = { index: 1, term: 1, kind: 'command', data } as const;
    const previous = { previousIndex: 0, previousTerm: 0, probe: 0 };
    replica.receive(leader, [
      { type: 'append', term: 1, ...previous, entries: [entry], commit: 1 },
    ]);
    await disk.sync();
    assert.match(
      String(seen.fatal),
      /BatchFormatError: .* the field "by" of a command of the type "advance", which this version does not know/,
    );
    assert.equal(replica.state.index, 0);
  });

  it('answers what it has taken in as taken, also where it stops by what follows (REPLICA-8)', async () => {
    const { replica, disk, seen } = await lead();
    disk.write = () => {
      throw new Error('no disk');
    };
    const outcomes: string[] = [];
    const propose = (): boolean =>
      replica.propose({ time: 5, commands: [] }, ({ type }) => outcomes.push(type)).ok;
    assert.equal(propose(), true);
    assert.match(String(seen.fatal), /no disk/);
    assert.equal(propose(), false);
    replica.stop();
    assert.deepEqual(outcomes, ['unknown']);
  });

  it('leads only when its vote, and is ready only when its first entry, is on disk (REPLICA-1)', async () => {
    const { replica, clock, disk } = await openAlone();
    clock.pass(700);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(replica.status().role, 'candidate');
    await disk.sync();
    assert.equal(replica.status().role, 'leader');
    assert.equal(replica.status().ready, false);
    await disk.sync();
    assert.equal(replica.status().ready, true);
  });

  it('calls nothing applied before it is on disk (REPLICA-1)', async () => {
    const { replica, disk } = await lead();
    const outcomes: string[] = [];
    replica.propose({ time: 5, commands: [] }, (outcome) => outcomes.push(outcome.type));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(outcomes, []);
    await disk.sync();
    assert.deepEqual(outcomes, ['applied']);
  });

  it('hands entries to the disk before it applies those that came with their commit (REPLICA-6)', async () => {
    // Given a follower with an entry on disk that is not committed yet
    const leader = 'b' as MemberId;
    const { replica, disk } = await openAlone([leader, 'c' as MemberId]);
    const appended = (index: number, commit: number): Message => ({
      type: 'append',
      term: 1,
      previousIndex: index - 1,
      previousTerm: index === 1 ? 0 : 1,
      entries: [{ index, term: 1, kind: 'noop', data: new Uint8Array() }],
      commit,
      probe: 0,
    });
    replica.receive(leader, [appended(1, 0)]);
    await disk.sync();
    // When the next entry comes, and says that the first one is committed
    replica.receive(leader, [appended(2, 1)]);
    // Then it is handed to the disk, and the first one is applied at the end of the turn
    assert.deepEqual(
      disk.writes.at(-1)?.entries.map(({ index }) => index),
      [2],
    );
    assert.equal(replica.state.index, 0);
    await settled();
    assert.equal(replica.state.index, 1);
  });

  it('takes a snapshot where a checkpoint stands in the log, and clears up behind it (REPLICA-5)', async () => {
    const { replica, disk, seen } = await lead();
    assert.equal(replica.room.isCheckpointDue, false);
    const metadata = 'm'.repeat(2000);
    const create = {
      type: 'create_session',
      sessionId: 's' as SessionId,
      clientId: metadata,
    } as const;
    replica.propose(
      {
        time: 5,
        commands: [
          {
            identity: 'x',
            command: { ...create, timeoutMs: 1000, lockDelayMs: 0, createdAtMs: 0 },
          },
        ],
      },
      () => undefined,
    );
    await disk.sync();
    assert.equal(replica.room.isCheckpointDue, true);
    replica.propose(
      { time: 6, commands: [{ identity: 'x', command: { type: 'checkpoint' } }] },
      () => undefined,
    );
    const { lastIndex } = replica.status();
    await disk.sync();
    await settled();
    assert.equal(replica.room.isCheckpointDue, false);
    assert.deepEqual(
      seen.known.map(([index]) => index),
      [lastIndex],
    );
    assert.deepEqual(
      disk.forgotten.map(({ hash }) => hash),
      [...disk.snapshots.keys()],
    );
  });

  it('gives a backup that holds all that is applied, and takes no second snapshot where nothing changed', async () => {
    const { replica, disk, seen } = await lead();
    const [first, second] = await Promise.all([replica.openBackup(), replica.openBackup()]);
    assert.equal(first?.reader.meta.index, replica.state.index);
    assert.equal(second?.reader.meta.hash, first?.reader.meta.hash);
    assert.equal(seen.known.length, 1);
    assert.equal(disk.openReaders, 2);
    replica.propose({ time: 7, commands: [] }, () => undefined);
    await disk.sync();
    const third = await replica.openBackup();
    assert.equal(third?.reader.meta.index, replica.state.index);
    assert.equal(seen.known.length, 2);
  });

  const leader = 'b' as MemberId;
  /** A leader's snapshot of a state at an index, as the messages that carry it. */
  function sent(replica: Replica, index: number): readonly Message[] {
    const state = createStateMachine(initialLimits);
    state.skipTo(index);
    const { membership } = replica.status();
    const { meta, bytes } = snapshotOf({ index, term: 1, membership }, state.snapshot());
    const messages: Message[] = [];
    for (let offset = 0; offset < bytes.byteLength; offset += 50) {
      const data = bytes.subarray(offset, offset + 50);
      const { byteLength } = data;
      messages.push({ type: 'snapshot_chunk', term: 1, meta, offset, byteLength, data, probe: 0 });
    }
    return messages;
  }
  async function syncAll(disk: HandDisk): Promise<void> {
    for (let write = 0; write < 4; write++) await disk.sync();
  }

  it('takes the state of a received snapshot over when it is verified and installed (ENG-SNAP-2)', async () => {
    const { replica, disk, seen } = await openAlone([leader]);
    replica.receive(leader, sent(replica, 9));
    assert.equal(replica.state.index, 0);
    await syncAll(disk);
    assert.equal(replica.state.index, 9);
    assert.deepEqual(seen.fatal, []);
    assert.equal(disk.openReaders, 0);
  });

  it('takes no snapshot where it does not know who the members were: it joined, and got the whole log (ENG-SNAP-7)', async () => {
    const checkpoint = encodeBatch({
      time: 5,
      commands: [{ identity: 'x', command: { type: 'checkpoint' } }],
    });
    const { members } = (await openAlone([leader])).replica.status().membership;
    const entries: Entry[] = [
      { index: 1, term: 1, kind: 'noop', data: new Uint8Array() },
      { index: 2, term: 1, kind: 'command', data: checkpoint },
      { index: 3, term: 1, kind: 'membership', data: encodeMembership({ members }) },
      { index: 4, term: 1, kind: 'command', data: checkpoint },
    ];
    const appended = (from: number, to: number): Message => ({
      type: 'append',
      term: 1,
      previousIndex: from - 1,
      previousTerm: from === 1 ? 0 : 1,
      entries: entries.slice(from - 1, to),
      commit: to,
      probe: 0,
    });
    // Given a node that is to join
    const { replica, disk, seen } = await openAlone([], { members: [] });
    // When a checkpoint comes that is older than the first change of the members
    replica.receive(leader, [appended(1, 2)]);
    await syncAll(disk);
    assert.equal(replica.state.index, 2);
    assert.equal(disk.snapshots.size, 0);
    // And who asks for a backup is told at once to ask another node
    await assert.rejects(replica.openBackup(), { code: 'overloaded', message: /Ask another node/ });
    // Then the next one is the first that it takes
    replica.receive(leader, [appended(3, 4)]);
    await syncAll(disk);
    assert.deepEqual(
      [...disk.snapshots.values()].map(({ meta }) => [meta.index, meta.membership.members]),
      [[4, members]],
    );
    assert.deepEqual(seen.fatal, []);
  });

  it('drops committed entries that wait for their turn when a snapshot takes the place of their state (ENG-APPLY-1)', async () => {
    // Given a follower with a thousand committed entries, of which one is applied a turn
    const clock = new HeldTurns();
    const { replica, disk, seen } = await openAlone([leader], { clock, maxEntriesPerTurn: 1 });
    const count = 1000;
    const data = new Uint8Array();
    const entries = Array.from({ length: count }, (_, at) => {
      return { index: at + 1, term: 1, kind: 'noop' as const, data };
    });
    const head = { term: 1, previousIndex: 0, previousTerm: 0, probe: 0 };
    replica.receive(leader, [{ type: 'append', ...head, entries, commit: count }]);
    await syncAll(disk);
    // When a snapshot of a later state is verified and installed
    replica.receive(leader, sent(replica, count + 9));
    let appliedBefore = 0;
    for (let turn = 0; replica.state.index <= count; turn++) {
      assert.ok(turn < 100, `after ${String(turn)} turns it is at ${String(replica.state.index)}`);
      appliedBefore = replica.state.index;
      clock.endTurn();
      await disk.sync();
    }
    assert.ok(appliedBefore < count - 1, 'entries wait');
    // Then later turns apply nothing of what was before it
    for (let turn = 0; turn < 10; turn++) clock.endTurn();
    await settled();
    assert.equal(replica.state.index, count + 9);
    assert.deepEqual(seen.fatal, []);
  });

  it('keeps its state and its log when a received snapshot is not what its hash names, and takes it when it comes again (ENG-SNAP-2)', async () => {
    const { replica, disk, seen } = await openAlone([leader]);
    disk.damageReceived = true;
    replica.receive(leader, sent(replica, 9));
    await syncAll(disk);
    assert.equal(replica.state.index, 0);
    assert.ok(disk.writes.every((write) => write.installSnapshot === undefined));
    disk.damageReceived = false;
    replica.receive(leader, sent(replica, 9));
    await syncAll(disk);
    assert.equal(replica.state.index, 9);
    assert.deepEqual(seen.fatal, []);
  });

  it('goes on with its old state after a snapshot of which no state comes, and takes the next one (ENG-SNAP-11)', async () => {
    const { replica, disk, seen } = await openAlone([leader]);
    const { membership } = replica.status();
    const { meta, bytes } = snapshotOf({ index: 9, term: 1, membership }, [Buffer.from('["?"]\n')]);
    const { byteLength } = bytes;
    replica.receive(leader, [
      { type: 'snapshot_chunk', term: 1, meta, offset: 0, byteLength, data: bytes, probe: 0 },
    ]);
    await syncAll(disk);
    assert.ok(disk.writes.every((write) => write.installSnapshot === undefined));
    assert.equal(replica.state.index, 0);
    replica.receive(leader, sent(replica, 10));
    await syncAll(disk);
    assert.equal(replica.state.index, 10);
    assert.deepEqual(seen.fatal, []);
  });

  it('that was paused for more than three heartbeats steps down before it does anything else (TICK-1)', async () => {
    const { replica, clock } = await lead();
    clock.standStill(250);
    replica.receive('b' as MemberId, []);
    assert.equal(replica.status().role, 'leader');
    clock.standStill(100);
    const answer = replica.propose({ time: 5, commands: [] }, () => undefined);
    assert.equal(answer.ok, false);
    assert.notEqual(replica.status().role, 'leader');
  });

  it('tells its members within a ms what is committed, where no entry does (NEWS-1, NEWS-2)', async () => {
    const { replica, clock, disk, seen } = await openAlone([leader]);
    clock.pass(700);
    for (const type of ['pre_vote_answer', 'vote_answer'] as const) {
      replica.receive(leader, [{ type, term: 1, granted: true }]);
      await syncAll(disk);
    }
    const told = (): readonly number[] =>
      seen.sent
        .splice(0)
        .flatMap(({ message }) => (message.type === 'append' ? message.commit : []));
    const accept = (matchIndex: number): void =>
      replica.receive(leader, [
        { type: 'append_answer', term: 1, probe: 0, accepted: true, matchIndex },
      ]);
    accept(1);
    told();
    clock.pass(1);
    assert.deepEqual(told(), [1]);
    // Two entries in flight: the append of the second one tells of the first.
    replica.propose({ time: 5, commands: [] }, () => undefined);
    await syncAll(disk);
    accept(2);
    replica.propose({ time: 6, commands: [] }, () => undefined);
    assert.deepEqual(told(), [1, 2]);
    clock.pass(1);
    assert.deepEqual(told(), []);
  });

  it('leaves it to the next entry while entries follow each other, for twice the time between them (NEWS-2)', async () => {
    const { replica, clock, disk, seen } = await openAlone([leader]);
    clock.pass(700);
    for (const type of ['pre_vote_answer', 'vote_answer'] as const) {
      replica.receive(leader, [{ type, term: 1, granted: true }]);
      await syncAll(disk);
    }
    const accept = (matchIndex: number): void =>
      replica.receive(leader, [
        { type: 'append_answer', term: 1, probe: 0, accepted: true, matchIndex },
      ]);
    accept(1);
    clock.pass(30);
    const told = (): readonly number[] =>
      seen.sent
        .splice(0)
        .flatMap(({ message }) => (message.type === 'append' ? message.commit : []));
    const commit = async (index: number): Promise<void> => {
      replica.propose({ time: index, commands: [] }, () => undefined);
      await syncAll(disk);
      accept(index);
      told();
    };
    await commit(2);
    clock.pass(1);
    assert.deepEqual(told(), [2], 'one entry after a while');
    clock.pass(2);
    await commit(3); // 3 ms after the one before
    clock.pass(5);
    assert.deepEqual(told(), [], 'the next one is expected');
    clock.pass(1);
    assert.deepEqual(told(), [3], 'it did not come within 6 ms');
    clock.pass(9);
    await commit(4); // 15 ms after the one before
    clock.pass(9);
    assert.deepEqual(told(), []);
    clock.pass(1);
    assert.deepEqual(told(), [4], 'one wait is never longer than 10 ms');
    clock.pass(10);
    await commit(5);
    clock.pass(1);
    assert.deepEqual(told(), [5], 'quiet again');
  });
});
