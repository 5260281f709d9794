/**
 * Which file of payloads goes next, or is made smaller.
 *
 * PWASTE-1: a file goes, and nothing is written for it, once none of its frames counts and each payload of it that was put again is durable
 *     in another file (PFILE-2). So a disk that is full gets back what is deleted: to unlink a file takes no room. A file without a
 *     frame, which a full disk leaves behind at each start, goes as well.
 */
import type { PayloadFile } from './payload-file.ts';
import { mostFiles } from './payload-settings.ts';

/** What is looked at: the files by their slots, and how far they are durable. */
export interface PresentFiles {
  readonly files: readonly (PayloadFile | undefined)[];
  /** It is still written to. */
  readonly current: PayloadFile | undefined;
  /** Of all puts, how many are durable. */
  readonly durableCount: number;
}

/** What is done with it; it is there until then. */
export interface Unneeded {
  readonly file: PayloadFile;
  /** PWASTE-1. Else it is made smaller first, which takes room. */
  readonly isDead: boolean;
}

/** Less than half of it counts; of one that could not be read, nothing (PFILE-7). */
export function isWasteful(
  { isStuck, hasUnread, liveBytes, byteLength, slot }: PayloadFile,
  current: PayloadFile | undefined,
): boolean {
  if (hasUnread || slot === current?.slot) return false;
  return liveBytes === 0 || (!isStuck && liveBytes * 2 < byteLength);
}

/** PWASTE-1. */
const isDead = (file: PayloadFile, { current, durableCount }: PresentFiles): boolean =>
  file.liveBytes === 0 && file.putAgainCount <= durableCount && isWasteful(file, current);

/** @param canWrite False: there is no room for copies (PFILE-9). */
export function nextUnneeded(present: PresentFiles, canWrite: boolean): Unneeded | undefined {
  const { files, current } = present;
  const dead = files.find((file) => file !== undefined && isDead(file, present));
  if (dead !== undefined) return { file: dead, isDead: true };
  if (!canWrite) return undefined;
  const wasteful = files.find((file) => file !== undefined && isWasteful(file, current));
  return wasteful && { file: wasteful, isDead: false };
}

/** For a file that is to be made. */
export function freeSlot(files: readonly (PayloadFile | undefined)[], folder: string): number {
  const free = files.indexOf(undefined);
  const slot = free === -1 ? files.length : free;
  if (slot >= mostFiles)
    throw new Error(`There are ${String(slot)} files of payloads in ${folder}, which is the most.`);
  return slot;
}
