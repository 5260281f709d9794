/**
 * One frame of the log: what one commit writes.
 *
 * FR-1: a frame names the log, the segment and its place in the sequence of all frames, and a checksum
 *       covers all of that: an old frame of a recycled segment, or one of another log, never passes.
 * FR-2: a frame is complete: term, vote, commit and last index stand in each, so that the last frame
 *       alone says what they are.
 *
 * FR-3: a frame tells how long the file of its segment is at least, a seal how long that of the next one is: a
 *       file that is shorter has lost its end.
 *
 * FR-4: a frame tells how often the log was opened: an older copy of the log that is put back was opened less
 *       often than the node's identity says.
 *
 * Little endian; every frame begins and ends at a multiple of 8 bytes:
 *
 *     0 magic · 4 CRC-32 of all that follows · 8 byte length of the frame · 12 version · 13 flags
 *    14 byte length of the vote · 16 log id · 32 segment · 40 sequence · 48 term · 56 commit
 *    64 last index · 72 truncate from · 80 snapshot index · 88 snapshot term · 96 count of entries
 *   100 byte length of the segment's file; in a seal: of the next segment's
 *   104 starts, 8 bytes
 *   112 the vote, then each entry: index, term, byte length, kind, data
 */
import { crc32 } from 'node:zlib';
import type { Entry, EntryKind, HardState, LogIndex, MemberId, Term } from '@holdfast/raft';

export const headerBytes = 112;
const entryHeaderBytes = 24;
export const frameAlignment = 8;
const magic = 0x4c_46_46_48; // "HFFL", as below
/** How a frame begins on the disk. */
export const frameMagic: Buffer = Buffer.from('HFFL');
const version = 2;
const kinds: readonly EntryKind[] = ['command', 'noop', 'membership'];
const flag = { seal: 1, truncate: 2, install: 4, vote: 8, replace: 16 } as const;

export interface Installed {
  readonly index: LogIndex;
  readonly term: Term;
  readonly replacesLog: boolean;
}

/** How the log stands once a frame was executed. */
export interface LogState {
  readonly hardState: HardState;
  readonly lastIndex: LogIndex;
}

/** What one commit changes. In this order: the install, the truncation, the entries. */
export interface LogChange extends LogState {
  /** A received snapshot replaced the log (or, where the log contains its last entry, only the part up to there). */
  readonly installed?: Installed;
  readonly truncateFrom?: LogIndex;
  readonly entries: readonly Entry[];
  /** The segment ends here: there is a next one. */
  readonly isSeal?: boolean;
}

export interface FramePosition {
  readonly logId: Buffer;
  readonly segment: number;
  readonly sequence: number;
}

/** What the frame tells beside the change. */
export interface FrameStamp {
  /** Of the segment's file, at least; in a seal: of the next segment's (FR-3). */
  readonly fileBytes: number;
  /** How often the log was opened, the making of it included (FR-4). */
  readonly starts: number;
}

export interface LogFrame extends LogChange, FrameStamp {
  readonly sequence: number;
  readonly byteLength: number;
}

const aligned = (byteLength: number): number =>
  Math.ceil(byteLength / frameAlignment) * frameAlignment;

export const sealBytes = (hardState: HardState): number =>
  headerBytes + aligned(Buffer.byteLength(hardState.votedFor ?? ''));

/** The 128 bits of a log's id (a UUID, or any 32 hexadecimal digits). */
export function logIdBytes(id: string): Buffer {
  const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
  if (bytes.byteLength !== 16)
    throw new Error(`The log id "${id}" is not one: it needs 32 hexadecimal digits.`);
  return bytes;
}

function put(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32LE(value % 0x1_0000_0000, offset);
  bytes.writeUInt32LE(Math.floor(value / 0x1_0000_0000), offset + 4);
}
const take = (bytes: Buffer, offset: number): number =>
  bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 0x1_0000_0000;

export function frameBytes(change: LogChange): number {
  let byteLength = sealBytes(change.hardState);
  for (const { data } of change.entries) byteLength += entryHeaderBytes + aligned(data.byteLength);
  return byteLength;
}

