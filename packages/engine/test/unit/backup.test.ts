import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { SnapshotReader } from '@holdfast/storage';
import { backupOf } from '../../src/backup.ts';
import type { Backup } from '../../src/types.ts';
import { HandDisk, settled, snapshotOf } from './hand-disk.ts';

const point = { index: 5, term: 1, membership: { members: [] } };

/** Of a snapshot with nothing beside it. */
const plain = (
  reader: SnapshotReader,
  lost: AbortSignal = new AbortController().signal,
  release: () => void = () => undefined,
): Promise<Backup> => backupOf({ reader, stateOffset: 0, payload: undefined, lost, release });

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
