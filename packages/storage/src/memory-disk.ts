/**
 * A disk in memory, for simulators and tests: it outlives the processes that write to it, takes the time
 * that its owner gives it, and loses power as a real one does.
 *
 * MD-1: what was resolved when the power went is there afterwards. Of a write that was under way any part
 *       may be: nothing, all, the first bytes, or some of its sectors and not others. A name that was being
 *       changed is the old or the new one.
 */
import { dirname, basename } from 'node:path';
import { FolderInUseError } from './disk.ts';
import type { Disk, DiskFile } from './disk.ts';

const sectorBytes = 512;

/** Randomness, passed in. */
export interface Chances {
  /** A whole number from 0, less than `limit`. */
  below(limit: number): number;
}

export type Operation = 'write' | 'read' | 'names';

export interface MemoryDiskOptions {
  readonly now: () => number;
  /** Calls back when an operation that begins now is over; never, where its process ends before. */
  readonly later: (operation: Operation, act: () => void) => void;
  /** What the disk says to an operation that is over; undefined: it is done. `grows`: it takes new room. */
  readonly trouble?: (operation: Operation, grows: boolean) => Error | undefined;
}

interface Content {
  bytes: Buffer;
}

interface UnderWay {
  /** The power goes in the middle of it (MD-1). */
  readonly cut: (chances: Chances) => void;
}

/** What is on the disk, whoever writes to it. */
export class MemoryFiles {
  readonly #files = new Map<string, Content>();
  readonly #locks = new Set<string>();
  readonly #underWay = new Set<UnderWay>();

  /** Names of files, in order. */
  get paths(): readonly string[] {
    return [...this.#files.keys()].sort();
  }

  /** The bytes themselves: who changes them damages the file. */
  bytes(path: string): Buffer {
    return this.#content(path).bytes;
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  put(path: string, bytes: Uint8Array): void {
    this.#files.set(path, { bytes: Buffer.from(bytes) });
  }

  /** The process that used it is gone, and with it the power (MD-1). */
  cutPower(chances: Chances): void {
    for (const { cut } of this.#underWay) cut(chances);
    this.#underWay.clear();
    this.#locks.clear();
  }

  /** For one process. */
  disk(options: MemoryDiskOptions): Disk {
    const names = async (act: () => void, grows = false): Promise<void> => {
      await this.#take(options, 'names', grows, act, (chances) => {
        if (chances.below(2) === 0) act();
      });
    };
    const file = (content: Content): DiskFile => this.#file(options, content);
    return {
      now: options.now,
      makeFolder: () => Promise.resolve(),
      syncFolder: () => Promise.resolve(),
      list: (folder) =>
        Promise.resolve(
          this.paths
            .filter((path) => dirname(path) === folder)
            .map((path) => ({ name: basename(path), byteLength: this.bytes(path).byteLength })),
        ),
      open: async (path) => {
        await this.#take(options, 'read', false, () => undefined);
        return file(this.#content(path));
      },
      create: async (path, zeroBytes) => {
        const content = { bytes: Buffer.alloc(zeroBytes) };
        await names(() => this.#files.set(path, content), true);
        return file(content);
      },
      rename: (from, to) =>
        names(() => {
          const content = this.#content(from);
          this.#files.delete(from);
          this.#files.set(to, content);
        }),
      remove: (path) => names(() => this.#files.delete(path)),
      lock: (path) => {
        if (this.#locks.has(path)) return Promise.reject(new FolderInUseError(path));
        this.#locks.add(path);
        return Promise.resolve(() => this.#locks.delete(path));
      },
    };
  }

  #content(path: string): Content {
    const content = this.#files.get(path);
    if (content === undefined) throw new Error(`${path}: no such file`);
    return content;
  }

  #file(options: MemoryDiskOptions, content: Content): DiskFile {
    return {
      write: (bytes, position) =>
        this.#take(
          options,
          'write',
          position + bytes.byteLength > content.bytes.byteLength,
          () => put(content, bytes, position),
          (chances) => tear(content, bytes, position, chances),
        ),
      read: async (position, byteLength) => {
        await this.#take(options, 'read', false, () => undefined);
        if (position + byteLength > content.bytes.byteLength)
          throw new Error(`the file ends before byte ${String(position + byteLength)}`);
        return new Uint8Array(content.bytes.subarray(position, position + byteLength));
      },
      close: () => Promise.resolve(),
    };
  }

  #take(
    { later, trouble }: MemoryDiskOptions,
    operation: Operation,
    grows: boolean,
    act: () => void,
    cut: (chances: Chances) => void = () => undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const underWay: UnderWay = { cut };
      this.#underWay.add(underWay);
      later(operation, () => {
        const error = trouble?.(operation, grows);
        if (error !== undefined) {
          // What a failed write left behind is seen when the power goes, or the process ends.
          reject(error);
          return;
        }
        this.#underWay.delete(underWay);
        try {
          act();
          resolve();
        } catch (failed) {
          reject(failed);
        }
      });
    });
  }
}

function put(content: Content, bytes: Uint8Array, position: number): void {
  const end = position + bytes.byteLength;
  if (end > content.bytes.byteLength) {
    const longer = Buffer.alloc(end);
    content.bytes.copy(longer);
    content.bytes = longer;
  }
  content.bytes.set(bytes, position);
}

/** MD-1. */
function tear(content: Content, bytes: Uint8Array, position: number, chances: Chances): void {
  switch (chances.below(4)) {
    case 0:
      return;
    case 1:
      put(content, bytes, position);
      return;
    case 2:
      put(content, bytes.subarray(0, chances.below(bytes.byteLength)), position);
      return;
    default:
      for (let start = 0; start < bytes.byteLength;) {
        const end = Math.min(
          bytes.byteLength,
          start + sectorBytes - ((position + start) % sectorBytes),
        );
        if (chances.below(2) === 0) put(content, bytes.subarray(start, end), position + start);
        start = end;
      }
  }
}
