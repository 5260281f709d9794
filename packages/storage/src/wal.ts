/**
 * Looks at SQLite's write-ahead log before SQLite does.
 *
 * On opening, SQLite takes the frames up to the last commit whose checksums hold and drops the rest
 * without a word. That is right for a last transaction that was being written when the power went: it
 * was never acknowledged. It is wrong for damage further in front: everything behind it was
 * acknowledged and would be gone. So:
 *
 * WAL-1: a tail that holds at most one unfinished transaction is named, and left to SQLite to drop.
 * WAL-2: a broken frame with a whole transaction and more behind it refuses to start.
 *
 * One transaction is written at a time and ends with one commit frame, so a torn tail has at most one
 * commit frame, and nothing of this generation behind it. Where the broken frame is itself the end of a
 * transaction, by a mark that can be read or that one flipped bit took away, everything behind it counts; and
 * a frame whose checksum holds though it has the mark of another generation was never torn.
 *
 * What cannot be told apart: damage within the very last transaction from a torn one; a log that ends early
 * between two transactions; and a file that is missing as a whole.
 *
 * The format: https://www.sqlite.org/fileformat2.html, section 4.
 */
import { existsSync, readFileSync } from 'node:fs';
import { StorageDamagedError } from './damage.ts';

const headerBytes = 32;
const frameHeaderBytes = 24;
const magicLittleEndian = 0x377f0682;
const magicBigEndian = 0x377f0683;

interface Checksum {
  readonly first: number;
  readonly second: number;
}

/** Section 4.2: over pairs of 32-bit words, with wrap-around. */
function checksum(bytes: Buffer, littleEndian: boolean, start: Checksum): Checksum {
  let { first, second } = start;
  for (let offset = 0; offset < bytes.byteLength; offset += 8) {
    const one = littleEndian ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
    const other = littleEndian ? bytes.readUInt32LE(offset + 4) : bytes.readUInt32BE(offset + 4);
    first = (first + one + second) >>> 0;
    second = (second + other + first) >>> 0;
  }
  return { first, second };
}

/** Plain sentences about what SQLite is going to drop. Throws `StorageDamagedError` on WAL-2. */
export function inspectWal(databaseFile: string): string[] {
  const file = `${databaseFile}-wal`;
  if (!existsSync(file)) return [];
  const bytes = readFileSync(file);
  if (bytes.byteLength === 0) return [];
  const magic = bytes.byteLength < headerBytes ? 0 : bytes.readUInt32BE(0);
  if (magic !== magicLittleEndian && magic !== magicBigEndian) {
    if (bytes.byteLength <= headerBytes)
      return [
        `${file}: the head of the log was being written when the node ended; nothing was lost.`,
      ];
    throw new StorageDamagedError(file, 'its head is not that of a write-ahead log');
  }
  const littleEndian = magic === magicLittleEndian;
  const pageBytes = bytes.readUInt32BE(8);
  const head = checksum(bytes.subarray(0, 24), littleEndian, { first: 0, second: 0 });
  if (head.first !== bytes.readUInt32BE(24) || head.second !== bytes.readUInt32BE(28)) {
    throw new StorageDamagedError(file, 'its head fails its checksum');
  }
  const frameBytes = frameHeaderBytes + pageBytes;
  const salts = bytes.subarray(16, 24);
  const isOfThisGeneration = (offset: number): boolean =>
    offset + frameHeaderBytes <= bytes.byteLength &&
    bytes.subarray(offset + 8, offset + 16).equals(salts);
  const { validEnd, brokenAt, sum } = walk(
    bytes,
    frameBytes,
    littleEndian,
    head,
    isOfThisGeneration,
  );
  const isWhole = brokenAt + frameBytes <= bytes.byteLength;
  const broken = bytes.subarray(brokenAt, brokenAt + frameBytes);
  let commitBehind =
    isWhole && isOfThisGeneration(brokenAt) && wasCommit(broken, littleEndian, sum);
  for (
    let offset = brokenAt + frameBytes;
    offset + frameHeaderBytes <= bytes.byteLength;
    offset += frameBytes
  ) {
    if (!isOfThisGeneration(offset)) continue;
    if (commitBehind) {
      throw new StorageDamagedError(
        file,
        `the frame at byte ${String(brokenAt)} is broken, and acknowledged writes stand behind it`,
      ); // WAL-2
    }
    commitBehind = bytes.readUInt32BE(offset + 4) !== 0;
  }
  if (isWhole && !isOfThisGeneration(brokenAt) && holds(broken, littleEndian, sum) !== undefined)
    throw new StorageDamagedError(
      file,
      `the frame at byte ${String(brokenAt)} is whole, but marked as one of another generation`,
    ); // WAL-2
  // What ends at a frame of an earlier generation was overwritten in order: nothing is missing.
  const torn = isOfThisGeneration(brokenAt) || brokenAt > validEnd || commitBehind;
  return torn
    ? [
        `${file}: the last write was cut short (from byte ${String(validEnd)} of ${String(bytes.byteLength)}); it was never acknowledged and is dropped.`,
      ] // WAL-1
    : [];
}

/** The chain of checksums after this frame; undefined: it is broken here. */
function holds(frame: Buffer, littleEndian: boolean, before: Checksum): Checksum | undefined {
  const start = checksum(frame.subarray(0, 8), littleEndian, before);
  const sum = checksum(frame.subarray(frameHeaderBytes), littleEndian, start);
  return sum.first === frame.readUInt32BE(16) && sum.second === frame.readUInt32BE(20)
    ? sum
    : undefined;
}

/** Whether a broken frame ended a transaction, also where a flipped bit took the mark of that away. */
function wasCommit(frame: Buffer, littleEndian: boolean, before: Checksum): boolean {
  if (frame.readUInt32BE(4) !== 0) return true;
  const mended = Buffer.from(frame);
  for (let bit = 0; bit < 32; bit++) {
    mended.writeUInt32BE((1 << bit) >>> 0, 4);
    if (holds(mended, littleEndian, before) !== undefined) return true;
  }
  return false;
}

/** Follows the chain of checksums. */
function walk(
  bytes: Buffer,
  frameBytes: number,
  littleEndian: boolean,
  head: Checksum,
  isOfThisGeneration: (offset: number) => boolean,
): { readonly validEnd: number; readonly brokenAt: number; readonly sum: Checksum } {
  let sum = head;
  let offset = headerBytes;
  let validEnd = headerBytes;
  while (offset + frameBytes <= bytes.byteLength && isOfThisGeneration(offset)) {
    const frame = bytes.subarray(offset, offset + frameBytes);
    const next = holds(frame, littleEndian, sum);
    if (next === undefined) break;
    sum = next;
    const isCommit = frame.readUInt32BE(4) !== 0;
    offset += frameBytes;
    if (isCommit) validEnd = offset;
  }
  return { validEnd, brokenAt: offset, sum };
}
