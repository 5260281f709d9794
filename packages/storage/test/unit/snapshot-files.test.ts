/** What becomes of the bytes of snapshots: those received, those read, those that nobody needs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SnapshotMeta } from '@holdfast/raft';
import type { Opened } from '../../src/index.ts';
import type { Disk, DiskFile } from '../../src/parts.ts';
import { piecesOf, SnapshotFiles } from '../../src/snapshot-files.ts';
import { bytesOf, fill, LogInMemory, membership, settle } from '../log-in-memory.ts';

interface Elsewhere {
  readonly meta: SnapshotMeta;
  readonly bytes: Uint8Array;
}

/** A snapshot as another node has it. */
async function made(index: number, text: string): Promise<Elsewhere> {
  const opened = await new LogInMemory().open();
  await fill(opened, 1, index, undefined, 2);
  const { storage } = opened;
  const meta = await storage.saveSnapshot({ index, term: 2, membership }, [bytesOf(text)]);
  assert.ok(meta !== undefined);
  const bytes = await storage.openSnapshot(meta.hash)?.read(0, meta.byteLength);
  return { meta, bytes: bytes ?? assert.fail() };
}

const receive = (
  { storage }: Opened,
  { meta, bytes }: Elsewhere,
  from = 0,
  to = bytes.byteLength,
): Promise<void> =>
  storage.write({
    id: 0,
    entries: [],
    snapshotChunks: [{ meta, offset: from, data: bytes.subarray(from, to) }],
  });

async function save({ storage }: Opened, index: number): Promise<SnapshotMeta> {
  const saved = await storage.saveSnapshot({ index, term: 1, membership }, [bytesOf('own')]);
  storage.forgetBefore(index + 1, saved?.hash ?? '');
  await settle();
  return saved ?? assert.fail();
}

const partials = (log: LogInMemory): string[] =>
  log.files.paths.filter((path) => path.includes('/received-'));

describe('A received snapshot', () => {
  it('does not verify where a byte of its file is not what was written, whichever (SFILE-6)', async () => {
    const other = await made(9, 'received');
    for (let position = 0; position < other.meta.byteLength; position++) {
      const log = new LogInMemory();
      const opened = await log.open();
      await receive(opened, other, 0, 20);
      await receive(opened, other, 20);
      const [path = ''] = partials(log);
      const bytes = log.files.bytes(path);
      bytes[position] = (bytes[position] ?? 0) ^ 1;
      assert.equal(await opened.storage.verifyReceived(other.meta), false);
      // When it comes once more, it does
      await receive(opened, other);
      assert.equal(await opened.storage.verifyReceived(other.meta), true);
      assert.deepEqual(log.failures, []);
    }
  });

  it('that the own log has passed goes, and what still comes of it is not taken for damage (SFILE-5)', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 20);
    const other = await made(9, 'received');
    await receive(opened, other, 0, 20);
    assert.equal(partials(log).length, 1);
    const sizeBefore = opened.storage.stats.sizeBytes;
    const saved = await save(opened, 10);
    assert.deepEqual(partials(log), []);
    assert.equal(opened.storage.stats.sizeBytes, sizeBefore - 20 + saved.byteLength);
    let acknowledged = false;
    void receive(opened, other, 20).then(() => (acknowledged = true));
    await settle();
    assert.deepEqual(log.failures, []);
    assert.ok(acknowledged);
    await fill(opened, 21, 22);
    assert.equal(await opened.storage.verifyReceived(other.meta), false);
    // And a newer one is received as ever
    const newer = await made(30, 'newer');
    await receive(opened, newer);
    await save(opened, 15);
    assert.equal(await opened.storage.verifyReceived(newer.meta), true);
  });

  it('stays while it is verified, and until what was verified has been read (SFILE-5)', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 20);
    const other = await made(9, 'received');
    await receive(opened, other);
    const verifying = opened.storage.verifyReceived(other.meta);
    await save(opened, 10);
    assert.equal(await verifying, true);
    await save(opened, 11);
    const reader = opened.storage.openSnapshot(other.meta.hash) ?? assert.fail();
    await save(opened, 12);
    assert.deepEqual(await reader.read(0, other.meta.byteLength), other.bytes);
    assert.equal(partials(log).length, 1);
    reader.close();
    await save(opened, 13);
    assert.deepEqual(partials(log), []);
  });

  it('whose file cannot be taken away is told, and goes the next time', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 20);
    await receive(opened, await made(9, 'received'), 0, 20);
    log.refuses = (operation, path) =>
      operation === 'names' && path.includes('/received-') ? new Error(`${path}: EIO`) : undefined;
    await save(opened, 10);
    assert.equal(partials(log).length, 1);
    assert.match(log.warnings.join(), /received-1.partial: EIO/);
    log.refuses = () => undefined;
    await save(opened, 11);
    assert.deepEqual(partials(log), []);
  });
});

describe('Bytes of snapshots', () => {
  it('count as long as somebody reads them, though their name is gone', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 20);
    const first = await save(opened, 10);
    const reader = opened.storage.openSnapshot(first.hash) ?? assert.fail();
    const sizeBefore = opened.storage.stats.sizeBytes;
    const second = await save(opened, 12);
    assert.equal(opened.storage.stats.sizeBytes, sizeBefore + second.byteLength);
    reader.close();
    await settle();
    assert.equal(opened.storage.stats.sizeBytes, sizeBefore - first.byteLength + second.byteLength);
  });

  it('are read to their end while older ones are cleared up and the storage closes, in any order', async () => {
    for (const closesAfter of [0, 1, 2, 3, 4, 5, 6, 8])
      for (const closesFirst of [true, false]) {
        const snapshots = new SnapshotFiles(
          closing(new LogInMemory().disk()),
          '/n/snapshots',
          undefined,
          () => 1,
        );
        const saved: SnapshotMeta[] = [];
        for (const index of [5, 10, 15]) {
          const point = { index, term: 1, membership };
          const one = await snapshots.save(
            point,
            piecesOf(point, [bytesOf(`at ${String(index)}`)]),
            () => Promise.resolve(true),
          );
          saved.push(one ?? assert.fail());
        }
        const readers = saved.map(({ hash }) => snapshots.open(hash) ?? assert.fail());
        const newest = saved.at(-1) ?? assert.fail();
        const acts = [() => snapshots.close(), () => snapshots.forgetOlder(newest)];
        if (!closesFirst) acts.reverse();
        const done: Promise<void>[] = [];
        for (const act of acts) {
          done.push(act());
          for (let turns = 0; turns < closesAfter; turns++) await Promise.resolve();
        }
        await Promise.all(done);
        for (const reader of readers) {
          const { byteLength } = await reader.read(0, reader.meta.byteLength);
          assert.equal(byteLength, reader.meta.byteLength);
          reader.close();
        }
      }
  });
});

/** The same, with files that are closed once, and not read afterwards. */
function closing(disk: Disk): Disk {
  return {
    ...disk,
    create: async (path, zeroBytes) => {
      const file = await disk.create(path, zeroBytes);
      let isClosed = false;
      const checked: DiskFile = {
        ...file,
        read: (position, byteLength) => {
          assert.ok(!isClosed, `${path} is closed`);
          return file.read(position, byteLength);
        },
        close: async () => {
          assert.ok(!isClosed, `${path} is closed twice`);
          isClosed = true;
          await file.close();
        },
      };
      return checked;
    },
  };
}
