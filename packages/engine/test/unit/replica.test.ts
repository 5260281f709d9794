import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemberId, Message, Recovered, Write } from '@holdfast/raft';
import { createStateMachine } from '@holdfast/state';
import type { Storage } from '@holdfast/storage';
import { Replica } from '../../src/replica.ts';
import { silentLog } from '../cluster.ts';
import { StillClock } from './still-clock.ts';

const self = 'a' as MemberId;

/** A disk whose every write is durable when the test says so. */
class Disk implements Storage {
  readonly writes: Write[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly figures = { commits: 0, pendingWrites: 0, lastCommitMs: 0, sizeBytes: 0 };

  write(write: Write): Promise<void> {
    this.writes.push(write);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async sync(): Promise<void> {
    for (const resolve of this.#waiting.splice(0)) resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }

  saveSnapshot(): Promise<never> {
    return Promise.reject(new Error('no snapshot is taken here'));
  }

  /** By index: the one chunk of a snapshot that is there. */
  readonly chunks = new Map<number, Uint8Array>();

  readSnapshotChunk(index: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.chunks.get(index));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function openAlone(
  others: readonly MemberId[] = [],
): Promise<{ replica: Replica; clock: StillClock; disk: Disk }> {
  const clock = new StillClock();
  const disk = new Disk();
  const recovered: Recovered = {
    hardState: { term: 0, votedFor: null, commit: 0 },
    snapshot: {
      index: 0,
      term: 0,
      membership: {
        members: [self, ...others].map((id) => ({ id, address: `${id}:1`, role: 'voter' })),
      },
      chunkCount: 0,
    },
    entries: [],
  };
  const replica = await Replica.open({
    config: {
      id: self,
      heartbeatTicks: 10,
      electionTicksMin: 30,
      electionTicksMax: 60,
      random: () => 0.5,
      maxAppendBytes: 1_000_000,
      maxInflightBytes: 1_000_000,
      maxInflightMessages: 64,
      maxUncommittedBytes: 1_000_000,
      maxWriteTicks: 100_000,
    },
    recovered,
    storage: disk,
    clock,
    heartbeatMs: 100,
    tickMs: 10,
    snapshotLogBytes: 1_000_000,
    log: silentLog,
    hooks: {
      onApplied: () => undefined,
      onRestored: () => undefined,
      onStatus: () => undefined,
      onTick: () => undefined,
      send: () => undefined,
      onFatal: (error) => {
        throw error;
      },
    },
  });
  replica.start();
  return { replica, clock, disk };
}

async function lead(): ReturnType<typeof openAlone> {
  const parts = await openAlone();
  parts.clock.pass(700);
  await parts.disk.sync(); // Its vote.
  await parts.disk.sync(); // The no-op of its term.
  assert.equal(parts.replica.status().role, 'leader');
  assert.equal(parts.replica.status().ready, true);
  return parts;
}

describe('A replica', () => {
  it('leads only when its vote, and is ready only when its first entry, is on disk (R1)', async () => {
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

  it('calls nothing applied before it is on disk (R1)', async () => {
    const { replica, disk } = await lead();
    const outcomes: string[] = [];
    replica.propose({ time: 5, commands: [] }, (outcome) => outcomes.push(outcome.type));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(outcomes, []);
    await disk.sync();
    assert.deepEqual(outcomes, ['applied']);
  });

  it('takes a snapshot that is replaced while it is read for what it is, and restores the newer one (R2)', async () => {
    const leader = 'b' as MemberId;
    const { replica, disk } = await openAlone([leader]);
    const { membership } = replica.status();
    const chunkOf = (index: number): Message => ({
      type: 'snapshot_chunk',
      term: 1,
      meta: { index, term: 1, membership, chunkCount: 1 },
      chunk: 0,
      data: new Uint8Array([1]),
      probe: 0,
    });
    // Given a first snapshot whose chunk is gone when it is read back
    replica.receive(leader, [chunkOf(5)]);
    await disk.sync();
    await disk.sync();
    assert.equal(replica.state.index, 0);
    // When the newer one that took its place is there
    const state = createStateMachine();
    state.skipTo(9);
    const [bytes] = state.snapshot();
    assert.ok(bytes !== undefined);
    disk.chunks.set(9, bytes);
    replica.receive(leader, [chunkOf(9)]);
    await disk.sync();
    await disk.sync();
    // Then that is the state
    assert.equal(replica.state.index, 9);
  });

  it('that stood still for more than three heartbeats gives up leadership before it does anything else (R4)', async () => {
    const { replica, clock } = await lead();
    clock.standStill(250);
    replica.receive('b' as MemberId, []);
    assert.equal(replica.status().role, 'leader');
    clock.standStill(100);
    const answer = replica.propose({ time: 5, commands: [] }, () => undefined);
    assert.equal(answer.ok, false);
    assert.notEqual(replica.status().role, 'leader');
  });
});
