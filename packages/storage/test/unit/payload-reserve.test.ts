/** Room that is kept aside, by which files of payloads are made smaller on a full disk (PRESERVE-1, PRESERVE-2). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Disk, DiskFile } from '../../src/disk.ts';
import { DiskError } from '../../src/index.ts';
import { reserveName } from '../../src/layout.ts';
import { MemoryFiles } from '../../src/memory-disk.ts';
import type { DiskRandomness } from '../../src/memory-disk.ts';
import { PayloadFiles } from '../../src/payload-files.ts';
import { findPayloads } from '../../src/payload-scan.ts';
import { noRandomness, settle } from '../log-in-memory.ts';

const folder = '/p';
const fileBytes = 4096;
const reservePath = `${folder}/${reserveName}`;
const bodyOf = (id: number): Buffer => Buffer.alloc(300, `${String(id)} `);
const range = (from: number, through: number): readonly number[] =>
  Array.from({ length: through - from + 1 }, (_, index) => from + index);

/** A disk that has room for so many bytes. */
class Small {
  readonly files = new MemoryFiles();
  capacity: number = Number.POSITIVE_INFINITY;
  code = 'ENOSPC';
  /** What is to go stays. */
  cannotRemove = false;
  readonly failures: unknown[] = [];
  readonly made: string[] = [];
  #process = 1;

  get usedBytes(): number {
    return this.files.paths.reduce((sum, path) => sum + this.files.bytes(path).byteLength, 0);
  }

  /** From now on nothing fits in. */
  fill(): void {
    this.capacity = this.usedBytes;
  }

  async open(): Promise<PayloadFiles> {
    const disk = this.#disk();
    const settings = { fileBytes, gatheredBytes: 512, rememberedBytes: 0 };
    return new PayloadFiles(disk, folder, await findPayloads(disk, folder), settings, {
      onFailure: (error) => this.failures.push(error),
    });
  }

  #take(path: string, more: number): void {
    if (more <= 0 || this.usedBytes + more <= this.capacity) return;
    const { code } = this;
    const cause = Object.assign(new Error(code), { code, syscall: 'write' });
    throw new DiskError(path, 'written', code, 'why', cause);
  }

  /** What a process finds after the power has gone: of what was not synced nothing, or all. The one before hangs. */
  reopen(leaves: DiskRandomness = noRandomness): Promise<PayloadFiles> {
    this.#process += 1;
    this.files.cutPower(leaves);
    return this.open();
  }

  #disk(): Disk {
    const process = this.#process;
    const disk = this.files.disk({
      now: () => 0,
      later: (_operation, act) =>
        void setImmediate(() => {
          if (this.#process === process) act();
        }),
    });
    const wrapped = (path: string, file: DiskFile): DiskFile => ({
      ...file,
      write: async (bytes, position) => {
        this.#take(path, position + bytes.byteLength - this.files.bytes(path).byteLength);
        await file.write(bytes, position);
      },
    });
    return {
      ...disk,
      open: async (path) => wrapped(path, await disk.open(path)),
      create: async (path, zeroBytes) => {
        this.made.push(path);
        this.#take(path, zeroBytes);
        return wrapped(path, await disk.create(path, zeroBytes));
      },
      remove: async (path) => {
        if (this.cannotRemove && path === reservePath) throw new Error('It stays.');
        await disk.remove(path);
      },
    };
  }
}

/** Names that were removed are gone, synced or not. */
const leavesAll: DiskRandomness = { below: (bound) => Math.min(1, bound - 1) };

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await settle();
};

async function readable(store: PayloadFiles, through: number): Promise<readonly number[]> {
  const ids: number[] = [];
  for (let id = 1; id <= through; id++)
    if (bodyOf(id).equals((await store.read(id)) ?? Buffer.alloc(0))) ids.push(id);
  return ids;
}

