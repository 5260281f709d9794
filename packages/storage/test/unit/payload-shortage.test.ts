/** Payloads for which the disk has no room (PFILE-9, STORAGE-5). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SnapshotMeta } from '@holdfast/raft';
import type { Disk, DiskFile } from '../../src/disk.ts';
import { DiskError, SnapshotNotSavedError } from '../../src/index.ts';
import type { Opened } from '../../src/index.ts';
import { payloadFileName } from '../../src/layout.ts';
import { MemoryFiles } from '../../src/memory-disk.ts';
import { PayloadFiles } from '../../src/payload-files.ts';
import { findPayloads } from '../../src/payload-scan.ts';
import { bytesOf, fill, LogInMemory, membership, noRandomness, settle } from '../log-in-memory.ts';

const folder = '/p';
const bodyOf = (id: number): Buffer => Buffer.alloc(300, `${String(id)} `);

const refusal = (path: string, code: string, syscall: string): DiskError =>
  new DiskError(path, 'written', code, 'why', Object.assign(new Error(code), { code, syscall }));

type Step = 'create' | 'write' | 'sync';

/** A disk that refuses a step with a code while it has one, and leaves the first half of what it does not write. */
class Full {
  readonly files = new MemoryFiles();
  refused: { readonly step: Step; readonly code: string; readonly syscall: string } | undefined;
  attempts = 0;
  readonly failures: unknown[] = [];
  readonly told: string[] = [];
  shortages = 0;

  async open(fileBytes = 64 * 1024): Promise<PayloadFiles> {
    const disk = this.#disk();
    const settings = { fileBytes, gatheredBytes: 512, rememberedBytes: 0 };
    const store = new PayloadFiles(disk, folder, await findPayloads(disk, folder), settings, {
      onFailure: (error) => this.failures.push(error),
      onWarning: (text) => this.told.push(text),
    });
    store.onShortage(() => (this.shortages += 1));
    return store;
  }

  /** What a process finds after the power has gone. */
  reopen(): Promise<PayloadFiles> {
    this.refused = undefined;
    this.files.cutPower(noRandomness);
    return this.open();
  }

  #refusal(step: Step, path: string): DiskError | undefined {
    if (step === 'write') this.attempts += 1;
    const { refused } = this;
    return refused?.step === step ? refusal(path, refused.code, refused.syscall) : undefined;
  }

  #disk(): Disk {
    const disk = this.files.disk({
      now: () => 0,
      later: (_operation, act) => void setImmediate(act),
    });
    const wrapped = (path: string, file: DiskFile): DiskFile => ({
      ...file,
      write: async (bytes, position) => {
        const error = this.#refusal('write', path);
        const written = error === undefined ? bytes : bytes.subarray(0, bytes.byteLength / 2);
        await file.write(written, position);
        if (error !== undefined) throw error;
      },
    });
    return {
      ...disk,
      open: async (path) => wrapped(path, await disk.open(path)),
      create: async (path, zeroBytes) => {
        const error = this.#refusal('create', path);
        if (error !== undefined) throw error;
        return wrapped(path, await disk.create(path, zeroBytes));
      },
      syncFolder: async (path) => {
        const error = this.#refusal('sync', path);
        if (error !== undefined) throw error;
        await disk.syncFolder(path);
      },
    };
  }
}

async function readable(store: PayloadFiles, through: number): Promise<readonly number[]> {
  const ids: number[] = [];
  for (let id = 1; id <= through; id++)
    if (bodyOf(id).equals((await store.read(id)) ?? Buffer.alloc(0))) ids.push(id);
  return ids;
}

const range = (from: number, through: number): readonly number[] =>
  Array.from({ length: through - from + 1 }, (_, index) => from + index);

const put = (store: PayloadFiles, ids: readonly number[]): void => {
  for (const id of ids) store.put(id, bodyOf(id));
};

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await settle();
};

