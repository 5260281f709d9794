/**
 * The real disk, by Node's asynchronous calls: the event loop never waits for it.
 *
 * FD-1: a write has resolved only when it is durable: by O_DSYNC where that means what it says (Linux),
 *       elsewhere by `fdatasync` after the write (which is F_FULLFSYNC on macOS).
 * FD-2: a folder that was made is durable, up to the first that was there before. Names of files are the
 *       business of those who give them (`durable-names.ts`).
 */
import {
  close,
  constants,
  fdatasync,
  fsync,
  mkdir,
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
import { FileMissingError } from './disk.ts';
import type { Disk, DiskFile, FoundFile } from './disk.ts';
import { lockFile } from './lock.ts';

const openAsync = promisify(open);
const closeAsync = promisify(close);
const fsyncAsync = promisify(fsync);
const fdatasyncAsync = promisify(fdatasync);
const mkdirAsync = promisify(mkdir);
const readdirAsync = promisify(readdir);
const renameAsync = promisify(rename);
const statAsync = promisify(stat);
const unlinkAsync = promisify(unlink);

const syncsOnWrite = process.platform === 'linux';
const flags = constants.O_RDWR | (syncsOnWrite ? constants.O_DSYNC : 0);
/** What is zero-filled at once: commits of the log take turns with it. */
const fillBytes = 256 * 1024;

function failure(what: string, path: string, error: unknown): Error {
  const cause = error instanceof Error ? error.message : String(error);
  return new Error(`${path} could not be ${what}: ${cause}`, { cause: error });
}

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
      const fail = (error: unknown): void => reject(failure('written', this.#path, error));
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
            if (error !== null) reject(failure('read', this.#path, error));
            else if (count === 0)
              reject(
                failure('read', this.#path, `it ends before byte ${String(position + byteLength)}`),
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
      throw failure('closed', this.#path, error);
    }
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows has no way to sync a folder.
  if (process.platform === 'win32') return;
  try {
    const descriptor = await openAsync(folder, 'r');
    try {
      await fsyncAsync(descriptor);
    } finally {
      await closeAsync(descriptor);
    }
  } catch (error) {
    throw failure('synced', folder, error);
  }
}

async function list(folder: string): Promise<FoundFile[]> {
  let names: string[];
  try {
    names = (await readdirAsync(folder)).sort();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw failure('read', folder, error);
  }
  const found = await Promise.all(names.map((name) => sizeOf(join(folder, name))));
  return names.flatMap((name, position) => {
    const byteLength = found[position];
    return byteLength === undefined ? [] : [{ name, byteLength }];
  });
}

/** Undefined: it was removed meanwhile, which says nothing of the other files of its folder. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await statAsync(path)).size;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw failure('read', path, error);
  }
}

async function openFile(path: string): Promise<DiskFile> {
  try {
    const descriptor = await openAsync(path, flags);
    // A process that was killed may have left in memory what it had not been told was durable.
    await fdatasyncAsync(descriptor);
    return new RealFile(path, descriptor);
  } catch (error) {
    throw failure('opened', path, error);
  }
}

async function createFile(path: string, zeroBytes: number): Promise<DiskFile> {
  let descriptor: number | undefined;
  try {
    descriptor = await openAsync(path, flags | constants.O_CREAT | constants.O_TRUNC, 0o644);
    const file = new RealFile(path, descriptor);
    const zeros = new Uint8Array(Math.min(fillBytes, zeroBytes));
    for (let position = 0; position < zeroBytes; position += fillBytes)
      await file.write(zeros.subarray(0, Math.min(fillBytes, zeroBytes - position)), position);
    await fsyncAsync(descriptor);
    return file;
  } catch (error) {
    if (descriptor !== undefined) await closeAsync(descriptor).catch(() => undefined);
    throw failure('made', path, error);
  }
}

/** The file system of this machine. */
export const fileDisk: Disk = {
  now: () => performance.now(),
  makeFolder: async (folder) => {
    try {
      const first = await mkdirAsync(folder, { recursive: true });
      // FD-2, from the folder itself up to the one that holds the first that was made.
      if (first === undefined) return;
      for (let made = folder; ; made = dirname(made)) {
        await syncFolder(dirname(made));
        if (made === first || made === dirname(made)) break;
      }
    } catch (error) {
      throw failure('made', folder, error);
    }
  },
  list,
  open: openFile,
  create: createFile,
  rename: async (from, to) => {
    try {
      await renameAsync(from, to);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) throw new FileMissingError(from, { cause: error });
      throw failure(`renamed to ${to}`, from, error);
    }
  },
  remove: async (path) => {
    try {
      await unlinkAsync(path);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return;
      throw failure('removed', path, error);
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
