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
 *     1,024 + 3,911 + 64 + 65. Those that wait to be made smaller come on top (PWASTE-3).
 * PWASTE-3: files are made smaller as fast as others are written, also where more is put than the disk can write: those of which the least
 *     counts go first, and of as many together as have half a file of payloads that count, all is put again at once. So they
 *     wait once for what is written before, at most `mostWaitingBytes`.
 */
import type { PayloadFile } from './payload-file.ts';
import { mostFiles, mostShortFiles } from './payload-settings.ts';

/** By their slots. */
type Files = readonly (PayloadFile | undefined)[];

/** For copies of what counts (PFILE-9): `reserve` is that of payload-reserve.ts, which goes for them. */
export type CopyRoom = 'enough' | 'reserve' | 'none';

interface Circumstances {
  /** Of all puts, how many are durable. */
  readonly durableCount: number;
  /** A file is full when it has so many. */
  readonly fileBytes: number;
  readonly room: CopyRoom;
}

/** Files that are to go together. */
export interface Unneeded {
  readonly files: readonly PayloadFile[];
  /** PWASTE-1. Else they are made smaller first, which takes room. */
  readonly areDead: boolean;
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
  slots: Files,
  current: PayloadFile | undefined,
  { durableCount, fileBytes, room }: Circumstances,
): Unneeded | undefined {
  const files = slots.filter((file) => file !== undefined);
  // PWASTE-1
  const isDead = (file: PayloadFile): boolean =>
    file.liveBytes === 0 && file.putAgainCount <= durableCount && isWasteful(file, current);
  const dead = files.filter(isDead);
  if (dead.length > 0) return { files: dead, areDead: true };
  if (room === 'none') return undefined;
  const wasteful = files.filter((file) => isWasteful(file, current));
  if (room === 'reserve') return wasteful.length === 0 ? undefined : inReserve(wasteful, fileBytes);
  if (wasteful.length > 0) return { files: together(wasteful, fileBytes / 2), areDead: false };
  const short = oneTooShort(files, current, fileBytes);
  return short && { files: [short], areDead: false };
}

/** PWASTE-3. */
function together(files: readonly PayloadFile[], mostBytes: number): readonly PayloadFile[] {
  let bytes = 0;
  return files
    .toSorted((a, b) => a.liveBytes - b.liveBytes)
    .filter(({ liveBytes }, position) => {
      bytes += liveBytes;
      return position === 0 || bytes <= mostBytes;
    });
}

/** PRESERVE-2. No file of those of which everything waits to be written anew: the room is for what waits. */
function inReserve(wasteful: readonly PayloadFile[], fileBytes: number): Unneeded {
  const live = wasteful.filter(({ liveBytes }) => liveBytes > 0);
  return { files: together(live, fileBytes / 2), areDead: false };
}

/** PWASTE-2. */
function oneTooShort(
  files: readonly PayloadFile[],
  current: PayloadFile | undefined,
  fileBytes: number,
): PayloadFile | undefined {
  const isShort = ({ slot, liveBytes, isStuck, hasUnread }: PayloadFile): boolean =>
    slot !== current?.slot && !isStuck && !hasUnread && liveBytes * 2 < fileBytes;
  const short = files.filter(isShort);
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
