/**
 * The real disk, by Node's asynchronous calls: the event loop never waits for it.
 *
 * FD-1: a write has resolved only when it is durable: by O_DSYNC where that means what it says (Linux),
 *       elsewhere by `fdatasync` after the write (which is F_FULLFSYNC on macOS).
 * FD-2: a folder that was made is durable, up to the first that was there before. Names of files are the
 *       business of those who give them (`durable-names.ts`).
 * FD-3: whoever only looks has a disk by which nothing can be changed: files are opened for reading alone, and what
 *       would write, name, remove or lock something fails.
 * FD-4: a file that could not be made whole goes: on a full disk its zeros would take the room that is left.
 * FD-5: the folder of a node, and the names in it, are made durable at every start: the process that made them may have been killed
 *       before it had done that.
 */
import {
  close,
  constants,
  fdatasync,
  fsync,
  open,
  read,
  readdir,
  rename,
  stat,
  unlink,
  write,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { askedDiskError } from './disk-error.ts';
import { FileMissingError } from './disk.ts';
import type { Disk, DiskFile, FoundFile } from './disk.ts';
import { lockFile } from './lock.ts';
import { makeFoldersAsync, privateFileMode } from './private-files.ts';

const openAsync = promisify(open);
const closeAsync = promisify(close);
const fsyncAsync = promisify(fsync);
const fdatasyncAsync = promisify(fdatasync);
const readdirAsync = promisify(readdir);
const renameAsync = promisify(rename);
const statAsync = promisify(stat);
const unlinkAsync = promisify(unlink);

const syncsOnWrite = process.platform === 'linux';
const flags = constants.O_RDWR | (syncsOnWrite ? constants.O_DSYNC : 0);
/** What is zero-filled at once: commits of the log take turns with it. */
const fillBytes = 256 * 1024;

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

class RealFile implements DiskFile {
  readonly #path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  /** FD-1. */
  write(bytes: Uint8Array, position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void =>
        void askedDiskError(error, 'written', this.#path).then(reject);
      const from = (start: number): void => {
        const rest = bytes.byteLength - start;
        write(this.#descriptor, bytes, start, rest, position + start, (error, written) => {
          if (error !== null) fail(error);
          else if (written === 0) fail(new Error('the disk took no byte'));
          else if (written < rest) from(start + written);
          else if (syncsOnWrite) resolve();
          else
            fdatasync(this.#descriptor, (failed) => (failed === null ? resolve() : fail(failed)));
        });
      };
      from(0);
    });
  }

  read(position: number, byteLength: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const bytes = new Uint8Array(byteLength);
      const from = (start: number): void => {
        if (start === byteLength) {
          resolve(bytes);
          return;
        }
        read(
          this.#descriptor,
          bytes,
          start,
          byteLength - start,
          position + start,
          (error, count) => {
            if (error !== null) void askedDiskError(error, 'read', this.#path).then(reject);
            else if (count === 0)
              reject(
                new Error(
                  `${this.#path} could not be read: it ends before byte ${String(position + byteLength)}`,
                ),
              );
            else from(start + count);
          },
        );
      };
      from(0);
    });
  }

  async close(): Promise<void> {
    try {
      await closeAsync(this.#descriptor);
    } catch (error) {
      throw await askedDiskError(error, 'closed', this.#path);
    }
  }
}

class ReadOnlyFile extends RealFile {
  override write(): Promise<void> {
    return refused();
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows has no way to sync a folder.
  if (process.platform === 'win32') return;
  const descriptor = await openAsync(folder, 'r').catch(async (error: unknown) => {
    throw await askedDiskError(error, 'opened', folder); // DERR-3: nothing was synced.
  });
  try {
    await fsyncAsync(descriptor);
  } catch (error) {
    throw await askedDiskError(error, 'synced', folder);
  } finally {
    await closeAsync(descriptor);
  }
}

async function list(folder: string): Promise<FoundFile[]> {
  let names: string[];
  try {
    names = (await readdirAsync(folder)).sort();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw await askedDiskError(error, 'read', folder);
  }
  const found = await Promise.all(names.map((name) => lookAt(folder, name)));
  return found.filter((file) => file !== undefined);
}

/** Undefined: it was removed meanwhile, which says nothing of the other files of its folder. */
async function lookAt(folder: string, name: string): Promise<FoundFile | undefined> {
  const path = join(folder, name);
  try {
    const found = await statAsync(path);
    return { name, byteLength: found.size, isFolder: found.isDirectory() };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw await askedDiskError(error, 'read', path);
  }
}

async function openFile(path: string): Promise<DiskFile> {
  let descriptor: number | undefined;
  try {
    descriptor = await openAsync(path, flags);
    // A process that was killed may have left in memory what it had not been told was durable.
    await fdatasyncAsync(descriptor);
    return new RealFile(path, descriptor);
  } catch (error) {
    if (descriptor !== undefined) await closeAsync(descriptor).catch(() => undefined);
    throw await askedDiskError(error, 'opened', path);
  }
}

async function createFile(path: string, zeroBytes: number): Promise<DiskFile> {
  let descriptor: number | undefined;
  try {
    descriptor = await openAsync(
      path,
      flags | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, // PRIV-4
      privateFileMode,
    );
    const file = new RealFile(path, descriptor);
    const zeros = new Uint8Array(Math.min(fillBytes, zeroBytes));
    for (let position = 0; position < zeroBytes; position += fillBytes)
      await file.write(zeros.subarray(0, Math.min(fillBytes, zeroBytes - position)), position);
    await fsyncAsync(descriptor);
    return file;
  } catch (error) {
    if (descriptor !== undefined) {
      await closeAsync(descriptor).catch(() => undefined);
      await unlinkAsync(path).catch(() => undefined); // FD-4
    }
    throw await askedDiskError(error, 'made', path);
  }
}

/** The file system of this machine. */
export const fileDisk: Disk = {
  now: () => performance.now(),
  makeFolder: async (folder) => {
    for (const made of await makeFoldersAsync(folder)) await syncFolder(dirname(made)); // FD-2
  },
  list,
  open: openFile,
  create: createFile,
  rename: async (from, to) => {
    try {
      await renameAsync(from, to);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) throw new FileMissingError(from, { cause: error });
      throw await askedDiskError(error, `renamed to ${to}`, from);
    }
  },
  remove: async (path) => {
    try {
      await unlinkAsync(path);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return;
      throw await askedDiskError(error, 'removed', path);
    }
  },
  syncFolder,
  lock: (path) => Promise.resolve().then(() => lockFile(path)),
};

/** Tests only: the same with every write delayed. */
export function delayed(disk: Disk, delayMs: number): Disk {
  const slow = (file: DiskFile): DiskFile => ({
    write: async (bytes, position) => {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await file.write(bytes, position);
    },
    read: (position, byteLength) => file.read(position, byteLength),
    close: () => file.close(),
  });
  return {
    ...disk,
    open: async (path) => slow(await disk.open(path)),
    create: async (path, zeroBytes) => slow(await disk.create(path, zeroBytes)),
  };
}

function refused(): never {
  throw new Error('FD-3: this disk is only looked at. Nothing was changed.');
}

/** FD-3. */
export const readOnlyDisk: Disk = {
  now: fileDisk.now,
  list,
  open: async (path) => {
    try {
      return new ReadOnlyFile(path, await openAsync(path, constants.O_RDONLY));
    } catch (error) {
      throw await askedDiskError(error, 'opened', path);
    }
  },
  // What a process that ended left in memory is read all the same.
  syncFolder: () => Promise.resolve(),
  makeFolder: refused,
  create: refused,
  rename: refused,
  remove: refused,
  lock: refused,
};
