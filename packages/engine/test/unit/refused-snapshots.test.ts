/** Snapshots that a node goes on without: there is no room for its own, or no state comes of one that it received. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { SnapshotMeta } from '@holdfast/raft';
import { createStateMachine, initialLimits, snapshotFormatVersion } from '@holdfast/state';
import { DiskError, SnapshotNotSavedError } from '@holdfast/storage';
import { graceMs } from '../../src/payloads/ended-payloads.ts';
import { Snapshots } from '../../src/snapshots.ts';
import { silentLog } from '../cluster.ts';
import { HandDisk, settled, snapshotOf } from './hand-disk.ts';
import { alone, twoEnded } from './memory-payloads.ts';
import { StillClock } from './still-clock.ts';

const point = { index: 5, term: 1, membership: { members: [] } };

/** Without anything that is sent; with what was logged. */
function receiver(disk: HandDisk, payloads = alone(disk.payloads)) {
  const verified: boolean[] = [];
  const fatal: unknown[] = [];
  const said: (readonly ['warn' | 'error', object, string])[] = [];
  const saved: number[] = [];
  const clock = new StillClock();
  const snapshots = new Snapshots(
    {
      storage: disk,
      payloads,
      clock,
      log: {
        ...silentLog,
        warn: (about: object, text: string) => void said.push(['warn', about, text]),
        error: (about: object, text: string) => void said.push(['error', about, text]),
      },
      supportedLevel: 3,
      onSaved: ({ index }) => void saved.push(index),
      onVerified: (_meta, isGood) => void verified.push(isGood),
      send: () => undefined,
      onFatal: (error) => void fatal.push(error),
    },
    { ...point, index: 0, hash: '', byteLength: 0 },
  );
  return { snapshots, verified, fatal, said, saved, clock };
}

describe('A snapshot for which there is no room', () => {
  class Full extends HandDisk {
    isFull = true;
    asked = 0;
    override saveSnapshot(
      ...given: Parameters<HandDisk['saveSnapshot']>
    ): Promise<SnapshotMeta | undefined> {
      this.asked += 1;
      return this.isFull
        ? Promise.reject(
            new SnapshotNotSavedError(
              new DiskError('/n/own.partial', 'written', 'ENOSPC', 'no space is left', undefined),
            ),
          )
        : super.saveSnapshot(...given);
    }
  }

  it('comes to nothing, is told, and is tried again when it is asked for again (ENG-SNAP-10)', async () => {
    const disk = new Full();
    const { snapshots, fatal, said, saved } = receiver(disk);
    const state = createStateMachine(initialLimits);
    for (const count of [1, 2]) {
      assert.equal(await snapshots.save(point, state), undefined);
      assert.equal(snapshots.isSaving, false);
      assert.equal(said.length, count);
      assert.deepEqual(said.at(-1)?.slice(0, 2), [
        'warn',
        { index: 5, code: 'ENOSPC', snapshotsNotSaved: count },
      ]);
    }
    disk.isFull = false;
    await snapshots.save(point, state);
    assert.deepEqual(saved, [5]);
    assert.deepEqual(fatal, []);
  });

  it('lets payloads of messages that are gone go, which wait for none then (PAYLOAD-10)', async () => {
    const disk = new Full();
    const { store, clock: payloadClock, payloads, here } = twoEnded();
    const { snapshots } = receiver(disk, payloads);
    assert.equal(await snapshots.save(point, createStateMachine(initialLimits)), undefined);
    payloadClock.pass(graceMs + 10_000);
    assert.deepEqual(here(), [3]);
    assert.equal(store.shortage, undefined);
    payloads.stop();
  });

  it('is asked for once by a backup, which is refused with the cause (ENG-SNAP-10)', async () => {
    const disk = new Full();
    const { snapshots, clock } = receiver(disk);
    const state = createStateMachine(initialLimits);
    let answer: unknown;
    snapshots
      .openBackup(1, undefined, () => ({ point, state }))
      .catch((error: unknown) => (answer = error));
    await settled();
    clock.pass(20);
    await settled();
    assert.ok(answer instanceof HoldfastError);
    assert.equal(answer.code, 'overloaded');
    assert.match(answer.message, /no room for a snapshot/);
    assert.equal(disk.asked, 1);
  });

  it('is not tried again by the backups of the next minute, and by those after it (ENG-SNAP-10)', async () => {
    const disk = new Full();
    const { snapshots, clock } = receiver(disk);
    const state = createStateMachine(initialLimits);
    const backup = async (): Promise<unknown> => {
      let answer: unknown = 'none';
      void snapshots
        .openBackup(1, undefined, () => ({ point, state }))
        .then(
          (source) => (answer = source),
          (error: unknown) => (answer = error),
        );
      await settled();
      clock.pass(20);
      await settled();
      return answer;
    };
    for (let attempt = 0; attempt < 3; attempt++)
      assert.ok((await backup()) instanceof HoldfastError);
    assert.equal(disk.asked, 1);
    disk.isFull = false;
    clock.pass(60_000);
    assert.ok(!((await backup()) instanceof HoldfastError));
    assert.equal(disk.asked, 2);
  });
});

