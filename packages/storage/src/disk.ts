/**
 * What the storage stands on: files whose writes are durable when they resolve. The real one is in
 * `file-disk.ts`; a simulator puts one in memory and virtual time in its place.
 */
export interface DiskFile {
  /** Resolves when the bytes are durable, with the file's length where it grew. Rejects with what the operating system says. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Exactly the bytes asked for; rejects where the file ends before. */
  read(position: number, byteLength: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface FoundFile {
  readonly name: string;
  readonly byteLength: number;
  /** Of a folder the length means nothing. */
  readonly isFolder: boolean;
}

export interface Disk {
  /** Monotonic, for stats. */
  now(): number;
  /** Makes a folder, and those above it, durably. */
  makeFolder(folder: string): Promise<void>;
  /** What is in a folder; nothing where there is no folder. */
  list(folder: string): Promise<readonly FoundFile[]>;
  /** Opens a file that is there, and makes durable what was written to it before. */
  open(path: string): Promise<DiskFile>;
  /** Makes a file of this many zero bytes, and resolves when they are durable. Its name is not: see `syncFolder`. Where it rejects there is none. */
  create(path: string, zeroBytes: number): Promise<DiskFile>;
  /** Not durable before the folder is synced. Rejects with `FileMissingError` where there is no such file. */
  rename(from: string, to: string): Promise<void>;
  /** Not durable before the folder is synced. A file that is not there is gone. */
  remove(path: string): Promise<void>;
  /** Makes durable which names the folder holds: what was created, renamed and removed in it before. */
  syncFolder(folder: string): Promise<void>;
  /**
   * Keeps every other process away from what this file stands for, until the function it resolves with
   * is called or the process ends. Rejects with `FolderInUseError`.
   */
  lock(path: string): Promise<() => void>;
}

export class FileMissingError extends Error {
  override readonly name: string = 'FileMissingError';
  constructor(path: string, options?: ErrorOptions) {
    super(`${path} is not there.`, options);
  }
}

export class FolderInUseError extends Error {
  override readonly name: string = 'FolderInUseError';
  constructor(path: string) {
    super(
      `${path} is in use by another process. Stop it first, or use another folder. Nothing was changed.`,
    );
  }
}
