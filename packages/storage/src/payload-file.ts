import type { DiskFile } from './disk.ts';

/** A file of payloads, open. */
export interface PayloadFile {
  readonly slot: number;
  readonly path: string;
  readonly file: DiskFile;
  byteLength: number;
  /** Of frames that count. */
  liveBytes: number;
  /** Reads that are under way, and whatever else keeps it open. */
  users: number;
  /** Frames of it that count could not be read: it goes when none counts any more (PFILE-7). */
  isStuck: boolean;
  /** Nobody knows all that is in it: a part could not be read when it was found. It stays until the next start (PFILE-7). */
  hasUnread: boolean;
}
