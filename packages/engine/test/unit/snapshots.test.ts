import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { MemberId, Message } from '@holdfast/raft';
import { createStateMachine, initialLimits } from '@holdfast/state';
import type { SnapshotReader } from '@holdfast/storage';
import { readState } from '../../src/snapshot-state.ts';
import { Snapshots } from '../../src/snapshots.ts';
import { Timings } from '../../src/timings.ts';
import { silentLog } from '../cluster.ts';
import { HandDisk, settled, snapshotOf } from './hand-disk.ts';
import { alone } from './memory-payloads.ts';
import { StillClock } from './still-clock.ts';

const peer = 'b' as MemberId;
const point = { index: 5, term: 1, membership: { members: [] } };

/** Reads of its snapshots settle when, and in the order in which, the test says. */
class SlowReads extends HandDisk {
  readonly reads: (() => void)[] = [];

  override openSnapshot(hash: string): SnapshotReader | undefined {
    const reader = super.openSnapshot(hash);
    if (reader === undefined) return undefined;
    return {
      ...reader,
      read: (offset, byteLength) =>
        new Promise((resolve) => {
          this.reads.push(() => void reader.read(offset, byteLength).then(resolve));
        }),
    };
  }
}

function stage(disk: HandDisk, payloads = alone(disk.payloads)) {
  const { meta, bytes } = snapshotOf(point, [Buffer.from('0123456789')]);
  disk.snapshots.set(meta.hash, { meta, bytes });
  const sent: string[] = [];
  const fatal: unknown[] = [];
  const snapshots = new Snapshots(
    {
      storage: disk,
      payloads,
      clock: new StillClock(),
      log: silentLog,
      supportedLevel: 3,
      onSaved: () => undefined,
      onVerified: () => undefined,
      send: (_to, message) => void sent.push(Buffer.from(message.data).toString()),
      onFatal: (error) => void fatal.push(error),
    },
    meta,
  );
  const chunk = (offset: number): Extract<Message, { type: 'snapshot_chunk' }> => ({
    type: 'snapshot_chunk',
    term: 1,
    meta,
    offset,
    byteLength: 2,
    data: new Uint8Array(),
    probe: 0,
  });
  snapshots.setTransfers([meta.hash]);
  return { meta, sent, fatal, snapshots, chunk };
}

describe('The hash of a state', () => {
  const old = readFileSync(
    new URL('../../../state/test/unit/support/snapshot-version-3.txt', import.meta.url),
  );
  const known = async (
    bytes: Uint8Array,
  ): Promise<readonly [string | undefined, string | undefined]> => {
    const disk = new HandDisk();
    // The head names the members' addresses, which are not the same on every node.
    const head = Buffer.from('{"members":["as this node was told"]}\n');
    disk.headBytes = head.byteLength;
    const found = snapshotOf(point, [head, bytes]);
    const { meta } = found;
    disk.snapshots.set(meta.hash, found);
    const { state, stateHash } = await readState(
      { storage: disk, clock: new StillClock() },
      meta,
      2,
    );
    const saved: (string | undefined)[] = [];
    const clock = new StillClock();
    const timings = new Timings();
    const took: (readonly [string, number])[] = [];
    timings.listen((work, seconds) => took.push([work, seconds]));
    const options = {
      storage: disk,
      payloads: alone(disk.payloads),
      clock,
      timings,
      log: silentLog,
      supportedLevel: 3,
      onSaved: (_meta: unknown, hash: string | undefined) => void saved.push(hash),
      onVerified: () => undefined,
      send: () => undefined,
      onFatal: (error: unknown) => assert.fail(String(error)),
    };
    await new Snapshots(options, meta).save({ ...point, index: state.index }, state);
    assert.deepEqual(took, [['snapshot', 0]]);
    return [stateHash, saved[0]];
  };

  it('is that of its bytes, found on the disk and saved alike (ENG-SNAP-5)', async () => {
    const bytes = Buffer.concat([...createStateMachine(initialLimits).snapshot()]);
    const hash = createHash('sha256').update(bytes).digest('hex');
    assert.deepEqual(await known(bytes), [hash, hash]);
  });

  it('is not known where its bytes cannot be compared, found and saved alike (ENG-SNAP-5)', async () => {
    assert.deepEqual(await known(old), [undefined, undefined]);
  });
});

describe('A backup', () => {
  it('of a disk that refuses every snapshot asks it again after a pause, and ends in time', async () => {
    let asked = 0;
    class Refusing extends HandDisk {
      override saveSnapshot(): Promise<undefined> {
        asked += 1;
        assert.ok(asked < 100, 'It asks again in the same turn.');
        return Promise.resolve(undefined);
      }
    }
    const disk = new Refusing();
    const clock = new StillClock();
    const snapshots = new Snapshots(
      {
        storage: disk,
        payloads: alone(disk.payloads),
        clock,
        log: silentLog,
        supportedLevel: 3,
        onSaved: () => undefined,
        onVerified: () => undefined,
        send: () => undefined,
        onFatal: (error) => assert.fail(String(error)),
      },
      { ...point, index: 0, hash: '', byteLength: 0 },
    );
    const state = createStateMachine(initialLimits);
    const opening = snapshots.openAtLeast(1, () => ({ point, state }));
    const refused = assert.rejects(opening, { code: 'overloaded', effect: 'none' });
    await settled();
    assert.equal(asked, 1);
    clock.pass(20);
    await settled();
    assert.equal(asked, 2);
    clock.standStill(120_000);
    clock.pass(20);
    await refused;
  });
});