/** @param buffer May be used for the frame where it is large enough: it is overwritten. FR-2. */
export function encodeFrame(
  place: FramePosition & FrameStamp,
  change: LogChange,
  buffer?: Buffer,
): Buffer {
  const byteLength = frameBytes(change);
  const bytes =
    buffer !== undefined && buffer.byteLength >= byteLength
      ? buffer.subarray(0, byteLength)
      : Buffer.allocUnsafe(byteLength);
  const { hardState, truncateFrom, installed, entries } = change;
  bytes.fill(0, 0, sealBytes(hardState));
  bytes.writeUInt32LE(magic, 0);
  bytes.writeUInt32LE(byteLength, 8);
  bytes.writeUInt8(version, 12);
  bytes.writeUInt8(
    (change.isSeal === true ? flag.seal : 0) |
      (truncateFrom === undefined ? 0 : flag.truncate) |
      (installed === undefined ? 0 : flag.install) |
      (installed?.replacesLog === true ? flag.replace : 0) |
      (hardState.votedFor === null ? 0 : flag.vote),
    13,
  );
  place.logId.copy(bytes, 16);
  put(bytes, place.segment, 32);
  put(bytes, place.sequence, 40);
  put(bytes, hardState.term, 48);
  put(bytes, hardState.commit, 56);
  put(bytes, change.lastIndex, 64);
  put(bytes, truncateFrom ?? 0, 72);
  put(bytes, installed?.index ?? 0, 80);
  put(bytes, installed?.term ?? 0, 88);
  bytes.writeUInt32LE(entries.length, 96);
  bytes.writeUInt32LE(place.fileBytes, 100);
  put(bytes, place.starts, 104);
  bytes.writeUInt16LE(bytes.write(hardState.votedFor ?? '', headerBytes), 14);
  let offset = sealBytes(hardState);
  for (const { index, term, kind, data } of entries) {
    put(bytes, index, offset);
    put(bytes, term, offset + 8);
    bytes.writeUInt32LE(data.byteLength, offset + 16);
    bytes.writeUInt32LE(kinds.indexOf(kind), offset + 20);
    bytes.set(data, offset + entryHeaderBytes);
    const end = offset + entryHeaderBytes + data.byteLength;
    offset = aligned(end);
    bytes.fill(0, end, offset);
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** The byte length a frame here says it has, where it could have it. */
function lengthAt(bytes: Buffer, offset: number): number | undefined {
  if (offset + headerBytes > bytes.byteLength) return undefined;
  const byteLength = bytes.readUInt32LE(offset + 8);
  return byteLength >= headerBytes &&
    byteLength % frameAlignment === 0 &&
    offset + byteLength <= bytes.byteLength
    ? byteLength
    : undefined;
}

/** Whether a whole frame stands here, of whatever log and segment. */
function isWhole(bytes: Buffer, offset: number): boolean {
  if (offset + headerBytes > bytes.byteLength || bytes.readUInt32LE(offset) !== magic) return false;
  const byteLength = lengthAt(bytes, offset);
  return (
    byteLength !== undefined &&
    crc32(bytes.subarray(offset + 8, offset + byteLength)) === bytes.readUInt32LE(offset + 4)
  );
}

/** The id of the log that a whole frame here belongs to. */
export function logIdAt(bytes: Buffer, offset: number): Buffer | undefined {
  return isWhole(bytes, offset) ? bytes.subarray(offset + 16, offset + 32) : undefined;
}

/** A whole frame here, of whatever log and segment. */
export function anyFrameAt(
  bytes: Buffer,
  offset: number,
):
  | { readonly logId: Buffer; readonly sequence: number; readonly frame: LogFrame | undefined }
  | undefined {
  if (offset + headerBytes > bytes.byteLength || bytes.readUInt32LE(offset) !== magic)
    return undefined;
  const logId = logIdAt(bytes, offset);
  if (logId === undefined) return undefined;
  return { logId, sequence: take(bytes, offset + 40), frame: decodeFrame(bytes, offset) };
}

/** The sequence number of a whole frame of this log and segment (FR-1). */
export function sequenceAt(
  bytes: Buffer,
  offset: number,
  place: Omit<FramePosition, 'sequence'>,
): number | undefined {
  if (offset + headerBytes > bytes.byteLength || bytes.readUInt32LE(offset) !== magic)
    return undefined;
  if (take(bytes, offset + 32) !== place.segment) return undefined;
  if (!bytes.subarray(offset + 16, offset + 32).equals(place.logId)) return undefined;
  return isWhole(bytes, offset) ? take(bytes, offset + 40) : undefined;
}

/** Reads a frame that `sequenceAt` found whole. Undefined: it is of a version this one cannot read. */
export function decodeFrame(bytes: Buffer, start: number): LogFrame | undefined {
  const frame = bytes.subarray(start, start + bytes.readUInt32LE(start + 8));
  if (frame.readUInt8(12) !== version) return undefined;
  const flags = frame.readUInt8(13);
  const voteBytes = frame.readUInt16LE(14);
  const votedFor =
    (flags & flag.vote) === 0
      ? null
      : (frame.toString('utf8', headerBytes, headerBytes + voteBytes) as MemberId);
  const entries: Entry[] = [];
  let offset = headerBytes + aligned(voteBytes);
  for (let count = frame.readUInt32LE(96); count > 0; count--) {
    const dataBytes = frame.readUInt32LE(offset + 16);
    const kind = kinds[frame.readUInt32LE(offset + 20)];
    const end = offset + entryHeaderBytes + dataBytes;
    if (kind === undefined || end > frame.byteLength) return undefined;
    entries.push({
      index: take(frame, offset),
      term: take(frame, offset + 8),
      kind,
      data: new Uint8Array(frame.subarray(offset + entryHeaderBytes, end)),
    });
    offset = aligned(end);
  }
  return {
    sequence: take(frame, 40),
    byteLength: frame.byteLength,
    fileBytes: frame.readUInt32LE(100),
    starts: take(frame, 104),
    hardState: { term: take(frame, 48), votedFor, commit: take(frame, 56) },
    lastIndex: take(frame, 64),
    ...((flags & flag.truncate) === 0 ? {} : { truncateFrom: take(frame, 72) }),
    ...((flags & flag.install) === 0
      ? {}
      : {
          installed: {
            index: take(frame, 80),
            term: take(frame, 88),
            replacesLog: (flags & flag.replace) !== 0,
          },
        }),
    entries,
    isSeal: (flags & flag.seal) !== 0,
  };
}

/** How many of a frame's marks are those of this place: magic, log, segment, sequence. */
export function likeness(bytes: Buffer, offset: number, place: FramePosition): number {
  // A write that makes the file longer may be cut short within the header: what is not there is nothing.
  const head = Buffer.alloc(headerBytes);
  bytes.copy(head, 0, offset, Math.min(offset + headerBytes, bytes.byteLength));
  return (
    Number(head.readUInt32LE(0) === magic) +
    Number(head.subarray(16, 32).equals(place.logId)) +
    Number(take(head, 32) === place.segment) +
    Number(take(head, 40) === place.sequence)
  );
}

/**
 * Whether a frame that does not hold was written whole and changed afterwards: it holds once its marks,
 * one bit of its length, or one bit of its checksum are put right. A write that was cut short is never so.
 */
export function wasWhole(bytes: Buffer, offset: number, place: FramePosition): boolean {
  if (offset + headerBytes > bytes.byteLength) return false;
  const written = bytes.readUInt32LE(offset + 4);
  const head = Buffer.from(bytes.subarray(offset + 8, offset + headerBytes));
  place.logId.copy(head, 8);
  put(head, place.segment, 24);
  put(head, place.sequence, 32);
  const found = bytes.readUInt32LE(offset + 8);
  const lengths = [found];
  for (let bit = 0; bit < 32; bit++) lengths.push((found ^ (1 << bit)) >>> 0);
  return lengths.some((byteLength) => {
    head.writeUInt32LE(byteLength, 0);
    if (lengthAt(bytes, offset) !== byteLength && !couldHave(bytes, offset, byteLength))
      return false;
    const sum = crc32(bytes.subarray(offset + headerBytes, offset + byteLength), crc32(head));
    const difference = (sum ^ written) >>> 0;
    return byteLength === found
      ? (difference & (difference - 1)) === 0 // none or one bit
      : difference === 0;
  });
}

const couldHave = (bytes: Buffer, offset: number, byteLength: number): boolean =>
  byteLength >= headerBytes &&
  byteLength % frameAlignment === 0 &&
  offset + byteLength <= bytes.byteLength;
