/**
 * Writes the lines of one chain into files that are turned over and deleted by size and age.
 *
 * AUDIT-FILE-1: a record stands in the files once, in the order of the chain: what is told again after a restart is passed over up
 *     to where the file ends, and what was not told (a snapshot took its place, or it was dropped) is named by a line.
 * AUDIT-FILE-2: what waits for the disk is bounded, in bytes and in records: once that is reached nothing more is taken, but the
 *     entry of the log that reaches it is taken whole. Whoever tells more is refused, and decides; and it is asked to wait
 *     before (`isBehind`), as long as the disk works.
 * AUDIT-FILE-3: what a failed write left is cut off before it is tried again, as a part of a line would be no record.
 * AUDIT-FILE-4: a record leaves the memory when it is durable. Where that failed, all since the last time is cut off and written
 *     anew: after a failed fsync another one may succeed without what the first one was to write.
 * AUDIT-FILE-5: closing ends in bounded time, and says what was not written. Nobody who waits is told that it is durable then.
 * AUDIT-FILE-6: the file that is written is never deleted, and of those that are there never the last one: it may have been
 *     begun since, and where none is written it says where the chain goes on.
 * AUDIT-FILE-7: how long something has lasted is told by a clock that nobody sets: after a step of the wall clock a disk is waited for
 *     and made durable as before. Only the age of files is told by the wall clock, as that of their last write is.
 * AUDIT-FILE-8: whoever is told of a failure may fail itself, as a log without space does: the chain goes on all the same.
 * AUDIT-FILE-9: a wall clock that is wrong deletes little: one file goes by its age at a time, and none for a day after a step of the wall
 *     clock. What is too much for the disk goes as before.
 */
import { setTimeout } from 'node:timers/promises';
import { ChainFile } from './chain-file.ts';
import type { ChainFileOptions } from './chain-file.ts';
import { deleteOldest, findEnd } from './chain-folder.ts';
import { ClockSteps } from './clock-steps.ts';
import { chainStart, endOf, gapLine } from './lines.ts';
import type { ChainEnd } from './lines.ts';

export interface ChainWriterOptions extends ChainFileOptions {
  /** A file is turned over once it has so many. */
  readonly rotateBytes: number;
  /** Of all its files together; the oldest go. */
  readonly keepBytes: number;
  /** Files that were written last so long ago go; 0: by size alone. */
  readonly keepMs: number;
  readonly bufferBytes: number;
  /** Every write is made durable before the next one; else only where that is asked for. */
  readonly isSynced: boolean;
  /** What does not fit is told again after a restart: nothing is accepted after it, and no line says that it is not there. */
  readonly keepsAll?: boolean;
  readonly onFailure: (error: unknown) => void;
  /** No file is deleted by its age for a day (AUDIT-FILE-9). */
  readonly onClockStep?: (stepMs: number) => void;
  /** Monotonic, in ms (AUDIT-FILE-7). Default: that of the process. */
  readonly now?: () => number;
}

const flushAfterMs = 50;
const syncAfterMs = 1000;
const retryAfterMs = 1000;
/** A disk that hangs does not hold up the end of the node. */
const longestCloseMs = 2000;
const mostWrittenBytes = 1024 * 1024;
/** AUDIT-FILE-2. */
const mostRecords = 65_536;
/** A disk that has done nothing for so long is not waited for. */
const longestPatienceMs = 2000;

interface Queued {
  readonly line: string;
  readonly bytes: number;
  readonly end: ChainEnd;
}

/** What of a chain is not in its files when the node ends. */
export interface Unwritten {
  readonly records: number;
  readonly bytes: number;
}

export const notDurable: Error = new Error(
  'The audit ends, and not all that it was told is written.',
);

export class ChainWriter {
  readonly #options: ChainWriterOptions;
  readonly #now: () => number;
  /** All that is not durable (AUDIT-FILE-4). */
  #queue: Queued[] = [];
  /** So many of them are in the file. */
  #writtenCount = 0;
  #bufferedBytes = 0;
  /** As of all that was accepted. */
  #end: ChainEnd;
  /** As of all that is durable. */
  #durableEnd: ChainEnd;
  #syncDueMs = Number.POSITIVE_INFINITY;
  #progressMs: number;
  #onRoom: () => void = () => undefined;
  /** Records that were refused since, up to this one. */
  #dropped: ChainEnd | undefined;
  /** One was refused that is told again after a restart (`keepsAll`). */
  #hasRefused = false;
  readonly #file: ChainFile;
  #timer: NodeJS.Timeout | undefined;
  #timerDueMs = 0;
  #writing: Promise<void> | undefined;
  #waiting: {
    readonly seq: number;
    readonly resolve: () => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  #isFailing = false;
  #isClosed = false;
  readonly #clockSteps: ClockSteps;
  records = 0;
  droppedRecords = 0;
  failedWrites = 0;
  /** Bytes of a torn line that were cut off at the start. */
  readonly tornBytes: number;

