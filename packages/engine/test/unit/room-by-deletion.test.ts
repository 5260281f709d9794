/** Payloads of messages that are gone, on a node that has no room (PAYLOAD-10). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DiskError } from '@holdfast/storage';
import { MemoryFiles, openStorageOn } from '@holdfast/storage/parts';
import { graceMs } from '../../src/payloads/ended-payloads.ts';
import { alone, twoEnded } from './memory-payloads.ts';
import { keptOf, turns } from './payload-stage.ts';
import { StillClock } from './still-clock.ts';

describe('Payloads that have ended', () => {
  it('go without a snapshot where there is no room for one, once nobody reads them (PAYLOAD-10)', () => {
    const { clock, payloads, here } = twoEnded();
    payloads.snapshotNotSaved();
    clock.pass(graceMs - 1);
    assert.deepEqual(here(), [1, 2, 3], 'somebody may be reading one that he took');
    clock.pass(10_000);
    assert.deepEqual(here(), [3]);
    // Those that end later go as well.
    payloads.applied(7, { kept: [], ended: [3], lost: [] });
    clock.pass(graceMs + 10_000);
    assert.deepEqual(here(), []);
    payloads.stop();
  });

  it('go without a snapshot where there is no room for payloads (PAYLOAD-10)', () => {
    const { store, clock, payloads, here } = twoEnded();
    store.shortage = new Error('full');
    store.tellShortage();
    clock.pass(graceMs + 10_000);
    assert.deepEqual(here(), [3]);
    payloads.stop();
  });

  it('stay for a snapshot once there is room (PAYLOAD-2, PAYLOAD-10)', () => {
    const { store, clock, payloads, here } = twoEnded();
    payloads.snapshotNotSaved();
    store.shortage = new Error('full');
    store.tellShortage();
    clock.pass(10_000);
    payloads.snapshotDurable(5);
    store.shortage = undefined;
    clock.pass(10 * graceMs);
    assert.deepEqual(here(), [1, 2, 3]);
    payloads.snapshotDurable(6);
    assert.deepEqual(here(), [3]);
    payloads.stop();
  });

  it('stay while somebody reads a snapshot, though there is no room (PAYLOAD-2, PAYLOAD-10)', () => {
    const { clock, payloads, here } = twoEnded();
    const release = payloads.hold(assert.fail);
    payloads.snapshotNotSaved();
    clock.pass(10 * graceMs);
    assert.deepEqual(here(), [1, 2, 3]);
    release();
    clock.pass(10_000);
    assert.deepEqual(here(), [3]);
    payloads.stop();
  });
});

/** A disk of this member that has so much room for payloads. */
async function withRoomFor(mostBytes: number) {
  const files = new MemoryFiles();
  const payloadBytes = (): number =>
    files.paths
      .filter((path) => path.startsWith('/n/payloads/'))
      .reduce((bytes, path) => bytes + files.bytes(path).byteLength, 0);
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
  const disk = files.disk({
    now: () => 0,
    later: (_operation, act) => void setImmediate(act),
    trouble: (_operation, grows, path) =>
      grows && path.startsWith('/n/payloads/') && payloadBytes() >= mostBytes
        ? new DiskError(path, 'written', 'ENOSPC', 'no space is left', full)
        : undefined,
  });
  const failures: Error[] = [];
  const { storage } = await openStorageOn(
    disk,
    {
      folder: '/n/log',
      log: { id: '00112233445566778899aabbccddeeff', made: false },
      onFailure: (error) => failures.push(error),
      onWarning: () => undefined,
    },
    {
      segmentBytes: 4096,
      maxSpares: 2,
      payloads: { fileBytes: 16_384, gatheredBytes: 4096, rememberedBytes: 0 },
    },
  );
  return { storage, failures, payloadBytes };
}

describe('A full disk', () => {
  it('takes payloads again once messages are gone, and nothing else makes room (PAYLOAD-10, PWASTE-1)', async () => {
    const { storage, failures, payloadBytes } = await withRoomFor(100_000);
    const clock = new StillClock();
    const payloads = alone(storage.payloads, clock);
    const ids = Array.from({ length: 100 }, (_, position) => position + 1);
    payloads.applied(1, { kept: ids.map(keptOf), ended: [], lost: [] });
    while (storage.payloads.shortage === undefined) {
      void storage.payloads.durable();
      await turns(1);
    }
    payloads.snapshotNotSaved();
    const fullBytes = payloadBytes();
    // A queue is purged, another one stays.
    payloads.applied(2, { kept: [], ended: ids.slice(0, 50), lost: [] });
    for (let step = 0; step < 30; step++) {
      clock.pass(5000);
      await turns(50);
    }
    assert.equal(storage.payloads.shortage, undefined);
    assert.ok(payloadBytes() < fullBytes, `${String(payloadBytes())} bytes`);
    assert.deepEqual(
      [...storage.payloads.ids()].sort((a, b) => a - b),
      ids.slice(50),
    );
    for (const id of ids.slice(50))
      assert.equal(
        Buffer.from((await storage.payloads.read(id)) ?? []).toString(),
        keptOf(id).text,
      );
    assert.deepEqual(failures, []);
    payloads.stop();
    await storage.close();
  });
});