describe('Payloads for which there is no room', () => {
  for (const code of ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE'])
    for (const step of ['create', 'write'] as const)
      it(`(${code}, ${step}) wait in memory, and are written when there is room (PFILE-9)`, async () => {
        const disk = new Full();
        const store = await disk.open();
        disk.refused = { step, code, syscall: step === 'write' ? 'write' : 'open' };
        put(store, range(1, 10));
        assert.equal(await store.durable(), false);
        assert.equal(store.shortage instanceof DiskError && store.shortage.systemCode, code);
        assert.deepEqual(await readable(store, 10), range(1, 10));
        // It is told once, however often it is tried.
        assert.equal(await store.durable(), false);
        assert.equal(disk.told.length, 1);
        assert.match(
          disk.told[0] ?? '',
          new RegExp(`^Payloads of messages were not written: .*${code}`),
        );
        assert.equal(store.stats.shortages, disk.shortages);
        disk.refused = undefined;
        put(store, range(11, 20));
        assert.equal(await store.durable(), true);
        assert.equal(store.shortage, undefined);
        assert.equal(disk.told.at(-1), 'Payloads of messages are written again.');
        assert.deepEqual(disk.failures, []);
        const after = await disk.reopen();
        assert.deepEqual(await readable(after, 20), range(1, 20));
        await after.close();
      });

  it('that have ended keep no memory, whatever waits in front of them (PFILE-9)', async () => {
    const disk = new Full();
    const store = await disk.open(1024 * 1024);
    let toldOfRoom = 0;
    store.onRoom(() => (toldOfRoom += 1));
    disk.refused = { step: 'write', code: 'ENOSPC', syscall: 'write' };
    // Given one that stays, and more behind it than may wait.
    put(store, [1]);
    const large = range(2, 70);
    for (const id of large) store.put(id, Buffer.alloc(512 * 1024));
    assert.equal(await store.durable(), false);
    assert.equal(store.isBehind, true);
    // When those end, and it is tried again in vain.
    for (const id of large) store.end(id);
    assert.equal(await store.durable(), false);
    await settle();
    // Then more may be put, and the one that stays is durable when there is room.
    assert.deepEqual([store.isBehind, store.stats.waitingBytes, toldOfRoom], [false, 300, 1]);
    disk.refused = undefined;
    put(store, [71]);
    assert.equal(await store.durable(), true);
    const after = await disk.reopen();
    assert.deepEqual(await readable(after, 71), [1, 71]);
    await after.close();
  });

  it('wait in memory where there is a descriptor for their file, and none for its folder (PFILE-9)', async () => {
    const disk = new Full();
    const store = await disk.open();
    disk.refused = { step: 'sync', code: 'EMFILE', syscall: 'open' };
    put(store, range(1, 10));
    assert.equal(await store.durable(), false);
    assert.deepEqual([disk.failures, disk.files.paths], [[], []]);
    disk.refused = undefined;
    assert.equal(await store.durable(), true);
    const after = await disk.reopen();
    assert.deepEqual(await readable(after, 10), range(1, 10));
    await after.close();
  });

  it('stop the node where the sync of the folder itself fails, whatever its code (DIR-2, DERR-3)', async () => {
    const disk = new Full();
    const store = await disk.open();
    disk.refused = { step: 'sync', code: 'ENOSPC', syscall: 'fsync' };
    put(store, range(1, 10));
    assert.equal(await store.durable(), false);
    assert.equal(disk.failures.length, 1);
    assert.equal(store.shortage, undefined);
  });

  it('are not tried again by what is put meanwhile (PFILE-9)', async () => {
    const disk = new Full();
    const store = await disk.open();
    disk.refused = { step: 'write', code: 'ENOSPC', syscall: 'write' };
    put(store, range(1, 5));
    assert.equal(await store.durable(), false);
    const { attempts } = disk;
    put(store, range(6, 100));
    await turns(20);
    assert.equal(disk.attempts, attempts);
    assert.equal(await store.durable(), false);
    assert.equal(disk.attempts, attempts + 1);
    await store.close();
  });

  it('are not made durable in the eyes of whoever asked while they were refused (PFILE-1, PFILE-9)', async () => {
    const disk = new Full();
    const store = await disk.open();
    disk.refused = { step: 'write', code: 'ENOSPC', syscall: 'write' };
    put(store, range(1, 5));
    const first = store.durable();
    put(store, range(6, 10));
    assert.deepEqual(await Promise.all([first, store.durable()]), [false, false]);
    disk.refused = undefined;
    assert.equal(await store.durable(), true);
    await store.close();
  });

  it('keep no file from being made smaller once there is room, and none is made smaller before (PFILE-9)', async () => {
    const disk = new Full();
    const store = await disk.open(4096);
    put(store, range(1, 40));
    assert.equal(await store.durable(), true);
    const before = store.stats.sizeBytes;
    disk.refused = { step: 'write', code: 'ENOSPC', syscall: 'write' };
    put(store, [41]);
    assert.equal(await store.durable(), false);
    const { attempts } = disk;
    for (const id of range(1, 40)) if (id % 10 !== 0) store.end(id);
    await turns(50);
    assert.equal(disk.attempts, attempts);
    disk.refused = undefined;
    assert.equal(await store.durable(), true);
    while (store.stats.sizeBytes > before / 2) await turns(1);
    assert.deepEqual(await readable(store, 41), [10, 20, 30, 40, 41]);
    await store.close();
  });

  it('keep no file of which nothing counts: it goes though nothing can be written (PWASTE-1)', async () => {
    const disk = new Full();
    const store = await disk.open(4096);
    put(store, range(1, 40));
    assert.equal(await store.durable(), true);
    const before = disk.files.paths.length;
    disk.refused = { step: 'write', code: 'ENOSPC', syscall: 'write' };
    put(store, [41]);
    assert.equal(await store.durable(), false);
    const { attempts } = disk;
    for (const id of range(1, 20)) store.end(id);
    await turns(50);
    assert.ok(disk.files.paths.length <= before - 2, disk.files.paths.join(' '));
    assert.equal(disk.attempts, attempts, 'nothing was written for it');
    assert.deepEqual(await readable(store, 41), range(21, 41));
    // The power goes while there is no room: a file that was removed may be there again.
    disk.files.cutPower(noRandomness);
    const after = await disk.open(4096);
    for (const id of range(1, 20)) after.end(id);
    assert.deepEqual(await readable(after, 40), range(21, 40));
    await after.close();
  });

  it('keep no file that is being written when the disk fills up, once nothing in it counts (PWASTE-1)', async () => {
    const disk = new Full();
    const store = await disk.open();
    put(store, range(1, 40));
    assert.equal(await store.durable(), true);
    for (const id of range(1, 40)) store.end(id);
    disk.refused = { step: 'write', code: 'ENOSPC', syscall: 'write' };
    put(store, [41]);
    assert.equal(await store.durable(), false);
    await turns(10);
    assert.deepEqual(disk.files.paths, []);
    // What the next trials leave behind goes as well.
    assert.equal(await store.durable(), false);
    await turns(10);
    assert.deepEqual(disk.files.paths, []);
    disk.refused = undefined;
    assert.equal(await store.durable(), true);
    assert.deepEqual(await readable(store, 41), [41]);
    await store.close();
  });

  it('keep a file of which each payload waits to be written anew (PFILE-2, PWASTE-1)', async () => {
    const disk = new Full();
    const store = await disk.open(4096);
    put(store, range(1, 40));
    assert.equal(await store.durable(), true);
    const before = disk.files.paths;
    disk.refused = { step: 'write', code: 'ENOSPC', syscall: 'write' };
    put(store, range(1, 20));
    put(store, range(1, 20));
    assert.equal(await store.durable(), false);
    await turns(50);
    assert.deepEqual(disk.files.paths, before);
    disk.files.cutPower(noRandomness);
    const after = await disk.open(4096);
    assert.deepEqual(await readable(after, 40), range(1, 40));
    await after.close();
  });

  it('are written no more once they have ended (PFILE-9)', async () => {
    const disk = new Full();
    const store = await disk.open();
    disk.refused = { step: 'write', code: 'ENOSPC', syscall: 'write' };
    put(store, range(1, 40));
    assert.equal(await store.durable(), false);
    for (const id of range(1, 40)) store.end(id);
    const { attempts } = disk;
    assert.equal(await store.durable(), true);
    assert.deepEqual([disk.attempts, store.shortage], [attempts, undefined]);
    assert.equal(store.stats.waitingBytes, 0);
    await store.close();
  });

  it('leave no file behind at each start on a full disk (PWASTE-1)', async () => {
    const disk = new Full();
    for (let start = 1; start <= 5; start++) {
      disk.files.put(`/p/${payloadFileName(start)}`, Buffer.alloc(0));
    }
    const store = await disk.open();
    put(store, [1]);
    assert.equal(await store.durable(), true);
    await turns(20);
    assert.equal(disk.files.paths.length, 1);
    await store.close();
  });

  for (const [what, step, code, syscall] of [
    ['the device fails', 'write', 'EIO', 'write'],
    ['a file cannot be made for another reason', 'create', 'EACCES', 'open'],
    ['a sync fails for want of room', 'write', 'ENOSPC', 'fdatasync'],
    ['the folder cannot be synced for want of room', 'sync', 'ENOSPC', 'fsync'],
  ] as const)
    it(`are not waited for where ${what}: the node stops`, async () => {
      const disk = new Full();
      const store = await disk.open();
      disk.refused = { step, code, syscall };
      put(store, [1]);
      assert.equal(await store.durable(), false);
      await turns(2);
      assert.equal(disk.failures.length, 1);
      assert.match(String(disk.failures[0]), new RegExp(code));
      assert.equal(store.shortage, undefined);
      await store.close();
    });
});

describe('A snapshot whose payloads have no room', () => {
  const save = ({ storage }: Opened): Promise<SnapshotMeta | undefined> =>
    storage.saveSnapshot({ index: 10, term: 1, membership }, [bytesOf('state')]);

  it('is not saved, nothing of it is begun, and the node goes on (STORAGE-5, SFILE-9)', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 20);
    opened.storage.payloads.put(1, bodyOf(1));
    const written: string[] = [];
    let isFull = true;
    log.refuses = (operation, path) => {
      if (operation === 'write') written.push(path.split('/')[2] ?? '');
      const isRefused = isFull && operation === 'write' && path.startsWith('/n/payloads');
      return isRefused ? refusal(path, 'ENOSPC', 'write') : undefined;
    };
    const saved = await save(opened).catch((error: unknown) => error);
    assert.ok(saved instanceof SnapshotNotSavedError, String(saved));
    assert.equal(saved.systemCode, 'ENOSPC');
    assert.deepEqual(written, ['payloads']);
    assert.deepEqual(
      log.files.paths.filter((path) => path.startsWith('/n/snapshots/')),
      [],
    );
    isFull = false;
    written.length = 0;
    await fill(opened, 21, 22);
    const later = await save(opened);
    assert.deepEqual(
      written.filter((part) => part !== 'log'),
      ['payloads', 'snapshots'],
    );
    assert.deepEqual(log.failures, []);
    const after = await log.reopen();
    assert.deepEqual(after.recovered?.snapshot, later);
    assert.ok(bodyOf(1).equals((await after.storage.payloads.read(1)) ?? Buffer.alloc(0)));
  });
});