  /** @throws Error where what is there cannot be gone on with. */
  constructor(options: ChainWriterOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#progressMs = this.#now();
    this.#clockSteps = new ClockSteps(this.#now);
    const { end, file, torn } = findEnd(options.folder, options.chain);
    this.#end = end;
    this.#durableEnd = end;
    this.#file = new ChainFile(options, file);
    this.tornBytes = torn;
  }

  /** As of all that was accepted. */
  get end(): ChainEnd {
    return this.#end;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  get isHalfFull(): boolean {
    return this.#isFilled(1 / 2);
  }

  /** AUDIT-FILE-2: entries of the log should not be applied until `onRoom`. */
  get isBehind(): boolean {
    if (!this.#isFilled(3 / 4) || this.#isFailing) return false;
    return this.#now() - this.#progressMs < longestPatienceMs;
  }

  onRoom(listener: () => void): void {
    this.#onRoom = listener;
  }

  #isFilled(share: number): boolean {
    return (
      this.#bufferedBytes >= share * this.#options.bufferBytes ||
      this.#queue.length >= share * mostRecords
    );
  }

  /** Whether there has never been a record. */
  get isNew(): boolean {
    return this.#end.seq === chainStart.seq && this.#file.name === undefined;
  }

  /** @returns False where there is no room for it (AUDIT-FILE-2). */
  add(line: string): boolean {
    return this.addEntry([line]);
  }

  /** Of one entry of the log: all or none. @returns False where there is no room for them (AUDIT-FILE-2). */
  addEntry(lines: readonly string[]): boolean {
    let isTaken = true;
    const hasRoom = !this.#isFilled(1);
    for (const line of lines) isTaken = this.#add(line, hasRoom) && isTaken;
    return isTaken;
  }

