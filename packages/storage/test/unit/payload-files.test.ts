import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Disk } from '../../src/disk.ts';
import { fileDisk } from '../../src/file-disk.ts';
import { MemoryFiles } from '../../src/memory-disk.ts';
import { PayloadFiles } from '../../src/payload-files.ts';
import { mostShortFiles } from '../../src/payload-settings.ts';
import type { PayloadSettings } from '../../src/payload-settings.ts';
import { findPayloads } from '../../src/payload-scan.ts';
import { bytesOf, fill, LogInMemory, membership, settle } from '../log-in-memory.ts';

const small: PayloadSettings = { fileBytes: 4096, gatheredBytes: 512, rememberedBytes: 1024 };
const bodyOf = (id: number, version = 0, byteLength = 200 + (id % 7) * 50): Buffer =>
  Buffer.alloc(byteLength, `${String(id)}/${String(version)} `);

async function open(
  disk: Disk,
  folder: string,
  settings: PayloadSettings = small,
  onFailure: (error: unknown) => void = (error) => assert.fail(String(error)),
  onWarning: (text: string) => void = () => undefined,
): Promise<PayloadFiles> {
  const listeners = { onFailure, onWarning };
  return new PayloadFiles(disk, folder, await findPayloads(disk, folder), settings, listeners);
}

