/**
 * Writes frames: to the end of the newest segment, and on to the next one where it is full.
 *
 * SEG-7: the next segment is there, filled with zeros and its name durable, before the one in front of it is
 *        sealed. It is prepared in the background, out of a spare file where there is one, so that a commit
 *        waits neither for zeros nor for a name.
 * SEG-8: a frame that is larger than a segment makes the segment longer; such a one is not used again. It is
 *        made longer, and a frame says so, before: a file that was cut off is never taken for a write that was
 *        cut short (FR-3).
 * SEG-10: where there is no descriptor for the sync of a name (DIR-3) the log goes on: the next segment is prepared again when it is
 *        needed, and where there is none then either, the node stops. What was to be freed is freed the next time. Nothing builds on the
 *        name before.
 */
import { join } from 'node:path';
import type { LogIndex } from '@holdfast/raft';
import { closeAll } from './close-all.ts';
import { FileMissingError } from './disk.ts';
import type { Disk, DiskFile } from './disk.ts';
import { DiskFailure, removeDurably, renameDurably, syncFolder } from './durable-names.ts';
import { encodeFrame, frameBytes, sealBytes } from './frame.ts';
import type { LogChange, LogState } from './frame.ts';
import { KeptBuffer } from './kept-buffer.ts';
import { partialEnding, segmentName, spareName } from './layout.ts';
import { LiveSegments } from './live-segments.ts';
import type { LogEnd } from './recover.ts';

export interface SegmentLogOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly logId: Buffer;
  readonly segmentBytes: number;
  /** Files that are kept for segments to come. */
  readonly maxSpares: number;
}

interface OpenSegment {
  readonly segment: number;
  readonly byteLength: number;
  readonly file: DiskFile;
}

/** A frame up to this long is built in the same memory each time: one is written at a time. Two requests of 400 KiB fit. */
const keptBufferBytes = 1024 * 1024;

export class SegmentLog {
  readonly #options: SegmentLogOptions;
  readonly #live: LiveSegments;
  readonly #buffer = new KeptBuffer(keptBufferBytes);
  #active: OpenSegment;
  #offset: number;
  #sequence: number;
  readonly starts: number;
  #state: LogState;
  #next: Promise<OpenSegment> | undefined;
  #preparedBytes = 0;
  /** Names of spare files. */
  readonly #spares: string[];
  /** A spare file has this name, which may not be durable (SEG-10). */
  #renamed: string | undefined;
  #isStopped = false;
  #failure: DiskFailure | undefined;
  #onFailure: ((failure: DiskFailure) => void) | undefined;

  private constructor(
    options: SegmentLogOptions,
    live: LiveSegments,
    active: OpenSegment,
    spares: readonly string[],
    at: {
      readonly offset: number;
      readonly sequence: number;
      readonly starts: number;
      readonly state: LogState;
    },
  ) {
    this.#options = options;
    this.#live = live;
    this.#active = active;
    this.#spares = [...spares];
    this.#offset = at.offset;
    this.#sequence = at.sequence;
    this.starts = at.starts;
    this.#state = at.state;
  }

  /** Makes the first segment of a new log. */
  static async make(options: SegmentLogOptions): Promise<SegmentLog> {
    const { disk, folder, segmentBytes } = options;
    const partial = join(folder, `first${partialEnding}`);
    const file = await disk.create(partial, segmentBytes);
    await closedOnFailure(file, renameDurably(disk, partial, join(folder, segmentName(1))));
    const live = new LiveSegments();
    live.begin(1, segmentBytes);
    const active = { segment: 1, byteLength: segmentBytes, file };
    const state = { hardState: { term: 0, votedFor: null, commit: 0 }, lastIndex: 0 };
    const log = new SegmentLog(options, live, active, [], {
      offset: 0,
      sequence: 1,
      starts: 1,
      state,
    });
    // A log that was made has a frame: one without any is not there.
    try {
      await log.append({ ...state, entries: [] });
    } catch (error) {
      await log.close().catch(() => undefined);
      throw error;
    }
    return log;
  }

  /** Goes on where a log ended. */
  static async goOn(
    options: SegmentLogOptions,
    { live, offset, isSealed, nextSequence, starts, prepared }: LogEnd,
    spares: readonly string[],
    state: LogState,
  ): Promise<SegmentLog> {
    const { disk, folder } = options;
    const open = async (found: { segment: number; byteLength: number }): Promise<OpenSegment> => ({
      segment: found.segment,
      byteLength: found.byteLength,
      file: await disk.open(join(folder, segmentName(found.segment))),
    });
    const newest = live.all.at(-1);
    const found = isSealed ? prepared : newest;
    if (found === undefined) throw new Error(`${folder} has no segment to go on in.`);
    if (isSealed) live.begin(found.segment, found.byteLength);
    const log = new SegmentLog(options, live, await open(found), spares, {
      offset: isSealed ? 0 : offset,
      sequence: nextSequence,
      starts: starts + 1,
      state,
    });
    try {
      if (!isSealed && prepared !== undefined) {
        log.#next = Promise.resolve(await open(prepared));
        log.#preparedBytes = prepared.byteLength;
      }
      await log.append({ ...state, entries: [] }); // FR-4
    } catch (error) {
      await log.close().catch(() => undefined);
      throw error;
    }
    return log;
  }

  /** How many frames were ever written durably. */
  get frames(): number {
    return this.#sequence - 1;
  }

