import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createStateMachine, latestFeatureLevel } from '@holdfast/state';
import type { Command, ResourceName } from '@holdfast/state';
import type { SnapshotReader } from '@holdfast/storage';
import { backupOf, longestPieceMs } from '../../src/backup.ts';
import type { Backup } from '../../src/types.ts';
import { HandDisk, settled, snapshotOf } from './hand-disk.ts';

const point = { index: 5, term: 1, membership: { members: [] } };

/** Of a snapshot with nothing beside it. */
const plain = (
  reader: SnapshotReader,
  lost: AbortSignal = new AbortController().signal,
  release: () => void = () => undefined,
): Promise<Backup> =>
  backupOf({ reader, stateOffset: 0, payload: undefined, lost, release, now: () => 0 });

function opened(byteLength: number): { disk: HandDisk; reader: SnapshotReader } {
  const disk = new HandDisk();
  const { meta, bytes } = snapshotOf(point, [Buffer.alloc(byteLength, 'state')]);
  disk.snapshots.set(meta.hash, { meta, bytes });
  const reader = disk.openSnapshot(meta.hash);
  assert.ok(reader !== undefined);
  return { disk, reader };
}

describe('A backup', () => {
  it('is the bytes that its hash names, and gives its descriptor back behind the last one', async () => {
    const { disk, reader } = opened(1_000_000);
    const backup = await plain(reader);
    const hash = createHash('sha256');
    let byteLength = 0;
    for await (const chunk of backup.chunks) {
      byteLength += chunk.byteLength;
      hash.update(chunk);
    }
    assert.equal(byteLength, backup.byteLength);
    assert.equal(hash.digest('hex'), backup.hash);
    assert.equal(backup.index, point.index);
    assert.equal(disk.openReaders, 0);
    backup.close();
    assert.equal(disk.openReaders, 0);
  });

  it('that is closed before anything was read gives its descriptor back, once (BACKUP-1)', async () => {
    const { disk, reader } = opened(10);
    const backup = await plain(reader);
    assert.equal(disk.openReaders, 1);
    backup.close();
    backup.close();
    assert.equal(disk.openReaders, 0);
  });

  it('that is closed while a read is under way gives its descriptor back behind that (BACKUP-1)', async () => {
    const { disk, reader } = opened(1_000_000);
    let finishRead: () => void = assert.fail;
    const backup = await plain({
      ...reader,
      read: (offset, byteLength) =>
        new Promise((resolve) => {
          finishRead = () => void reader.read(offset, byteLength).then(resolve);
        }),
    });
    const chunks = backup.chunks[Symbol.asyncIterator]();
    const first = chunks.next();
    backup.close();
    assert.equal(disk.openReaders, 1);
    finishRead();
    await first;
    await assert.rejects(chunks.next(), /has been closed/);
    await settled();
    assert.equal(disk.openReaders, 0);
  });

  it('of which payloads are no longer kept is closed at once, and tells its reader why (BACKUP-3)', async () => {
    const { disk, reader } = opened(1_000_000);
    const lost = new AbortController();
    let released = 0;
    const backup = await plain(reader, lost.signal, () => (released += 1));
    const chunks = backup.chunks[Symbol.asyncIterator]();
    await chunks.next();
    lost.abort();
    assert.equal(disk.openReaders, 0);
    await assert.rejects(chunks.next(), {
      code: 'overloaded',
      message: /too many messages have ended while it was read/,
    });
    backup.close();
    assert.equal(released, 1);
  });
});

describe('A backup with payloads (BACKUP-4)', () => {
  /** Of three messages, whose payloads come when the test says so. */
  function withPayloads() {
    const state = createStateMachine();
    const messages = ['a', 'b', 'c'].map((key) => ({ key, payload: key.repeat(1000) }));
    const commands: readonly Command[] = [
      { type: 'raise_feature_level', level: latestFeatureLevel },
      { type: 'queue_push', name: 'mail' as ResourceName, messages },
    ];
    const { payloads } = state.apply({
      index: 5,
      time: 1000,
      commands: commands.map((command) => ({ identity: 'test', command })),
    });
    const texts = new Map(payloads?.kept.map(({ id, text }) => [id, text]));
    assert.equal(texts.size, 3);
    const disk = new HandDisk();
    const { meta, bytes } = snapshotOf(point, state.snapshot());
    disk.snapshots.set(meta.hash, { meta, bytes });
    const reader = disk.openSnapshot(meta.hash);
    assert.ok(reader !== undefined);
    const seen = { released: 0, asked: 0, nowMs: 0 };
    const waiting: (() => void)[] = [];
    const source = {
      reader,
      stateOffset: 0,
      payload: ({ id }: { readonly id: number }) => {
        seen.asked += 1;
        return new Promise<string>((resolve) => {
          waiting.push(() => resolve(texts.get(id) ?? assert.fail()));
        });
      },
      lost: new AbortController().signal,
      release: () => void (seen.released += 1),
      now: () => seen.nowMs,
    };
    const give = async (): Promise<void> => {
      await settled();
      waiting.shift()?.();
      await settled();
    };
    return { disk, source, seen, give };
  }

  it('whose caller goes while it is read for its hash is closed behind the read that is under way', async () => {
    const { disk, source, seen, give } = withPayloads();
    const caller = new AbortController();
    const refused = assert.rejects(backupOf(source, caller.signal), { code: 'cancelled' });
    await give();
    assert.equal(seen.asked, 2);
    caller.abort();
    await settled();
    assert.equal(disk.openReaders, 1);
    for (let payload = 0; payload < 2; payload++) await give();
    await refused;
    assert.deepEqual([seen.asked, seen.released, disk.openReaders], [2, 1, 0]);
  });

  it('is not read for its hash for ever', async () => {
    const { disk, source, seen, give } = withPayloads();
    const refused = assert.rejects(backupOf(source), {
      code: 'overloaded',
      message: /was not read within 60 s/,
    });
    await give();
    seen.nowMs = longestPieceMs + 1;
    for (let payload = 0; payload < 2; payload++) await give();
    await refused;
    assert.deepEqual([seen.asked, seen.released, disk.openReaders], [2, 1, 0]);
  });

  it('has them in it, and ends with its last byte', async () => {
    const { disk, source, seen, give } = withPayloads();
    let backup: Backup | undefined;
    void backupOf(source).then((one) => (backup = one));
    for (let payload = 0; payload < 3; payload++) await give();
    assert.ok(backup !== undefined);
    const hash = createHash('sha256');
    const reading = (async () => {
      for await (const chunk of backup.chunks) hash.update(chunk);
    })();
    for (let payload = 0; payload < 3; payload++) await give();
    await reading;
    assert.equal(hash.digest('hex'), backup.hash);
    assert.deepEqual([seen.asked, seen.released, disk.openReaders], [6, 1, 0]);
  });
});
