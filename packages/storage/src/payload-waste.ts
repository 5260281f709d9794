/**
 * Which file of payloads goes next, or is made smaller.
 *
 * PWASTE-1: a file goes, and nothing is written for it, once none of its frames counts and each payload of it that was put again is durable
 *     in another file (PFILE-2). So a disk that is full gets back what is deleted: to unlink a file takes no room. A file without a
 *     frame, which a full disk leaves behind at each start, goes as well.
 * PWASTE-2: no more than `mostShortFiles` files stay in which the payloads that count fill less than half of what a file may have: of more
 *     of them one is written again with what is put, like one that is mostly not needed. Each start begins a file, and leaves a
 *     short one behind, for its messages may stay for ever. So there are at most two files for each `fileBytes` of payloads that are
 *     kept, and `mostShortFiles` + 1. Of payloads there are at most 64 GiB in messages (`limits.max_message_bytes`; a frame takes less
 *     than that counts for it), 61 GiB of a million that have ended and are held for a reader (PAYLOAD-8 of the engine), and 1 GiB of the
 *     log since: 4,096 + 3,911 + 64 + 65 files, which is fewer than `mostFiles` (8,192), and with the default of 16 GiB
 *     1,024 + 3,911 + 64 + 65. What waits to be made smaller comes on top: one file after the other, each in the time in which at most
 *     `mostWaitingBytes` and its own copies are written. Those in which nothing counts wait for no write.
 */
import type { PayloadFile } from './payload-file.ts';
import { mostFiles, mostShortFiles } from './payload-settings.ts';

/** By their slots. */
type Files = readonly (PayloadFile | undefined)[];

interface Circumstances {
  /** Of all puts, how many are durable. */
  readonly durableCount: number;
  /** A file is full when it has so many. */
  readonly fileBytes: number;
  /** False: there is no room for copies (PFILE-9). */
  readonly canWrite: boolean;
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

/** @param current It is still written to. */
export function nextUnneeded(
  files: Files,
  current: PayloadFile | undefined,
  { durableCount, fileBytes, canWrite }: Circumstances,
): Unneeded | undefined {
  // PWASTE-1
  const isDead = (file: PayloadFile): boolean =>
    file.liveBytes === 0 && file.putAgainCount <= durableCount && isWasteful(file, current);
  const dead = files.find((file) => file !== undefined && isDead(file));
  if (dead !== undefined) return { file: dead, isDead: true };
  if (!canWrite) return undefined;
  const wasteful = files.find((file) => file !== undefined && isWasteful(file, current));
  const file = wasteful ?? oneTooShort(files, current, fileBytes);
  return file && { file, isDead: false };
}

/** PWASTE-2. */
function oneTooShort(
  files: Files,
  current: PayloadFile | undefined,
  fileBytes: number,
): PayloadFile | undefined {
  const isShort = ({ slot, liveBytes, isStuck, hasUnread }: PayloadFile): boolean =>
    slot !== current?.slot && !isStuck && !hasUnread && liveBytes * 2 < fileBytes;
  const short = files.filter((file) => file !== undefined && isShort(file));
  return short.length > mostShortFiles ? short[0] : undefined;
}

/** For a file that is to be made. */
export function freeSlot(files: Files, folder: string): number {
  const free = files.indexOf(undefined);
  const slot = free === -1 ? files.length : free;
  if (slot >= mostFiles)
    throw new Error(`There are ${String(slot)} files of payloads in ${folder}, which is the most.`);
  return slot;
}