  get sizeBytes(): number {
    let sum = this.#preparedBytes + this.#spares.length * this.#options.segmentBytes;
    for (const { byteLength } of this.#live.all) sum += byteLength;
    return sum;
  }

  /** Resolves when it is durable. One at a time. */
  async append(change: LogChange): Promise<void> {
    const byteLength = frameBytes(change);
    const room = this.#active.byteLength - this.#offset - sealBytes(change.hardState);
    if (byteLength > room && this.#offset > 0) await this.#roll();
    if (this.#offset + byteLength > this.#active.byteLength) await this.#grow(byteLength);
    await this.#write(change);
  }

  /** Makes room behind the end (SEG-8). */
  async #grow(byteLength: number): Promise<void> {
    const toldLonger: LogChange = { ...this.#state, entries: [] };
    const end = this.#offset + frameBytes(toldLonger) + byteLength;
    await this.#active.file.write(new Uint8Array(1), end - 1);
    this.#active = { ...this.#active, byteLength: end };
    await this.#write(toldLonger);
  }

  async #write(change: LogChange, fileBytes: number = this.#active.byteLength): Promise<void> {
    const { logId } = this.#options;
    const { segment } = this.#active;
    const place = { logId, segment, sequence: this.#sequence, starts: this.starts, fileBytes };
    const frame = encodeFrame(place, change, this.#buffer.of(frameBytes(change)));
    await this.#active.file.write(frame, this.#offset);
    this.#sequence += 1;
    this.#offset += frame.byteLength;
    this.#state = { hardState: change.hardState, lastIndex: change.lastIndex };
    this.#live.wrote(change, this.#offset);
    if (this.#next === undefined && !this.#isStopped) this.#prepareNext();
  }

  /** SEG-7. */
  async #roll(): Promise<void> {
    // Where preparing failed it is tried once more: now it is the log that needs it.
    const next = await (this.#next ?? this.#prepare()).catch((error: unknown) => {
      if (error instanceof DiskFailure) throw error; // DIR-2
      return this.#prepare();
    });
    this.#next = Promise.resolve(next);
    // It says what the frame before it says: what comes next is not durable yet.
    await this.#write({ ...this.#state, entries: [], isSeal: true }, next.byteLength);
    const full = this.#active.file;
    this.#active = next;
    this.#offset = 0;
    this.#next = undefined;
    this.#preparedBytes = 0;
    this.#live.begin(next.segment, next.byteLength);
    await full.close();
  }

  #prepareNext(): void {
    const next = this.#prepare();
    this.#next = next;
    next.catch((error: unknown) => {
      // Anything else is told where the log comes to need it.
      if (!(error instanceof DiskFailure)) return;
      this.#failure = error;
      this.#onFailure?.(error);
    });
  }

  /** Told when the disk fails at what is done in the background, also before this call. */
  watch(onFailure: (failure: DiskFailure) => void): void {
    this.#onFailure = onFailure;
    if (this.#failure !== undefined) onFailure(this.#failure);
  }

  async #prepare(): Promise<OpenSegment> {
    const { disk, folder, segmentBytes } = this.#options;
    const segment = this.#active.segment + 1;
    const path = join(folder, segmentName(segment));
    for (let spare = this.#spares.shift(); spare !== undefined; spare = this.#spares.shift()) {
      try {
        await renameDurably(disk, join(folder, spare), path);
      } catch (error) {
        // Somebody took it away.
        if (error instanceof FileMissingError) continue;
        throw error;
      }
      this.#preparedBytes = segmentBytes;
      return { segment, byteLength: segmentBytes, file: await disk.open(path) };
    }
    const partial = join(folder, `next${partialEnding}`);
    const file = await disk.create(partial, segmentBytes);
    await closedOnFailure(file, renameDurably(disk, partial, path));
    this.#preparedBytes = segmentBytes;
    return { segment, byteLength: segmentBytes, file };
  }

  /**
   * Entries before this one are not needed any more (SEG-4: one segment after the other, and where one stays
   * those behind it stay). One call at a time. Rejects where one cannot be taken away: it is with the next call.
   */
  async freeBefore(keepFrom: LogIndex): Promise<void> {
    const { disk, folder, segmentBytes, maxSpares } = this.#options;
    for (;;) {
      const first = this.#isStopped ? undefined : this.#live.freeable(keepFrom);
      if (first === undefined) return;
      const path = join(folder, segmentName(first.segment));
      if (first.byteLength === segmentBytes && this.#spares.length < maxSpares)
        await this.#spare(path, spareName(first.segment));
      else await removeDurably(disk, path); // SEG-8
      this.#live.freed();
    }
  }

  async #spare(path: string, spare: string): Promise<void> {
    const { disk, folder } = this.#options;
    try {
      await disk.rename(path, join(folder, spare));
      this.#renamed = spare;
    } catch (error) {
      if (!(error instanceof FileMissingError)) throw error;
    }
    await syncFolder(disk, folder);
    if (this.#renamed === spare) this.#spares.push(spare);
  }

  /** Nothing is prepared or freed any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Waits for what is under way, and closes every file. */
  async close(): Promise<void> {
    this.stop();
    const next = await this.#next?.catch(() => undefined);
    await closeAll([async () => next?.file.close(), () => this.#active.file.close()]);
  }
}

/** What could not be given its name is not used: nothing is to keep it open. */
async function closedOnFailure(file: DiskFile, named: Promise<void>): Promise<void> {
  try {
    await named;
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}