/** With payloads 1 to 100 in nine files, and the reserve. */
async function filled(): Promise<{ readonly disk: Small; readonly store: PayloadFiles }> {
  const disk = new Small();
  const store = await disk.open();
  for (const id of range(1, 100)) store.put(id, bodyOf(id));
  assert.equal(await store.durable(), true);
  await turns(20);
  assert.ok(disk.files.paths.includes(reservePath));
  return { disk, store };
}

/** Those that no purge took. */
const kept = range(1, 100).filter((id) => id % 10 === 0);
const purge = (store: PayloadFiles): void => {
  for (const id of range(1, 100)) if (!kept.includes(id)) store.end(id);
};

describe('Room that is kept aside for payloads', () => {
  it('is kept once there are some files, and found at a start (PRESERVE-1)', async () => {
    const disk = new Small();
    const store = await disk.open();
    for (const id of range(1, 40)) store.put(id, bodyOf(id));
    assert.equal(await store.durable(), true);
    await turns(20);
    assert.ok(!disk.files.paths.includes(reservePath), 'it is not worth it');
    const { sizeBytes } = store.stats;
    for (const id of range(41, 60)) store.put(id, bodyOf(id));
    assert.equal(await store.durable(), true);
    await turns(20);
    assert.equal(disk.files.bytes(reservePath).byteLength, fileBytes / 2);
    assert.ok(store.stats.sizeBytes > sizeBytes + fileBytes / 2);
    await store.close();
    disk.files.put(reservePath, Buffer.alloc(fileBytes / 2));
    const after = await disk.reopen();
    disk.made.length = 0;
    after.put(61, bodyOf(61));
    assert.equal(await after.durable(), true);
    await turns(20);
    assert.ok(!disk.made.includes(reservePath), disk.made.join(' '));
    await after.close();
  });

  it('lets a purge of most payloads end a shortage, though each file has some that count (PRESERVE-2)', async () => {
    const { disk, store } = await filled();
    disk.fill();
    // Given a node that is written to until its disk is full
    for (const id of range(101, 110)) store.put(id, bodyOf(id));
    assert.equal(await store.durable(), false);
    await turns(20);
    assert.ok(disk.files.paths.includes(reservePath), 'nothing can be made smaller yet');
    // When most is purged
    purge(store);
    await turns(20);
    const { usedBytes } = disk;
    assert.equal(await store.durable(), false);
    await turns(200);
    // Then what waits is written
    assert.ok(
      disk.usedBytes < usedBytes * 0.6,
      `${String(disk.usedBytes)} of ${String(usedBytes)}`,
    );
    assert.equal(await store.durable(), true);
    assert.equal(store.shortage, undefined);
    await turns(200);
    const all = [...kept, ...range(101, 110)];
    assert.deepEqual(await readable(store, 110), all);
    assert.deepEqual(disk.failures, []);
    // And all of it is there after the power has gone
    const found = await readable(await disk.reopen(), 110);
    assert.deepEqual(
      all.filter((id) => !found.includes(id)),
      [],
    );
  });

  it('makes one group of files smaller after the other, before what waits is written (PRESERVE-2)', async () => {
    const { disk, store } = await filled();
    disk.fill();
    // Given more than the reserve that waits, and files of which nearly half is needed
    const waiting = range(101, 112);
    for (const id of waiting) store.put(id, bodyOf(id));
    assert.equal(await store.durable(), false);
    const needed = range(1, 100).filter((id) => id % 10 < 4);
    for (const id of range(1, 100)) if (!needed.includes(id)) store.end(id);
    // When it is tried again
    for (let trial = 0; trial < 3; trial++) {
      await store.durable();
      await turns(200);
    }
    // Then all is written, and little is kept of what is not needed
    assert.equal(await store.durable(), true);
    assert.equal(store.shortage, undefined);
    await turns(200);
    const all = [...needed, ...waiting];
    assert.deepEqual(await readable(store, 112), all);
    const liveBytes = all.length * 320;
    assert.ok(disk.usedBytes < 2 * liveBytes, `${String(disk.usedBytes)} for ${String(liveBytes)}`);
    assert.ok(disk.files.paths.includes(reservePath));
    assert.deepEqual(disk.failures, []);
  });

  it('loses nothing where the power goes at any moment of it (PFILE-2, PRESERVE-2)', async () => {
    for (let moment = 0; moment < 80; moment++) {
      const { disk, store } = await filled();
      disk.fill();
      store.put(101, bodyOf(101));
      assert.equal(await store.durable(), false);
      purge(store);
      void store.durable();
      await turns(moment >> 1);
      const after = await disk.reopen(moment % 2 === 0 ? noRandomness : leavesAll);
      const found = await readable(after, 101);
      assert.deepEqual(
        kept.filter((id) => !found.includes(id)),
        [],
        `after ${String(moment)} turns`,
      );
    }
  });

  it('loses nothing that was put again and still waits, where the files that have it are copied (PFILE-2, PWASTE-1)', async () => {
    for (let moment = 0; moment < 120; moment++) {
      const { disk, store } = await filled();
      disk.fill();
      // Given payloads that wait to be written anew, as the copies of a file do that was to go before the disk was full
      const again = range(1, 100).filter((id) => id % 10 === 5);
      for (const id of again) store.put(id, bodyOf(id));
      assert.equal(await store.durable(), false);
      for (const id of range(1, 100)) if (id % 5 !== 0) store.end(id);
      // When the others of their files are copied, and the power goes
      void store.durable();
      await turns(moment);
      const found = await readable(await disk.reopen(leavesAll), 100);
      // Then each is there, at the old place or at the new one
      assert.deepEqual(
        [...again, ...kept].filter((id) => !found.includes(id)),
        [],
        `after ${String(moment)} turns`,
      );
    }
  });

  it('does not go for want of descriptors, nor twice, nor where it cannot be removed (PRESERVE-2)', async () => {
    const { disk, store } = await filled();
    disk.fill();
    disk.code = 'EMFILE';
    store.put(101, bodyOf(101));
    purge(store);
    assert.equal(await store.durable(), false);
    await turns(100);
    assert.ok(disk.files.paths.includes(reservePath));
    disk.code = 'ENOSPC';
    disk.cannotRemove = true;
    assert.equal(await store.durable(), false);
    await turns(100);
    assert.ok(disk.files.paths.includes(reservePath));
    assert.deepEqual(await readable(store, 101), [...kept, 101]);
    assert.deepEqual(disk.failures, []);
    // Where somebody else takes the room nothing is lost, and nothing goes on without an end
    disk.cannotRemove = false;
    disk.capacity = 0;
    for (let trial = 0; trial < 3; trial++) {
      assert.equal(await store.durable(), false);
      await turns(100);
    }
    assert.ok(!disk.files.paths.includes(reservePath));
    assert.deepEqual(await readable(store, 101), [...kept, 101]);
    await store.close();
  });

  it('is made again when there is room, and not in vain for each write (PRESERVE-1)', async () => {
    const { disk, store } = await filled();
    disk.fill();
    store.put(101, bodyOf(101));
    purge(store);
    assert.equal(await store.durable(), false);
    await turns(200);
    disk.capacity = Number.POSITIVE_INFINITY;
    for (const id of range(102, 160)) store.put(id, bodyOf(id));
    assert.equal(await store.durable(), true);
    await turns(200);
    assert.ok(disk.files.paths.includes(reservePath));
    await store.close();

    const other = new Small();
    const tight = await other.open();
    other.capacity = 6 * fileBytes;
    for (const id of range(1, 60)) tight.put(id, bodyOf(id));
    assert.equal(await tight.durable(), true);
    await turns(20);
    other.capacity = other.usedBytes + 1500;
    other.made.length = 0;
    for (const id of range(61, 63)) {
      tight.put(id, bodyOf(id));
      assert.equal(await tight.durable(), true);
      await turns(20);
    }
    const isReserve = (path: string): boolean => path === reservePath;
    const tried = other.made.filter(isReserve).length;
    assert.ok(tried <= other.made.length - tried, other.made.join(' '));
    await tight.close();
  });
});
