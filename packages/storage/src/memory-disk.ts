/**
 * A disk in memory, for simulators and tests: it outlives the processes that write to it, takes the time
 * that its owner gives it, and loses power as a real one does.
 *
 * MD-1: what was resolved when the power went is there afterwards. Of a write that was under way any part
 *       may be: nothing, all, the first bytes, or some of its sectors and not others.
 * MD-2: a name that was made, changed or removed is durable when its folder was synced afterwards. Until
 *       then it may be the old or the new one when the power has gone, each by itself.
 * MD-4: what a process asks for once it has ended is no write that is under way: nothing of it is there when the next process ends.
 */
import { dirname, basename } from 'node:path';
import { FileMissingError, FolderInUseError } from './disk.ts';
import type { Disk, DiskFile } from './disk.ts';

const sectorBytes = 512;

/** Randomness, passed in. */
export interface DiskRandomness {
  /** A whole number from 0, less than `limit`. */
  below(limit: number): number;
}

export type DelayedOperation = 'write' | 'read' | 'names' | 'sync';

export interface MemoryDiskOptions {
  readonly now: () => number;
  /** Calls back when an operation that begins now is over; never, where its process ends before. */
  readonly later: (operation: DelayedOperation, act: () => void) => void;
  /** What the disk says to an operation that is over; undefined: it is done. `grows`: it takes new room. */
  readonly trouble?: (
    operation: DelayedOperation,
    grows: boolean,
    path: string,
  ) => Error | undefined;
}

interface ProcessOptions extends MemoryDiskOptions {
  /** How many had ended before it began. */
  readonly process: number;
}

interface Content {
  bytes: Buffer;
}

type Names = Map<string, Content>;

/** Not durable yet (MD-2). */
interface NameChange {
  readonly folder: string;
  readonly act: (names: Names) => void;
}

interface UnderWay {
  /** The power goes in the middle of it (MD-1). */
  readonly cut: (randomness: DiskRandomness, leaves: CutLeaves) => void;
  readonly write?: {
    readonly content: Content;
    readonly bytes: Uint8Array;
    readonly position: number;
  };
}

/** Of a write that is under way when the power goes: anything of MD-1, or some of its bytes and never all of them. */
export type CutLeaves = 'anything' | 'a part';

/** A write that has begun and is not durable. */
export interface WriteUnderWay {
  /** The name that its file has now. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly position: number;
}

/** What is on the disk, whoever writes to it. */
export class MemoryFiles {
  /** As whoever asks now finds them. */
  #files: Names = new Map();
  readonly #durable: Names = new Map();
  #changes: NameChange[] = [];
  readonly #locks = new Set<string>();
  readonly #underWay = new Set<UnderWay>();
  /** Those that have ended. */
  #endedProcesses = 0;

