/** Files of payloads on a disk that does not read, or not remove, all of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Disk, DiskFile } from '../../src/disk.ts';
import { MemoryFiles } from '../../src/memory-disk.ts';
import { PayloadFiles } from '../../src/payload-files.ts';
import { PayloadTroubles } from '../../src/payload-troubles.ts';
import { findPayloads } from '../../src/payload-scan.ts';

const folder = '/p';
/** Of 300 bytes: 384 in its file. */
const bodyOf = (id: number): Buffer => Buffer.alloc(300, `${String(id)} `);

/** What the disk refuses at the moment. */
class Refusals {
  /** Bytes that cannot be read, by the path of their file. */
  readonly unreadable = new Map<string, readonly [begin: number, end: number]>();
  readonly unopenable = new Set<string>();
  isRemoving = true;
}

function troubled(files: MemoryFiles, refusals: Refusals): Disk {
  const disk = files.disk({ now: () => 0, later: (_operation, act) => void setImmediate(act) });
  const wrapped = (path: string, file: DiskFile): DiskFile => ({
    write: (bytes, position) => file.write(bytes, position),
    close: () => file.close(),
    read: (position, byteLength) => {
      const [begin, end] = refusals.unreadable.get(path) ?? [0, 0];
      return position < end && position + byteLength > begin
        ? Promise.reject(new Error(`EIO: i/o error, read ${path}`))
        : file.read(position, byteLength);
    },
  });
  return {
    ...disk,
    open: async (path) => {
      if (refusals.unopenable.has(path)) throw new Error(`EIO: i/o error, open ${path}`);
      return wrapped(path, await disk.open(path));
    },
    create: async (path, zeroBytes) => wrapped(path, await disk.create(path, zeroBytes)),
    remove: (path) =>
      refusals.isRemoving
        ? disk.remove(path)
        : Promise.reject(new Error(`EIO: i/o error, unlink ${path}`)),
  };
}

function stage(fileBytes = 64 * 1024) {
  const files = new MemoryFiles();
  const refusals = new Refusals();
  const told: string[] = [];
  const disk = troubled(files, refusals);
  const open = async (): Promise<PayloadFiles> => {
    const settings = { fileBytes, gatheredBytes: 512, rememberedBytes: 0 };
    return new PayloadFiles(disk, folder, await findPayloads(disk, folder), settings, {
      onFailure: (error) => assert.fail(String(error)),
      onWarning: (text) => told.push(text),
    });
  };
  return { files, refusals, told, open };
}