describe('A backup of which no snapshot comes in time', () => {
  it('is refused with the cause, and not as if the node stopped', async () => {
    const { snapshots, clock } = receiver(new HandDisk());
    const told: { answer?: unknown } = {};
    snapshots
      .openBackup(1, undefined, () => undefined)
      .catch((error: unknown) => {
        told.answer = error;
      });
    for (let tries = 0; told.answer === undefined; tries++) {
      assert.ok(tries < 200);
      await settled();
      clock.pass(1000);
    }
    const { answer } = told;
    assert.ok(answer instanceof HoldfastError);
    assert.equal(answer.code, 'overloaded');
    assert.match(answer.message, /no snapshot was saved within 120 s/);
  });
});

describe('A backup whose caller has gone', () => {
  it('waits for no snapshot and keeps no payloads, and what is saved later is closed (ENG-SNAP-12)', async () => {
    const begun = Promise.withResolvers<void>();
    class Slow extends HandDisk {
      override async saveSnapshot(
        ...given: Parameters<HandDisk['saveSnapshot']>
      ): Promise<SnapshotMeta | undefined> {
        await begun.promise;
        return super.saveSnapshot(...given);
      }
    }
    const disk = new Slow();
    let held = 0;
    const payloads = alone(disk.payloads);
    payloads.hold = () => {
      held += 1;
      return () => (held -= 1);
    };
    const { snapshots } = receiver(disk, payloads);
    const state = createStateMachine(initialLimits);
    const caller = new AbortController();
    let answer: unknown = 'none';
    void snapshots
      .openBackup(1, caller.signal, () => ({ point, state }))
      .then((source) => (answer = source));
    await settled();
    assert.equal(held, 1);
    caller.abort();
    await settled();
    assert.equal(answer, undefined);
    assert.equal(held, 0);
    begun.resolve();
    await settled();
    assert.equal(disk.snapshots.size, 1);
    assert.equal(disk.openReaders, 0);
    // And one whose caller has gone before asks for nothing
    const late = snapshots.openBackup(6, caller.signal, () => assert.fail('it is not looked at'));
    assert.equal(await late, undefined);
  });
});

describe('A snapshot that a member could not restore', () => {
  it('is looked at each time, and told once where the copy here is intact (ENG-SNAP-11)', async () => {
    const disk = new HandDisk();
    const { snapshots, fatal, said, saved } = receiver(disk);
    await snapshots.save(point, createStateMachine(initialLimits));
    assert.deepEqual(saved, [5]);
    const [meta] = [...disk.snapshots.values()].map((snapshot) => snapshot.meta);
    assert.ok(meta !== undefined);
    for (let attempt = 0; attempt < 3; attempt++) {
      snapshots.checkOwn(meta);
      await settled();
    }
    assert.equal(said.length, 1);
    assert.match(said[0]?.[2] ?? '', /^A member could not restore a snapshot of this node: /);
    assert.match(said[0]?.[2] ?? '', /The copy here is intact\. See the log of that member\.$/);
    assert.deepEqual(fatal, []);
    assert.equal(disk.openReaders, 0);
  });
});

describe('A received snapshot of which no state comes', () => {
  async function received(bytes: Uint8Array) {
    const disk = new HandDisk();
    const found = receiver(disk);
    const { meta } = snapshotOf(point, [bytes]);
    for (let time = 0; time < 2; time++) {
      const write = { id: 1, entries: [], snapshotChunks: [{ meta, offset: 0, data: bytes }] };
      void disk.write(write);
      found.snapshots.verify(meta);
      await settled();
    }
    return found;
  }

  it('is fetched again, and told once (ENG-SNAP-11)', async () => {
    const { verified, fatal, said } = await received(Buffer.from('["no snapshot"]\n'));
    assert.deepEqual(fatal, []);
    assert.deepEqual(verified, [false, false]);
    assert.deepEqual(
      said.map(([level, about]) => [level, 'code' in about && about.code]),
      [['error', 'snapshot_unreadable']],
    );
  });

  it('stops the node where a newer program has written it (ENG-SNAP-11)', async () => {
    const whole = Buffer.concat([...createStateMachine(initialLimits).snapshot()]).toString();
    const version = String(snapshotFormatVersion);
    const newer = whole.replace(version, String(snapshotFormatVersion + 1));
    const { verified, fatal } = await received(Buffer.from(newer));
    assert.deepEqual(verified, []);
    assert.match(String(fatal[0]), /newer version of Holdfast wrote it/);
  });
});
