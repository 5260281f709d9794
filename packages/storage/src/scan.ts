/**
 * Reads one segment: its frames up to the first place where there is none, and whether that is an end.
 *
 * SEG-1: a broken frame with a whole one of this segment behind it is damage: one write is in flight at a
 *        time, so the frame in front was durable, and acknowledged, before the one behind was written.
 * SEG-2: a frame that was whole and is changed (its marks, its length or its checksum) is damage.
 * SEG-3: any other broken frame at the end is a write that was cut short. It was never acknowledged: it is
 *        forgotten and named. What cannot be told apart from that is damage within the very last frame.
 */
import { StorageDamagedError } from './damage.ts';
import {
  decodeFrame,
  frameAlignment,
  frameMagic,
  likeness,
  sequenceAt,
  wasWhole,
} from './frame.ts';
import type { LogFrame } from './frame.ts';

export interface ScannedSegment {
  readonly frames: readonly LogFrame[];
  /** Where the next frame goes. */
  readonly end: number;
  readonly isSealed: boolean;
  /** What the seal tells of the next segment's file (FR-3); 0 where there is none. */
  readonly nextFileBytes: number;
  /** The sequence number of the next frame; undefined: there is none here, and none was expected. */
  readonly nextSequence: number | undefined;
  /** Set where a frame at the end was cut short. */
  readonly torn: string | undefined;
}

/** @param nextSequence Of the first frame here; undefined: any (this is the first segment there is). */
export function scanSegment(
  bytes: Buffer,
  path: string,
  place: { readonly logId: Buffer; readonly segment: number },
  nextSequence: number | undefined,
): ScannedSegment {
  const frames: LogFrame[] = [];
  let expected = nextSequence;
  let end = 0;
  let isSealed = false;
  while (!isSealed) {
    const found = sequenceAt(bytes, end, place);
    if (found === undefined || (expected !== undefined && found !== expected)) break;
    const frame = decodeFrame(bytes, end);
    if (frame === undefined)
      throw new StorageDamagedError(
        path,
        `the frame at byte ${String(end)} is of a format that this version of Holdfast cannot read (a newer version may)`,
      );
    if (frame.isSeal !== true && frame.fileBytes > bytes.byteLength)
      throw new StorageDamagedError(
        path,
        `it has ${String(bytes.byteLength)} bytes, and had ${String(frame.fileBytes)} when the frame at byte ${String(end)} was written`,
      ); // FR-3
    frames.push(frame);
    expected = frame.sequence + 1;
    end += frame.byteLength;
    isSealed = frame.isSeal === true;
  }
  const behind = wholeFrameBehind(bytes, end, place, expected ?? 0);
  if (behind !== undefined)
    throw new StorageDamagedError(
      path,
      `the frame at byte ${String(end)} is broken or missing, and acknowledged writes stand behind it (at byte ${String(behind)})`,
    ); // SEG-1
  let torn: string | undefined;
  if (!isSealed && expected !== undefined) {
    const next = { ...place, sequence: expected };
    if (wasWhole(bytes, end, next))
      throw new StorageDamagedError(
        path,
        `the frame at byte ${String(end)} was written whole and has changed since`,
      ); // SEG-2
    if (likeness(bytes, end, next) >= 3)
      torn = `${path}: the last write was cut short (at byte ${String(end)}); it was never acknowledged and is dropped.`; // SEG-3
  }
  const nextFileBytes = isSealed ? (frames.at(-1)?.fileBytes ?? 0) : 0;
  return { frames, end, isSealed, nextFileBytes, nextSequence: expected, torn };
}

/** The first place behind `end` with a whole frame of this segment that is not older than expected. */
function wholeFrameBehind(
  bytes: Buffer,
  end: number,
  place: { readonly logId: Buffer; readonly segment: number },
  expected: number,
): number | undefined {
  for (
    let offset = bytes.indexOf(frameMagic, end);
    offset >= 0;
    offset = bytes.indexOf(frameMagic, offset + 1)
  ) {
    const sequence = offset % frameAlignment === 0 ? sequenceAt(bytes, offset, place) : undefined;
    if (sequence !== undefined && sequence >= expected) return offset;
  }
  return undefined;
}

/** Where the frames of a segment stand, for those who look at a log from outside. */
export function framesIn(
  bytes: Buffer,
  place: { readonly logId: Buffer; readonly segment: number },
): readonly { readonly offset: number; readonly byteLength: number }[] {
  const found: { readonly offset: number; readonly byteLength: number }[] = [];
  let offset = 0;
  while (sequenceAt(bytes, offset, place) !== undefined) {
    const byteLength = decodeFrame(bytes, offset)?.byteLength ?? 0;
    if (byteLength === 0) break;
    found.push({ offset, byteLength });
    offset += byteLength;
  }
  return found;
}