async function filled(open: () => Promise<PayloadFiles>, count: number): Promise<PayloadFiles> {
  const store = await open();
  for (let id = 1; id <= count; id++) store.put(id, bodyOf(id));
  assert.equal(await store.durable(), true);
  return store;
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

async function readable(store: PayloadFiles, count: number): Promise<readonly number[]> {
  const ids: number[] = [];
  for (let id = 1; id <= count; id++)
    if (bodyOf(id).equals((await store.read(id)) ?? Buffer.alloc(0))) ids.push(id);
  return ids;
}

const range = (from: number, through: number): readonly number[] =>
  Array.from({ length: through - from + 1 }, (_, index) => from + index);

describe('files of payloads on a bad disk', () => {
  it('are found around what cannot be read, and their file stays (PSCAN-3, PFILE-7)', async () => {
    const { files, refusals, told, open } = stage();
    await (await filled(open, 60)).close();
    const [path = ''] = files.paths;
    refusals.unreadable.set(path, [8192, 8292]);
    const store = await open();
    assert.equal(told.length, 1);
    // The pieces of 4 KiB around it are read: 8192 to 12288 are not.
    const lost = range(22, 32);
    assert.deepEqual(await readable(store, 60), [...range(1, 21), ...range(33, 60)]);
    assert.match(told[0] ?? '', /^\/p\/\S+ could not be read, or not all of it: EIO: i\/o error/);
    for (const id of lost) assert.ok(!store.has(id) || id === 22, `payload ${String(id)}`);
    assert.ok(store.mayHave(25));
    assert.ok(store.stats.errors > 0);
    // Nobody knows what else is in it.
    for (const id of range(1, 60)) store.end(id);
    store.put(100, bodyOf(100));
    await store.durable();
    await turns(50);
    assert.ok(files.paths.includes(path));
    await store.close();
    refusals.unreadable.clear();
    const after = await open();
    assert.deepEqual(await readable(after, 60), range(1, 60));
    await after.close();
  });

  it('are passed over where one cannot be opened, and the others are there (PSCAN-3)', async () => {
    const { files, refusals, told, open } = stage(4096);
    await (await filled(open, 30)).close();
    const [first = '', second = ''] = files.paths;
    refusals.unopenable.add(first);
    const opening = open();
    await assert.doesNotReject(opening);
    const store = await opening;
    const here = await readable(store, 30);
    assert.ok(here.length > 0 && here.length < 30);
    assert.ok(store.mayHave(1));
    assert.match(told.join(), new RegExp(`${first} could not be read`));
    // A name is not used twice.
    store.put(100, bodyOf(100));
    await store.durable();
    assert.ok(files.paths.includes(first) && files.paths.includes(second));
    await store.close();
    refusals.unopenable.clear();
    assert.deepEqual(await readable(await open(), 30), range(1, 30));
  });

  it('are made smaller though a part of one cannot be read, and go when that was fetched elsewhere (PFILE-7)', async () => {
    const { files, refusals, told, open } = stage(16_384);
    const store = await filled(open, 60);
    const [path = ''] = files.paths;
    refusals.unreadable.set(path, [0, 4096]);
    for (const id of range(21, 60)) store.end(id);
    await turns(100);
    assert.match(
      told.join(),
      /was to be made smaller, and \d+ bytes of payloads in it could not be read: EIO/,
    );
    assert.ok(files.paths.includes(path));
    assert.deepEqual(await readable(store, 20), range(12, 20));
    const missing = range(1, 11);
    for (const id of missing) assert.ok(store.mayHave(id), `payload ${String(id)}`);
    for (const id of missing) store.put(id, bodyOf(id));
    assert.equal(await store.durable(), true);
    await turns(100);
    assert.ok(!files.paths.includes(path));
    assert.deepEqual(await readable(store, 20), range(1, 20));
    assert.ok(!store.mayHave(6));
    await store.close();
  });

  it('tell which payloads are damaged when they are made smaller: those are not here any more (PFILE-8)', async () => {
    const { files, told, open } = stage(16_384);
    const store = await filled(open, 60);
    const heard: number[] = [];
    store.onDamaged((ids) => heard.push(...ids));
    const [path = ''] = files.paths;
    const bytes = files.bytes(path);
    for (const id of [3, 7]) bytes.fill(1, (id - 1) * 384 + 100, (id - 1) * 384 + 110);
    assert.deepEqual([store.stats.damaged, heard], [0, []]);
    for (const id of range(11, 60)) store.end(id);
    await turns(100);
    assert.ok(!files.paths.includes(path));
    assert.deepEqual(heard, [3, 7]);
    assert.equal(store.stats.damaged, 2);
    assert.match(told.join(), /2 payloads in it are damaged \(messages 3, 7\)/);
    for (const id of heard) assert.deepEqual([store.has(id), store.mayHave(id)], [false, false]);
    assert.deepEqual(
      await readable(store, 10),
      range(1, 10).filter((id) => !heard.includes(id)),
    );
    await store.close();
  });

  it('that cannot be removed are counted, told, and removed later (PFILE-7)', async () => {
    const { files, refusals, told, open } = stage(4096);
    const store = await filled(open, 30);
    const before = store.stats.sizeBytes;
    refusals.isRemoving = false;
    for (const id of range(1, 30)) store.end(id);
    await turns(100);
    assert.match(told.join(), /is needed no more, and could not be removed: EIO/);
    assert.ok(store.stats.errors > 0);
    assert.equal(store.stats.sizeBytes, before);
    const count = files.paths.length;
    refusals.isRemoving = true;
    for (const id of range(101, 120)) store.put(id, bodyOf(id));
    assert.equal(await store.durable(), true);
    await turns(50);
    assert.ok(files.paths.length < count);
    await store.close();
  });
});

describe('a disk of which more cannot be read than is remembered', () => {
  it('may have any payload: none is denied to others (PFILE-7)', () => {
    const { files, refusals } = stage();
    const troubles = new PayloadTroubles(troubled(files, refusals), [], () => undefined);
    const error = new Error('EIO');
    for (let id = 1; id <= 9999; id++) troubles.cannotRead(id, '/p/a', error);
    assert.deepEqual([troubles.mayHave(1), troubles.mayHave(20_000)], [true, false]);
    for (let id = 10_000; id <= 10_001; id++) troubles.cannotRead(id, '/p/a', error);
    assert.equal(troubles.mayHave(10_001), true);
    assert.equal(troubles.mayHave(20_000), true);
  });
});