describe('Snapshots that are sent', () => {
  it('leave in the order in which they were asked for, whichever read ends first (ENG-SNAP-4)', async () => {
    const disk = new SlowReads();
    const { sent, snapshots, chunk } = stage(disk);
    for (const offset of [0, 2, 4]) snapshots.send(peer, chunk(offset));
    for (let turn = 0; turn < 10; turn++) {
      await settled();
      disk.reads.pop()?.();
    }
    await settled();
    assert.deepEqual(sent, ['01', '23', '45']);
  });

  it('are read to their end though they were cleared up meanwhile (ENG-SNAP-3)', async () => {
    const disk = new HandDisk();
    const { sent, fatal, snapshots, chunk } = stage(disk);
    snapshots.send(peer, chunk(0));
    await settled();
    disk.forgetBefore(100, 'another');
    snapshots.send(peer, chunk(2));
    await settled();
    assert.deepEqual(sent, ['01', '23']);
    assert.deepEqual(fatal, []);
  });

  it('are closed when their transfer is over', async () => {
    const disk = new HandDisk();
    const { snapshots, chunk } = stage(disk);
    snapshots.send(peer, chunk(0));
    await settled();
    assert.equal(disk.openReaders, 1);
    snapshots.setTransfers([]);
    await settled();
    assert.equal(disk.openReaders, 0);
  });

  it('hold what ends from then on, also after a hold was lost in an earlier transfer (PAYLOAD-8)', () => {
    const disk = new HandDisk();
    const payloads = alone(disk.payloads);
    const held = new Set<() => void>();
    payloads.hold = (onLost) => {
      held.add(onLost);
      return () => void held.delete(onLost);
    };
    const { meta, snapshots } = stage(disk, payloads);
    assert.equal(held.size, 1);
    for (const onLost of held) {
      held.delete(onLost);
      onLost();
    }
    const later = snapshotOf({ ...point, index: 6 }, [Buffer.from('abc')]);
    disk.snapshots.set(later.meta.hash, later);
    snapshots.setTransfers([meta.hash, later.meta.hash]);
    assert.equal(held.size, 1);
    snapshots.setTransfers([later.meta.hash]);
    assert.equal(held.size, 1);
    snapshots.setTransfers([]);
    assert.equal(held.size, 0);
  });

  it('are finished once the audit has all that they hold, and not before (REPLICA-7)', async () => {
    const disk = new HandDisk();
    const saved: number[] = [];
    const audit = Promise.withResolvers<void>();
    const snapshots = new Snapshots(
      {
        storage: disk,
        payloads: alone(disk.payloads),
        clock: new StillClock(),
        log: silentLog,
        supportedLevel: 3,
        onSaved: ({ index }) => void saved.push(index),
        onVerified: () => undefined,
        send: () => undefined,
        onFatal: (error) => assert.fail(String(error)),
        auditDurable: () => audit.promise,
      },
      snapshotOf({ ...point, index: 0 }, []).meta,
    );
    const saving = snapshots.save(point, createStateMachine(initialLimits));
    await settled();
    assert.deepEqual(saved, []);
    assert.equal(disk.snapshots.size, 0);
    audit.resolve();
    await saving;
    assert.deepEqual(saved, [5]);
  });

  it('of a node that stops wait for its audit a bounded time, and are not finished without it (ENG-SNAP-8)', async () => {
    const disk = new HandDisk();
    let cancelWait: () => void = () => assert.fail('nothing is waited for');
    const clock = new StillClock();
    clock.after = (_delayMs, callback) => {
      cancelWait = callback;
      return () => undefined;
    };
    const never = new Promise<void>(() => undefined);
    const snapshots = new Snapshots(
      {
        storage: disk,
        payloads: alone(disk.payloads),
        clock,
        log: silentLog,
        supportedLevel: 3,
        onSaved: () => assert.fail('saved'),
        onVerified: () => undefined,
        send: () => undefined,
        onFatal: () => undefined,
        auditDurable: () => never,
      },
      snapshotOf({ ...point, index: 0 }, []).meta,
    );
    const saving = snapshots.save(point, createStateMachine(initialLimits));
    await settled();
    snapshots.stop();
    cancelWait();
    assert.equal(await saving, undefined);
    assert.equal(disk.snapshots.size, 0);
  });

  it('stop a node that cannot read its own copy, with what its disk says, and nothing is sent', async () => {
    class Unreadable extends HandDisk {
      override openSnapshot(hash: string): SnapshotReader | undefined {
        const reader = super.openSnapshot(hash);
        return reader && { ...reader, read: () => Promise.reject(new Error('/n/5: EIO')) };
      }
    }
    const { sent, fatal, snapshots, chunk } = stage(new Unreadable());
    snapshots.send(peer, chunk(0));
    await settled();
    assert.deepEqual(fatal.map(String), ['Error: /n/5: EIO']);
    assert.deepEqual(sent, []);
  });

  it('stop a node whose own copy is damaged, and only that one (ENG-SNAP-6)', async () => {
    const disk = new HandDisk();
    const { meta, fatal, snapshots } = stage(disk);
    snapshots.checkOwn(meta);
    await settled();
    assert.deepEqual(fatal, []);
    const bytes = disk.snapshots.get(meta.hash)?.bytes;
    assert.ok(bytes !== undefined);
    bytes[3] = (bytes[3] ?? 0) ^ 1;
    snapshots.checkOwn(meta);
    await settled();
    assert.match(String(fatal[0]), /damaged on this node's disk/);
    assert.equal(disk.openReaders, 1, 'that of the transfer');
  });
});
