/**
 * Looks at SQLite's write-ahead log before SQLite does.
 *
 * On opening, SQLite takes the frames up to the last commit whose checksums hold and drops the rest
 * without a word. That is right for a last transaction that was being written when the power went: it
 * was never acknowledged. It is wrong for damage further in front: everything behind it was
 * acknowledged and would be gone. So:
 *
 * Y1: a tail that holds at most one unfinished transaction is named, and left to SQLite to drop.
 * Y2: a broken frame with a whole transaction and more behind it refuses to start.
 *
 * One transaction is written at a time and ends with one commit frame, so a torn tail has at most one
 * commit frame, and nothing of this generation behind it. What cannot be told apart: damage within the
 * very last transaction from a torn one; and a file that is missing as a whole.
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

/** Plain sentences about what SQLite is going to drop. Throws `StorageDamagedError` on Y2. */
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
  const { validEnd, brokenAt } = walk(bytes, frameBytes, littleEndian, head, isOfThisGeneration);
  let commitBehind = false;
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
      ); // Y2
    }
    commitBehind = bytes.readUInt32BE(offset + 4) !== 0;
  }
  // What ends at a frame of an earlier generation was overwritten in order: nothing is missing.
  const torn = isOfThisGeneration(brokenAt) || brokenAt > validEnd || commitBehind;
  return torn
    ? [
        `${file}: the last write was cut short (from byte ${String(validEnd)} of ${String(bytes.byteLength)}); it was never acknowledged and is dropped.`,
      ] // Y1
    : [];
}

/** Follows the chain of checksums. */
function walk(
  bytes: Buffer,
  frameBytes: number,
  littleEndian: boolean,
  head: Checksum,
  isOfThisGeneration: (offset: number) => boolean,
): { readonly validEnd: number; readonly brokenAt: number } {
  let sum = head;
  let offset = headerBytes;
  let validEnd = headerBytes;
  while (offset + frameBytes <= bytes.byteLength && isOfThisGeneration(offset)) {
    sum = checksum(bytes.subarray(offset, offset + 8), littleEndian, sum);
    sum = checksum(
      bytes.subarray(offset + frameHeaderBytes, offset + frameBytes),
      littleEndian,
      sum,
    );
    if (
      sum.first !== bytes.readUInt32BE(offset + 16) ||
      sum.second !== bytes.readUInt32BE(offset + 20)
    )
      break;
    const isCommit = bytes.readUInt32BE(offset + 4) !== 0;
    offset += frameBytes;
    if (isCommit) validEnd = offset;
  }
  return { validEnd, brokenAt: offset };
}
