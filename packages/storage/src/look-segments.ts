/** What each segment of a log holds, also of one that is damaged: up to the first frame that cannot be read. */
import { join } from 'node:path';
import type { HardState, LogIndex, Term } from '@holdfast/raft';
import { StorageDamagedError } from './damage.ts';
import type { Disk, FoundFile } from './disk.ts';
import { decodeFrame, logIdAt, sequenceAt } from './frame.ts';
import type { LogFrame } from './frame.ts';
import { segmentOf } from './layout.ts';
import { readWhole } from './recover.ts';
import { scanSegment } from './scan.ts';

/** Of one entry. */
export interface SeenEntry {
  readonly index: LogIndex;
  readonly term: Term;
}

export interface SeenSegment {
  readonly path: string;
  readonly segment: number;
  readonly byteLength: number;
  /** Of the log that its first frame belongs to; undefined: there is no frame. */
  readonly logId: string | undefined;
  readonly frames: number;
  /** What the frames take. */
  readonly usedBytes: number;
  /** Of the entries that were written to it, those that were truncated later included. */
  readonly first: SeenEntry | undefined;
  readonly last: SeenEntry | undefined;
  readonly isSealed: boolean;
  /** Of its last frame. */
  readonly hardState: HardState | undefined;
  /** The end of a write that was cut short, or what is damaged, in a plain sentence. */
  readonly torn: string | undefined;
  readonly damage: string | undefined;
}

export async function lookAtSegments(
  disk: Disk,
  folder: string,
  files: readonly FoundFile[],
): Promise<readonly SeenSegment[]> {
  const seen: SeenSegment[] = [];
  for (const { name, byteLength } of files) {
    const segment = segmentOf(name);
    if (segment === undefined) continue;
    const path = join(folder, name);
    try {
      seen.push(lookAt(await readWhole(disk, path, byteLength), path, segment));
    } catch (error) {
      if (!(error instanceof StorageDamagedError)) throw error;
      seen.push({ ...nothingIn(path, segment, byteLength), damage: error.what }); // SEG-9
    }
  }
  return seen.sort((one, other) => one.segment - other.segment);
}

function lookAt(bytes: Buffer, path: string, segment: number): SeenSegment {
  const nothing = nothingIn(path, segment, bytes.byteLength);
  const logId = logIdAt(bytes, 0);
  if (logId === undefined) return nothing;
  const frames = leading(bytes, { logId, segment });
  const entries = frames.flatMap((frame) => [
    ...frame.entries.slice(0, 1),
    ...frame.entries.slice(-1),
  ]);
  return {
    ...nothing,
    logId: logId.toString('hex'),
    frames: frames.length,
    usedBytes: frames.reduce((sum, frame) => sum + frame.byteLength, 0),
    first: placeOf(entries.at(0)),
    last: placeOf(entries.at(-1)),
    isSealed: frames.at(-1)?.isSeal === true,
    hardState: frames.at(-1)?.hardState,
    ...judged(bytes, path, { logId, segment }),
  };
}

const nothingIn = (path: string, segment: number, byteLength: number): SeenSegment => ({
  path,
  segment,
  byteLength,
  logId: undefined,
  frames: 0,
  usedBytes: 0,
  first: undefined,
  last: undefined,
  isSealed: false,
  hardState: undefined,
  torn: undefined,
  damage: undefined,
});

const placeOf = (entry: SeenEntry | undefined): SeenEntry | undefined =>
  entry === undefined ? undefined : { index: entry.index, term: entry.term };

/** Up to the first that cannot be read. */
function leading(
  bytes: Buffer,
  place: { readonly logId: Buffer; readonly segment: number },
): LogFrame[] {
  const frames: LogFrame[] = [];
  for (let offset = 0; ;) {
    const sequence = sequenceAt(bytes, offset, place);
    const expected = frames.at(-1)?.sequence;
    if (sequence === undefined || (expected !== undefined && sequence !== expected + 1))
      return frames;
    const frame = decodeFrame(bytes, offset);
    if (frame === undefined) return frames;
    frames.push(frame);
    if (frame.isSeal === true) return frames;
    offset += frame.byteLength;
  }
}

function judged(
  bytes: Buffer,
  path: string,
  place: { readonly logId: Buffer; readonly segment: number },
): Pick<SeenSegment, 'torn' | 'damage'> {
  try {
    return { torn: scanSegment(bytes, path, place, undefined).torn, damage: undefined };
  } catch (error) {
    if (!(error instanceof StorageDamagedError)) throw error;
    return { torn: undefined, damage: error.what };
  }
}
