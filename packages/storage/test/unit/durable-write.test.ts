/** When a write is durable: by the flag with which its file was opened, or by a sync of its own (FD-1). What is left of files where it fails. */
import assert from 'node:assert/strict';
import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import type { DiskFile } from '../../src/disk.ts';
import type { fileDisk } from '../../src/file-disk.ts';
import { untilSo } from '../../../checker/src/waits.ts';

type Done = (error: Error | null) => void;
type Opened = (error: NodeJS.ErrnoException | null, descriptor: number) => void;

let loads = 0;

/** The disk as it is on a platform, which it looks at when it is loaded. */
async function diskOn(platform: NodeJS.Platform): Promise<typeof fileDisk> {
  const own = process.platform;
  Object.defineProperty(process, 'platform', { value: platform });
  try {
    const url = new URL('../../src/file-disk.ts', import.meta.url);
    url.search = `${platform}-${String(loads++)}`; // Loaded anew.
    return ((await import(url.href)) as { readonly fileDisk: typeof fileDisk }).fileDisk;
  } finally {
    Object.defineProperty(process, 'platform', { value: own });
  }
}

describe('A write', () => {
  let folder: string;
  let file: DiskFile | undefined;
  let calls: (string | readonly [string, boolean])[];
  /** Syncs that are under way: ended by the test. */
  let syncs: Done[];
  /** Bytes that the disk takes at a time. */
  let atATime: number;
  /** What the disk says to a write; undefined: it is done. */
  let refusal: NodeJS.ErrnoException | undefined;
  /** Descriptors that nobody has closed. */
  let openCount: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-write-'));
    calls = [];
    syncs = [];
    atATime = Number.MAX_SAFE_INTEGER;
    refusal = undefined;
    openCount = 0;
    file = undefined;
    const { close, open, write } = fs;
    mock.method(fs, 'close', ((descriptor: number, done: Done) => {
      openCount -= 1;
      close(descriptor, done);
    }) as unknown as typeof close);
    mock.method(fs, 'open', ((
      path: string,
      flags: number,
      ...rest: [number, Opened] | [Opened]
    ) => {
      calls.push(['open', (flags & fs.constants.O_DSYNC) === fs.constants.O_DSYNC]);
      const [mode, done] = rest.length === 2 ? rest : [undefined, rest[0]];
      open(path, flags, mode, (error, descriptor) => {
        if (error === null) openCount += 1;
        done(error, descriptor);
      });
    }) as unknown as typeof open);
    mock.method(fs, 'write', ((
      descriptor: number,
      bytes: Uint8Array,
      start: number,
      length: number,
      position: number,
      done: (error: Error | null, written: number) => void,
    ) => {
      calls.push('write');
      if (refusal === undefined)
        write(descriptor, bytes, start, Math.min(length, atATime), position, done);
      else done(refusal, 0);
    }) as unknown as typeof write);
    mock.method(fs, 'fdatasync', ((_descriptor: number, done: Done) => {
      calls.push('fdatasync');
      syncs.push(done);
    }) as unknown as typeof fs.fdatasync);
    syncBuiltinESMExports();
  });
  afterEach(async () => {
    mock.restoreAll();
    syncBuiltinESMExports();
    await file?.close();
    rmSync(folder, { recursive: true });
  });

  /** A file without zeros, so that nothing has been written yet. */
  async function created(platform: NodeJS.Platform): Promise<DiskFile> {
    const disk = await diskOn(platform);
    file = await disk.create(join(folder, 'log'), 0);
    return file;
  }

  /** Resolves when a sync is under way. */
  async function syncBegun(): Promise<Done> {
    return untilSo(() => syncs[0], { what: 'what was written is synced', longestMs: 5000 });
  }

  it('is durable by O_DSYNC where that means what it says, without a sync of its own', async () => {
    await (await created('linux')).write(Buffer.from('entry'), 0);
    assert.deepEqual(calls, [['open', true], 'write']);
  });

  it('goes on behind what the disk took, where that is not all of it', async () => {
    const opened = await created('linux');
    atATime = 3;
    await opened.write(Buffer.from('an entry'), 2);
    assert.deepEqual(calls, [['open', true], 'write', 'write', 'write']);
    assert.equal(readFileSync(join(folder, 'log'), 'utf8'), '\0\0an entry');
  });

  it('has resolved elsewhere only when it was synced, once all of it was written', async () => {
    const opened = await created('darwin');
    atATime = 3;
    let isDone = false;
    const written = opened.write(Buffer.from('entry'), 0).then(() => (isDone = true));
    const synced = await syncBegun();
    assert.equal(isDone, false, 'what is not synced is not durable');
    synced(null);
    await written;
    assert.deepEqual(calls, [['open', false], 'write', 'write', 'fdatasync']);
    assert.equal(Buffer.from(await opened.read(0, 5)).toString(), 'entry');
  });

  it('fails elsewhere where its sync fails, and names the file', async () => {
    const opened = await created('darwin');
    const written = opened.write(Buffer.from('entry'), 0);
    const fails = assert.rejects(
      written,
      (error) => error instanceof Error && error.message.includes(join(folder, 'log')),
    );
    const synced = await syncBegun();
    synced(
      Object.assign(new Error('EIO: i/o error, fdatasync'), {
        code: 'EIO',
        errno: -5,
        syscall: 'fdatasync',
      }),
    );
    await fails;
  });

  it('of zeros that fails leaves neither the file nor its descriptor (FD-4)', async () => {
    const disk = await diskOn('linux');
    refusal = Object.assign(new Error('full'), { code: 'ENOSPC', syscall: 'write' });
    await assert.rejects(disk.create(join(folder, 'next.partial'), 4096), {
      name: 'DiskError',
      systemCode: 'ENOSPC',
    });
    assert.deepEqual(readdirSync(folder), []);
    assert.equal(openCount, 0);
  });

  it('of an earlier process that cannot be made durable keeps no descriptor', async () => {
    writeFileSync(join(folder, 'log'), 'entry');
    const disk = await diskOn('linux');
    const opening = assert.rejects(disk.open(join(folder, 'log')), { systemCode: 'EIO' });
    const synced = await syncBegun();
    synced(Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'fdatasync' }));
    await opening;
    assert.equal(openCount, 0);
    assert.deepEqual(readdirSync(folder), ['log']);
  });
});
