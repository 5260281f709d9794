import type { DiskFile } from './disk.ts';

/** A file of payloads, open. */
export interface PayloadFile {
  readonly slot: number;
  readonly path: string;
  readonly file: DiskFile;
  byteLength: number;
  /** Of frames that count. */
  liveBytes: number;
  /** How many payloads had been put when the last one of which a frame in it counted was put again (PWASTE-1). */
  putAgainCount: number;
  /** Reads that are under way, and whatever else keeps it open. */
  users: number;
  /** Frames of it that count could not be read: it goes when none counts any more (PFILE-7). */
  isStuck: boolean;
  /** Nobody knows all that is in it: a part could not be read when it was found. It stays until the next start (PFILE-7). */
  hasUnread: boolean;
}

/** One that was found, or made a moment ago: nothing of it is known. */
export const payloadFileAt = (
  slot: number,
  path: string,
  file: DiskFile,
  byteLength: number,
): PayloadFile => ({
  slot,
  path,
  file,
  byteLength,
  liveBytes: 0,
  putAgainCount: 0,
  users: 1,
  isStuck: false,
  hasUnread: false,
});

/** Of the files together. */
export function sizesOf(files: readonly (PayloadFile | undefined)[]): {
  readonly sizeBytes: number;
  readonly liveBytes: number;
} {
  let sizeBytes = 0;
  let liveBytes = 0;
  for (const file of files) {
    sizeBytes += file?.byteLength ?? 0;
    liveBytes += file?.liveBytes ?? 0;
  }
  return { sizeBytes, liveBytes };
}

/** One who used it does no more; after the last one it is closed. */
export function release(file: PayloadFile): void {
  file.users -= 1;
  if (file.users === 0) void file.file.close().catch(() => undefined);
}