  /** Names of files, in order. */
  get paths(): readonly string[] {
    return [...this.#files.keys()].sort();
  }

  /** The bytes themselves: who changes them damages the file. */
  bytes(path: string): Buffer {
    return this.#content(path).bytes;
  }

  /** Of files that have a name. */
  get writes(): readonly WriteUnderWay[] {
    return [...this.#underWay].flatMap(({ write }) => {
      if (write === undefined) return [];
      const { content, bytes, position } = write;
      for (const [path, one] of this.#files)
        if (one === content) return [{ path, bytes, position }];
      return [];
    });
  }

  remove(path: string): void {
    this.#files.delete(path);
    this.#durable.delete(path);
  }

  put(path: string, bytes: Uint8Array): void {
    const content = { bytes: Buffer.from(bytes) };
    this.#files.set(path, content);
    this.#durable.set(path, content);
  }

  /** The process that used it is gone; what it had not made durable is still in the system's memory. */
  endProcess(randomness: DiskRandomness, leaves: CutLeaves = 'anything'): void {
    for (const { cut } of this.#underWay) cut(randomness, leaves);
    this.#underWay.clear();
    this.#endedProcesses += 1;
    this.#locks.clear();
  }

  /** The process that used it is gone, and with it the power (MD-1, MD-2). */
  cutPower(randomness: DiskRandomness, leaves: CutLeaves = 'anything'): void {
    this.endProcess(randomness, leaves);
    for (const { act } of this.#changes) if (randomness.below(2) === 1) act(this.#durable);
    this.#changes = [];
    this.#files = new Map(this.#durable);
  }

  #change(folder: string, act: (names: Names) => void): void {
    act(this.#files);
    this.#changes.push({ folder, act });
  }

  /** What was changed before it began (MD-2). */
  #sync(options: ProcessOptions, folder: string): Promise<void> {
    const changes = new Set(this.#changes.filter((change) => change.folder === folder));
    return this.#take(options, 'sync', false, folder, () => {
      for (const change of this.#changes) if (changes.has(change)) change.act(this.#durable);
      this.#changes = this.#changes.filter((change) => !changes.has(change));
    });
  }

  /** For one process (MD-4). */
  disk(given: MemoryDiskOptions): Disk {
    const options: ProcessOptions = { ...given, process: this.#endedProcesses };
    const names = (path: string, act: (names: Names) => void, grows = false): Promise<void> => {
      const change = (): void => this.#change(dirname(path), act);
      return this.#take(options, 'names', grows, path, change, {
        cut: (randomness) => {
          if (randomness.below(2) === 0) change();
        },
      });
    };
    const file = (path: string): DiskFile => this.#file(options, path, this.#content(path));
    return {
      now: options.now,
      makeFolder: () => Promise.resolve(),
      syncFolder: (folder) => this.#sync(options, folder),
      list: (folder) =>
        Promise.resolve(
          this.paths
            .filter((path) => dirname(path) === folder)
            .map((path) => ({
              name: basename(path),
              byteLength: this.bytes(path).byteLength,
              isFolder: false,
            })),
        ),
      open: async (path) => {
        await this.#take(options, 'read', false, path, () => undefined);
        return file(path);
      },
      create: async (path, zeroBytes) => {
        const content = { bytes: Buffer.alloc(zeroBytes) };
        await names(path, (all) => all.set(path, content), true);
        return this.#file(options, path, content);
      },
      rename: async (from, to) => {
        const content = this.#content(from);
        await names(to, (all) => {
          all.delete(from);
          all.set(to, content);
        });
      },
      remove: (path) => names(path, (all) => all.delete(path)),
      lock: (path) => {
        if (this.#locks.has(path)) return Promise.reject(new FolderInUseError(path));
        this.#locks.add(path);
        return Promise.resolve(() => this.#locks.delete(path));
      },
    };
  }

  #content(path: string): Content {
    const content = this.#files.get(path);
    if (content === undefined) throw new FileMissingError(path);
    return content;
  }

  #file(options: ProcessOptions, path: string, content: Content): DiskFile {
    return {
      write: (bytes, position) =>
        this.#take(
          options,
          'write',
          position + bytes.byteLength > content.bytes.byteLength,
          path,
          () => put(content, bytes, position),
          {
            cut: (randomness, leaves) => tear(content, bytes, position, randomness, leaves),
            write: { content, bytes, position },
          },
        ),
      read: async (position, byteLength) => {
        await this.#take(options, 'read', false, path, () => undefined);
        if (position + byteLength > content.bytes.byteLength)
          throw new Error(`${path} ends before byte ${String(position + byteLength)}`);
        return new Uint8Array(content.bytes.subarray(position, position + byteLength));
      },
      close: () => Promise.resolve(),
    };
  }

  #take(
    { later, trouble, process }: ProcessOptions,
    operation: DelayedOperation,
    grows: boolean,
    path: string,
    act: () => void,
    underWay: UnderWay = { cut: () => undefined },
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      if (process === this.#endedProcesses) this.#underWay.add(underWay); // MD-4
      later(operation, () => {
        const error = trouble?.(operation, grows, path);
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
function tear(
  content: Content,
  bytes: Uint8Array,
  position: number,
  randomness: DiskRandomness,
  leaves: CutLeaves,
): void {
  const putPart = (start: number, end: number): void =>
    put(content, bytes.subarray(start, end), position + start);
  const sectors = sectorsOf(bytes.byteLength, position);
  if (leaves === 'a part') {
    if (sectors.length > 1 && randomness.below(2) === 0) {
      const missing = randomness.below(sectors.length);
      const there = (missing + 1 + randomness.below(sectors.length - 1)) % sectors.length;
      for (const [index, { start, end }] of sectors.entries())
        if (index === there || (index !== missing && randomness.below(2) === 0))
          putPart(start, end);
    } else if (bytes.byteLength > 1) putPart(0, 1 + randomness.below(bytes.byteLength - 1));
    return;
  }
  switch (randomness.below(4)) {
    case 0:
      return;
    case 1:
      putPart(0, bytes.byteLength);
      return;
    case 2:
      putPart(0, randomness.below(bytes.byteLength));
      return;
    default:
      for (const { start, end } of sectors) if (randomness.below(2) === 0) putPart(start, end);
  }
}

/** Parts of a write that reach the disk wholly or not at all. */
function sectorsOf(
  byteLength: number,
  position: number,
): readonly { readonly start: number; readonly end: number }[] {
  const sectors: { readonly start: number; readonly end: number }[] = [];
  for (let start = 0; start < byteLength;) {
    const end = Math.min(byteLength, start + sectorBytes - ((position + start) % sectorBytes));
    sectors.push({ start, end });
    start = end;
  }
  return sectors;
}