  #add(line: string, hasRoom: boolean): boolean {
    const end = endOf(line);
    if (end.seq <= this.#end.seq) {
      // AUDIT-FILE-1: told again. The last one is looked at: after it all others have to fit.
      if (end.seq === this.#end.seq && end.head !== this.#end.head) this.#otherLog(end);
      return true;
    }
    if (this.#hasRefused) return false;
    if (!hasRoom) {
      if (this.#options.keepsAll === true) this.#hasRefused = true;
      else this.#dropped = end;
      this.droppedRecords += 1;
      return false;
    }
    if (this.#dropped !== undefined) this.#push(gapLine('dropped', this.#dropped), this.#dropped);
    this.#dropped = undefined;
    this.records += 1;
    this.#push(line, end);
    return true;
  }

  /** The chain goes on here, though what came before was not told (AUDIT-FILE-1). */
  goOnFrom(end: ChainEnd): void {
    if (end.seq <= this.#end.seq || this.#hasRefused) return;
    this.#dropped = undefined;
    if (this.isNew) {
      // A file that begins there says so in its first line.
      this.#end = end;
      this.#durableEnd = end;
      return;
    }
    this.#push(gapLine('snapshot', end), end);
  }

  /** As soon as there is room: a node that ends before the next record comes would never say it. */
  #tellDropped(): void {
    const dropped = this.#dropped;
    if (dropped === undefined || this.#queue.length > 0) return;
    this.#dropped = undefined;
    this.#push(gapLine('dropped', dropped), dropped);
  }

  #otherLog(end: ChainEnd): void {
    this.#tellFailure(
      new Error(
        `Record ${String(end.seq)} of the audit of ${this.#options.chain} is another one in its file than in the log of the cluster: the file was altered, or is of another cluster. "holdfast audit verify" tells more.`,
      ),
    );
    this.#push(gapLine('other_log', end), end);
  }

  #push(line: string, end: ChainEnd): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#queue.length === 0) this.#progressMs = this.#now();
    this.#queue.push({ line, bytes, end });
    this.#bufferedBytes += bytes;
    this.#end = end;
    this.#flushSoon(this.#bufferedBytes >= mostWrittenBytes ? 0 : flushAfterMs);
  }

  #flushSoon(delayMs: number): void {
    if (this.#isClosed || this.#writing !== undefined) return;
    const dueMs = this.#now() + delayMs;
    if (this.#timer !== undefined) {
      if (dueMs >= this.#timerDueMs || this.#isFailing) return;
      clearTimeout(this.#timer);
    }
    this.#timerDueMs = dueMs;
    this.#timer = globalThis.setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, delayMs);
    this.#timer.unref();
  }

  /** Writes what waits. Does not throw. */
  flush(): Promise<void> {
    this.#writing ??= this.#write()
      .then(() => {
        this.#isFailing = false;
      })
      .catch(async (error: unknown) => {
        this.failedWrites += 1;
        this.#isFailing = true;
        this.#tellFailure(error);
        this.#onRoom(); // Who waits is not to wait for a disk that fails.
        await this.#file.close();
      })
      .then(() => {
        this.#writing = undefined;
        if (!this.#isFailing) this.#tellDropped();
        if (this.#isFailing) {
          // Who waits until all is durable waits also where nothing is left to be written.
          if (this.#queue.length > 0 || this.#waiting.length > 0) this.#flushSoon(retryAfterMs);
        } else if (this.#queue.length > this.#writtenCount) this.#flushSoon(0);
        else if (this.#waiting.some(({ seq }) => seq <= this.#end.seq)) this.#flushSoon(0);
        else if (this.#writtenCount > 0) this.#flushSoon(syncAfterMs);
      });
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#queue.length === 0 && this.#waiting.length === 0) return;
    do {
      await this.#file.open(this.#durableEnd);
      await this.#writePortion();
      if (this.#isSyncDue()) await this.#sync();
      if (this.#file.bytes >= this.#options.rotateBytes) {
        await this.#file.turnOver();
        await this.clearUp();
      }
    } while (this.#queue.length > this.#writtenCount);
  }

  async #writePortion(): Promise<void> {
    let text = '';
    let count = this.#writtenCount;
    while (count < this.#queue.length && text.length < mostWrittenBytes) {
      text += `${this.#queue[count]?.line ?? ''}\n`;
      count += 1;
    }
    if (text === '') return;
    await this.#file.append(text);
    if (this.#writtenCount === 0) this.#syncDueMs = this.#now() + syncAfterMs;
    this.#writtenCount = count;
    this.#progressMs = this.#now();
  }

  #isSyncDue(): boolean {
    if (this.#waiting.length > 0) return true;
    if (this.#writtenCount === 0) return false;
    const { bufferBytes, isSynced, rotateBytes } = this.#options;
    return (
      isSynced ||
      this.#isClosed ||
      this.#now() >= this.#syncDueMs ||
      this.#file.bytes >= rotateBytes ||
      this.#file.bytesToSync >= Math.min(mostWrittenBytes, bufferBytes / 8)
    );
  }

  /** AUDIT-FILE-4. */
  async #sync(): Promise<void> {
    const count = this.#writtenCount;
    try {
      await this.#file.sync();
    } catch (error) {
      this.#writtenCount = 0;
      throw error;
    }
    const wasBehind = this.isBehind;
    for (const { bytes, end } of this.#queue.splice(0, count)) {
      this.#bufferedBytes -= bytes;
      this.#durableEnd = end;
    }
    this.#writtenCount = 0;
    this.#progressMs = this.#now();
    const { seq } = this.#durableEnd;
    for (const { resolve } of this.#waiting.filter((one) => one.seq <= seq)) resolve();
    this.#waiting = this.#waiting.filter((one) => one.seq > seq);
    if (wasBehind && !this.isBehind) this.#onRoom();
  }

  /** Deletes the oldest files (AUDIT-FILE-6). One that cannot be deleted ends no node: it stays, and is told. */
  async clearUp(nowMs: number = Date.now()): Promise<void> {
    const { stepMs, isTrusted } = this.#clockSteps.look(nowMs);
    try {
      if (stepMs !== 0) this.#options.onClockStep?.(stepMs);
      const { keepMs } = this.#options;
      const retention = { ...this.#options, keepMs: isTrusted ? keepMs : 0 }; // AUDIT-FILE-9
      await deleteOldest(retention, this.#file, nowMs);
    } catch (error) {
      this.#tellFailure(error);
    }
  }

  /** AUDIT-FILE-8. */
  #tellFailure(error: unknown): void {
    try {
      this.#options.onFailure(error);
    } catch {
      // There is nobody else to be told.
    }
  }

  /** Resolves once all that was accepted is durable. @throws Error where the node ends before (AUDIT-FILE-5). */
  durable(): Promise<void> {
    const isDone = this.#queue.length === 0 && !this.#hasRefused && !this.#isFailing;
    if (isDone && this.#writing === undefined) return Promise.resolve();
    if (this.#isClosed) return Promise.reject(notDurable);
    return new Promise((resolve, reject) => {
      // A snapshot would have what was refused, and it would not be told again.
      const seq = this.#hasRefused ? Number.POSITIVE_INFINITY : this.#end.seq;
      this.#waiting.push({ seq, resolve, reject });
      if (!this.#isFailing) void this.flush();
    });
  }

  /** What waits for the disk waits no more: with `fail_open` nothing is held up by it. */
  stopWaiting(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** AUDIT-FILE-5: what waits is not going to be durable in time. */
  cancelWaiting(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(notDurable);
  }

  /** Writes what waits, once, and closes the file (AUDIT-FILE-5). */
  async close(): Promise<Unwritten> {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isClosed = true;
    const lastly = (async (): Promise<void> => {
      await this.#writing;
      if (this.#queue.length > 0 || this.#waiting.length > 0) await this.flush();
      if (!this.#isFailing && this.#queue.length > 0) await this.flush(); // What was dropped.
      await this.#file.close();
    })();
    await Promise.race([lastly, setTimeout(longestCloseMs, undefined, { ref: false })]);
    this.cancelWaiting();
    return { records: this.#queue.length, bytes: this.#bufferedBytes };
  }
}