/** Each operation takes a turn. */
const memoryDisk = (files: MemoryFiles): Disk =>
  files.disk({ now: () => 0, later: (_operation, act) => void setImmediate(act) });

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-payloads-'));
  try {
    await act(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function assertReads(store: PayloadFiles, id: number, body: Buffer): Promise<void> {
  const read = await store.read(id);
  assert.ok(read !== undefined && body.equals(read), `payload ${String(id)}`);
}

describe('files of payloads', () => {
  it('give back what was put, before it is written, afterwards, and after a start', () =>
    inFolder(async (folder) => {
      const store = await open(fileDisk, folder);
      for (let id = 1; id <= 60; id++) store.put(id, bodyOf(id));
      for (let id = 1; id <= 60; id++) await assertReads(store, id, bodyOf(id));
      assert.equal(await store.durable(), true);
      for (let id = 1; id <= 60; id++) await assertReads(store, id, bodyOf(id));
      assert.ok((await readdir(folder)).length > 1, 'several files');
      assert.ok(store.stats.sizeBytes >= 60 * 200);
      await store.close();
      const again = await open(fileDisk, folder);
      for (let id = 1; id <= 60; id++) await assertReads(again, id, bodyOf(id));
      assert.deepEqual(
        [...again.ids()].sort((a, b) => a - b),
        Array.from({ length: 60 }, (_, index) => index + 1),
      );
      assert.equal(await again.read(61), undefined);
      await again.close();
    }));

  it('take away a file of which nothing is needed, and what is needed of one that is mostly not (PFILE-2)', () =>
    inFolder(async (folder) => {
      const store = await open(fileDisk, folder);
      for (let id = 1; id <= 100; id++) store.put(id, bodyOf(id));
      await store.durable();
      const before = store.stats.sizeBytes;
      for (let id = 1; id <= 100; id++) if (id % 10 !== 0) store.end(id);
      while (store.stats.sizeBytes > before / 2) await turns(1);
      for (let id = 10; id <= 100; id += 10) await assertReads(store, id, bodyOf(id));
      assert.equal(store.has(9), false);
      await store.close();
      const again = await open(fileDisk, folder);
      for (let id = 10; id <= 100; id += 10) await assertReads(again, id, bodyOf(id));
      await again.close();
    }));

  it('are no more than a bound where each start leaves a short one that stays (PWASTE-2)', async () => {
    const files = new MemoryFiles();
    const starts = mostShortFiles + 40;
    for (let start = 1; start <= starts; start++) {
      const store = await open(memoryDisk(files), '/p', { ...small, fileBytes: 65_536 });
      store.put(start, bodyOf(start));
      await store.durable();
      await turns(10);
      assert.ok(files.paths.length <= mostShortFiles + 1, `at start ${String(start)}`);
      await store.close();
    }
    const again = await open(memoryDisk(files), '/p', { ...small, fileBytes: 65_536 });
    for (let id = 1; id <= starts; id++) await assertReads(again, id, bodyOf(id));
    await again.close();
  });

  it('stay as they are below that bound, and where they are full, however many there are (PWASTE-2)', async () => {
    const files = new MemoryFiles();
    const store = await open(memoryDisk(files), '/p', { ...small, fileBytes: 1024 });
    for (let id = 1; id <= 300; id++) store.put(id, bodyOf(id, 0, 700));
    await store.durable();
    await turns(50);
    const before = files.paths.filter((path) => path.endsWith('.payloads'));
    assert.ok(before.length > 2 * mostShortFiles);
    store.put(301, bodyOf(301, 0, 700));
    await store.durable();
    await turns(200);
    assert.deepEqual(files.paths.slice(0, before.length), before);
    await store.close();
  });

  it('do not give a payload whose bytes have changed on the disk (PFILE-3)', () =>
    inFolder(async (folder) => {
      const store = await open(fileDisk, folder);
      for (let id = 1; id <= 3; id++) store.put(id, bodyOf(id, 0, 300));
      await store.durable();
      await store.close();
      const [name] = await readdir(folder);
      assert.ok(name !== undefined);
      const bytes = await readFile(join(folder, name));
      bytes.writeUInt8(bytes.readUInt8(484) ^ 1, 484);
      await writeFile(join(folder, name), bytes);
      const again = await open(fileDisk, folder);
      await assertReads(again, 1, bodyOf(1, 0, 300));
      assert.equal(await again.read(2), undefined);
      await assertReads(again, 3, bodyOf(3, 0, 300));
      again.put(2, bodyOf(2, 0, 300));
      await again.durable();
      await assertReads(again, 2, bodyOf(2, 0, 300));
      await again.close();
    }));

  it('are found behind a frame whose head is damaged, and their file does not go with them in it (PSCAN-1)', () =>
    inFolder(async (folder) => {
      const store = await open(fileDisk, folder, { ...small, fileBytes: 65_536 });
      for (let id = 1; id <= 20; id++) store.put(id, bodyOf(id, 0, 300));
      await store.durable();
      await store.close();
      const [name] = await readdir(folder);
      assert.ok(name !== undefined);
      const bytes = await readFile(join(folder, name));
      bytes.writeUInt8(bytes.readUInt8(9) ^ 1, 9);
      await writeFile(join(folder, name), bytes);
      const again = await open(fileDisk, folder);
      // Whatever is written next looks for files that are not needed.
      again.put(100, bodyOf(100));
      await again.durable();
      await turns(50);
      assert.equal(await again.read(1), undefined);
      for (let id = 2; id <= 20; id++) await assertReads(again, id, bodyOf(id, 0, 300));
      await again.close();
      assert.ok((await readdir(folder)).includes(name));
    }));

  it('read a payload to its end though it ends, and its file goes, meanwhile', () =>
    inFolder(async (folder) => {
      const store = await open(fileDisk, folder, { ...small, rememberedBytes: 0 });
      for (let id = 1; id <= 40; id++) store.put(id, bodyOf(id));
      await store.durable();
      const reading = store.read(1);
      for (let id = 1; id <= 40; id++) store.end(id);
      const read = await reading;
      assert.ok(read !== undefined && bodyOf(1).equals(read));
      await store.close();
    }));

  it('ask to wait where the disk is slower than what is put, and tell of room (PFILE-4)', () =>
    inFolder(async (folder) => {
      const store = await open(fileDisk, folder, { ...small, fileBytes: 32 * 1024 * 1024 });
      const large = Buffer.alloc(1024 * 1024 - 1);
      let roomTold = 0;
      store.onRoom(() => (roomTold += 1));
      for (let id = 1; id <= 34; id++) store.put(id, large);
      assert.equal(store.isBehind, true);
      await store.durable();
      assert.equal(store.isBehind, false);
      assert.ok(roomTold > 0);
      await store.close();
    }));

  it('are durable in their turn, and are made smaller, though more is put all the time than is written (PFILE-1, PWASTE-3)', async () => {
    const files = new MemoryFiles();
    let id = 0;
    let isOver = false;
    /** Each write is followed by the puts of as much as it wrote. */
    const disk = files.disk({
      now: () => 0,
      later: (operation, act) =>
        void setImmediate(() => {
          act();
          if (operation === 'write' && !isOver) pushSome();
        }),
    });
    const settings = { fileBytes: 16_384, gatheredBytes: 512, rememberedBytes: 0 };
    const store = await open(disk, '/p', settings);
    /** Of each ten payloads one stays. */
    const pushSome = (): void => {
      for (let count = 0; count < 50; count++) {
        id += 1;
        store.put(id, bodyOf(id, 0, 300));
        if (id > 200 && id % 10 !== 0) store.end(id - 200);
      }
    };
    pushSome();
    pushSome();
    let isDurable = false;
    void store.durable().then(() => (isDurable = true));
    let mostFiles = 0;
    for (let turn = 0; turn < 600; turn++) {
      await turns(1);
      mostFiles = Math.max(mostFiles, files.paths.length);
    }
    assert.ok(isDurable);
    assert.ok(id > 5000, String(id));
    const allOfThem = (id * 384) / settings.fileBytes;
    assert.ok(mostFiles < allOfThem / 2, `${String(mostFiles)} of ${String(allOfThem)} files`);
    isOver = true;
    await store.close();
  });

  it('say that what is put will not be durable when the disk has failed, or this is closed (PFILE-6)', async () => {
    const files = new MemoryFiles();
    let failures = 0;
    const disk = files.disk({
      now: () => 0,
      later: (_operation, act) => void setImmediate(act),
      trouble: (operation) => (operation === 'write' ? new Error('full') : undefined),
    });
    const store = await open(disk, '/p', small, () => (failures += 1));
    store.put(1, bodyOf(1));
    assert.equal(await store.durable(), false);
    assert.equal(failures, 1);
    store.put(2, bodyOf(2));
    assert.equal(store.has(2), false);
    const closed = await open(memoryDisk(new MemoryFiles()), '/p');
    closed.put(1, bodyOf(1));
    const durable = closed.durable();
    await closed.close();
    assert.equal(typeof (await durable), 'boolean');
  });

  it('have what a snapshot may name before it has its name, wherever the power goes (STORAGE-5)', async () => {
    let named = 0;
    for (let steps = 0; steps < 40; steps++) {
      const log = new LogInMemory();
      const opened = await log.open();
      await fill(opened, 1, 5);
      opened.storage.payloads.put(7, bodyOf(7));
      log.steps = steps;
      void opened.storage.saveSnapshot({ index: 5, term: 1, membership }, [bytesOf('names 7')]);
      for (let turn = 0; turn < 5; turn++) await settle();
      log.steps = Number.POSITIVE_INFINITY;
      log.files.cutPower({ below: (limit) => limit - 1 });
      const after = await log.open();
      if (after.recovered?.snapshot.index !== 5) continue;
      named += 1;
      const body = await after.storage.payloads.read(7);
      assert.ok(body !== undefined && bodyOf(7).equals(body), `after ${String(steps)} steps`);
    }
    assert.ok(named > 0);
  });

  it('count where they are whole when the power goes while they are written anew (PFILE-2, PFILE-5)', async () => {
    const files = new MemoryFiles();
    let stuck = false;
    const disk = files.disk({
      now: () => 0,
      later: (operation, act) => {
        if (operation !== 'write' || !stuck) setImmediate(act);
      },
    });
    const settings = { fileBytes: 16_384, gatheredBytes: 512, rememberedBytes: 0 };
    const store = await open(disk, '/p', settings);
    for (let id = 1; id <= 16; id++) {
      store.put(id, bodyOf(id, 0, 1500));
      await store.durable();
    }
    stuck = true;
    // The file of the first one is to go: it is being written to another one.
    for (let id = 2; id <= 10; id++) store.end(id);
    await turns(20);
    // Of what was under way all sectors are there but the second.
    let sectors = 0;
    files.cutPower({ below: (limit) => (limit === 4 ? 3 : sectors++ === 1 ? 1 : 0) });
    assert.ok(sectors > 2);
    const after = await open(memoryDisk(files), '/p', settings);
    await assertReads(after, 1, bodyOf(1, 0, 1500));
    after.put(100, bodyOf(100));
    await after.durable();
    await turns(50);
    await assertReads(after, 1, bodyOf(1, 0, 1500));
  });

  it('have what was durable, wherever the power goes', async () => {
    for (let seed = 1; seed <= 50; seed++) await life(seed);
  });
});

/** Puts, ends and power cuts, against a model of what was durable (PFILE-1, PFILE-2, PFILE-5). */
async function life(seed: number): Promise<void> {
  let state = seed * 2_654_435_761;
  const below = (limit: number): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x9e37_79b9) >>> 0;
    return state % limit;
  };
  const files = new MemoryFiles();
  /** By id, the versions that may be found; ids that ended may be found or not. */
  const durable = new Map<number, number>();
  const put = new Map<number, number>();
  let version = 0;
  for (let start = 0; start < 4; start++) {
    const store = await open(memoryDisk(files), '/p');
    for (const [id, kept] of durable) await assertReads(store, id, bodyOf(id, kept));
    for (const id of store.ids()) if (!durable.has(id)) store.end(id);
    put.clear();
    for (let step = 0; step < 60; step++) {
      const id = 1 + below(40);
      if (below(3) > 0) {
        if (!durable.has(id) && !put.has(id)) {
          version += 1;
          store.put(id, bodyOf(id, version));
          put.set(id, version);
        }
      } else if (durable.has(id) || put.has(id)) {
        store.end(id);
        durable.delete(id);
        put.delete(id);
      }
      if (below(6) === 0) await turns(below(4));
      if (below(12) === 0) {
        const asked = new Map(put);
        assert.equal(await store.durable(), true);
        for (const [one, kept] of asked) if (put.get(one) === kept) durable.set(one, kept);
        for (const one of asked.keys()) put.delete(one);
      }
    }
    for (const [id, kept] of [...durable, ...put]) await assertReads(store, id, bodyOf(id, kept));
    if (below(2) === 0) files.cutPower({ below });
    else files.endProcess({ below });
    await turns(2);
  }
}
