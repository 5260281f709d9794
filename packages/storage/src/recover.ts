/**
 * Reads the log on start and trusts nothing without its checksum.
 *
 * SEG-5: segments are numbered without gaps, the frames in them too, and each but the last ends with a seal,
 *        which is written only when the next segment is there: the loss of any of them is noticed.
 * SEG-6: nothing is changed before all of it was found good.
 * SEG-9: a segment is read as a whole: one that is longer than any that was ever written is refused, and no memory is asked for it.
 */
import { join } from 'node:path';
import type { Disk, FoundFile } from './disk.ts';
import { LogMissingError, StorageDamagedError } from './damage.ts';
import { logIdAt } from './frame.ts';
import { segmentName, segmentOf } from './layout.ts';
import type { Segment } from './live-segments.ts';
import { LiveSegments } from './live-segments.ts';
import { Replay } from './replay.ts';
import { scanSegment } from './scan.ts';
import type { ScannedSegment } from './scan.ts';

/** Where the log goes on. */
export interface LogEnd {
  readonly live: LiveSegments;
  /** Of the segment of the newest frame. */
  readonly offset: number;
  readonly isSealed: boolean;
  readonly nextSequence: number;
  /** Of the newest frame. */
  readonly starts: number;
  /** The segment that was prepared behind it. */
  readonly prepared: Segment | undefined;
}

export interface FoundLog {
  readonly replay: Replay;
  readonly end: LogEnd;
  readonly repairs: readonly string[];
}

/** SEG-9. With the longest frame (SEG-8) a segment has some mebibytes more than others. */
const longestBytes = 1024 * 1024 * 1024;

/** Of a segment or a spare file. @throws StorageDamagedError (SEG-9) */
export async function readWhole(disk: Disk, path: string, byteLength: number): Promise<Buffer> {
  if (byteLength > longestBytes)
    throw new StorageDamagedError(
      path,
      `it has ${String(byteLength)} bytes, and no segment has more than ${String(longestBytes)}`,
    );
  const file = await disk.open(path);
  try {
    const bytes = await file.read(0, byteLength);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } finally {
    await file.close();
  }
}

export interface FoundSegment {
  readonly segment: number;
  readonly path: string;
  readonly byteLength: number;
}

function segmentsOf(folder: string, files: readonly FoundFile[]): FoundSegment[] {
  return files
    .flatMap(({ name, byteLength }) => {
      const segment = segmentOf(name);
      return segment === undefined ? [] : [{ segment, path: join(folder, name), byteLength }];
    })
    .sort((one, other) => one.segment - other.segment);
}

/**
 * @throws LogMissingError where there is no frame of this log.
 * @throws StorageDamagedError where one that was acknowledged is missing or changed.
 */
export async function recoverLog(
  disk: Disk,
  folder: string,
  files: readonly FoundFile[],
  logId: Buffer,
): Promise<FoundLog> {
  const found = segmentsOf(folder, files);
  const first = found[0];
  if (first === undefined)
    throw new LogMissingError(folder, 'there is no log, though the identity says that it was made');
  await disk.syncFolder(folder);
  const replay = new Replay();
  const live = new LiveSegments();
  const repairs: string[] = [];
  let before: (ScannedSegment & FoundSegment) | undefined;
  let prepared: Segment | undefined;
  for (const one of found) {
    const { segment, path, byteLength } = one;
    checkNumber(folder, segment, before, prepared);
    if (before !== undefined && byteLength < before.nextFileBytes)
      throw new StorageDamagedError(
        path,
        `it has ${String(byteLength)} bytes, and had ${String(before.nextFileBytes)} when ${before.path} was sealed`,
      ); // FR-3
    const bytes = await readWhole(disk, path, byteLength);
    if (before === undefined) checkOwner(folder, bytes, logId);
    const scanned = scanSegment(
      bytes,
      path,
      { logId, segment },
      before?.nextSequence ?? (segment === 1 ? 1 : undefined),
    );
    if (scanned.torn !== undefined) repairs.push(scanned.torn);
    if (scanned.frames.length === 0) {
      if (before === undefined) throw nothingThere(folder, path, one, found.length);
      prepared = { segment, byteLength, lastLiveIndex: 0 };
      continue;
    }
    if (before !== undefined && !before.isSealed)
      throw new StorageDamagedError(
        before.path,
        `its end (from byte ${String(before.end)}) is broken or missing, and acknowledged writes stand in ${path}`,
      );
    live.begin(segment, byteLength);
    let offset = 0;
    for (const frame of scanned.frames) {
      replay.take(frame, path);
      offset += frame.byteLength;
      live.wrote(frame, offset);
    }
    before = { ...scanned, ...one };
  }
  if (before?.nextSequence === undefined) throw new LogMissingError(folder, 'it is empty');
  if (before.isSealed && prepared === undefined)
    throw new StorageDamagedError(
      join(folder, segmentName(before.segment + 1)),
      'the segment is missing, though the one before it ends with a seal',
    );
  const { end: offset, isSealed, nextSequence, frames } = before;
  const starts = frames.at(-1)?.starts ?? 0;
  return { replay, repairs, end: { live, offset, isSealed, nextSequence, starts, prepared } };
}

/** SEG-5. */
function checkNumber(
  folder: string,
  segment: number,
  before: FoundSegment | undefined,
  prepared: Segment | undefined,
): void {
  const last = prepared?.segment ?? before?.segment;
  if (last !== undefined && segment !== last + 1)
    throw new StorageDamagedError(
      join(folder, segmentName(last + 1)),
      'the segment is missing, and there are later ones',
    );
  if (prepared !== undefined)
    throw new StorageDamagedError(
      join(folder, segmentName(prepared.segment)),
      'there is no write in it that can be read, though there are later segments',
    );
}

function checkOwner(folder: string, bytes: Buffer, logId: Buffer): void {
  const found = logIdAt(bytes, 0);
  if (found !== undefined && !found.equals(logId))
    throw new LogMissingError(
      folder,
      `what is there is another log, ${found.toString('hex')}, not ${logId.toString('hex')}`,
    );
}

function nothingThere(
  folder: string,
  path: string,
  { segment }: FoundSegment,
  count: number,
): Error {
  return count === 1 && segment === 1
    ? new LogMissingError(folder, `${path} holds no write of it that can be read`)
    : new StorageDamagedError(path, 'there is no write in it that can be read');
}
