/**
 * Writes the lines of one chain into files that are turned over and deleted by size and age.
 *
 * AUDIT-FILE-1: a record stands in the files once, in the order of the chain: what is told again after a restart is passed over up
 *     to where the file ends, and what was not told (a snapshot took its place, or it was dropped) is named by a line.
 * AUDIT-FILE-2: what waits for the disk is bounded in bytes. What comes beyond is refused to whoever tells it, who decides.
 * AUDIT-FILE-3: what a failed write left is cut off before it is tried again, as a part of a line would be no record.
 */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileName, filesOf, findEnd } from './chain-folder.ts';
import { chainStart, endOf, fileLine, gapLine } from './lines.ts';
import type { ChainEnd, ChainName } from './lines.ts';

export type AuditFile = Pick<FileHandle, 'write' | 'datasync' | 'truncate' | 'close'>;

export interface ChainWriterOptions {
  readonly folder: string;
  readonly chain: ChainName;
  readonly cluster: string;
  readonly node: string;
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
  /** As the disk does it, where absent: for tests. */
  readonly openFile?: (path: string) => Promise<AuditFile>;
}

const flushAfterMs = 50;
const retryAfterMs = 1000;
/** A disk that hangs does not hold up the end of the node. */
const longestCloseMs = 2000;
const mostWrittenBytes = 1024 * 1024;
const privateMode = 0o600;
const privateFolderMode = 0o700;

interface Queued {
  readonly line: string;
  readonly end: ChainEnd;
}

export class ChainWriter {
  readonly #options: ChainWriterOptions;
  #queue: Queued[] = [];
  #bufferedBytes = 0;
  /** As of all that was accepted. */
  #end: ChainEnd;
  /** As of all that is written. */
  #written: ChainEnd;
  /** Records that were refused since, up to this one. */
  #dropped: ChainEnd | undefined;
  /** One was refused that is told again after a restart (`keepsAll`). */
  #hasRefused = false;
  #file: { readonly name: string; bytes: number } | undefined;
  #handle: AuditFile | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #waiting: { readonly seq: number; readonly resolve: () => void }[] = [];
  #isFailing = false;
  #isClosed = false;
  records = 0;
  droppedRecords = 0;
  failedWrites = 0;
  /** Bytes of a torn line that were cut off at the start. */
  readonly tornBytes: number;

  /** @throws Error where what is there cannot be gone on with. */
  constructor(options: ChainWriterOptions) {
    this.#options = options;
    const { end, file, torn } = findEnd(options.folder, options.chain);
    this.#end = end;
    this.#written = end;
    this.#file = file === undefined ? undefined : { ...file };
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
    return this.#bufferedBytes * 2 >= this.#options.bufferBytes;
  }

  /** Whether there has never been a record. */
  get isNew(): boolean {
    return this.#end.seq === chainStart.seq && this.#file === undefined;
  }

  /** @returns False where there is no room for it (AUDIT-FILE-2). */
  add(line: string): boolean {
    const end = endOf(line);
    if (end.seq <= this.#end.seq) {
      // AUDIT-FILE-1: told again. The last one is looked at: after it all others have to fit.
      if (end.seq === this.#end.seq && end.head !== this.#end.head) this.#otherLog(end);
      return true;
    }
    if (this.#hasRefused) return false;
    if (this.#bufferedBytes + line.length > this.#options.bufferBytes) {
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
      this.#written = end;
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
    this.#options.onFailure(
      new Error(
        `Record ${String(end.seq)} of the audit of ${this.#options.chain} is another one in its file than in the log of the cluster: the file was altered, or is of another cluster. "holdfast audit verify" tells more.`,
      ),
    );
    this.#push(gapLine('other_log', end), end);
  }

  #push(line: string, end: ChainEnd): void {
    this.#queue.push({ line, end });
    this.#bufferedBytes += line.length + 1;
    this.#end = end;
    this.#flushSoon(this.#bufferedBytes >= mostWrittenBytes ? 0 : flushAfterMs);
  }

  #flushSoon(delayMs: number): void {
    if (this.#isClosed || this.#writing !== undefined || this.#timer !== undefined) return;
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
        return 0;
      })
      .catch(async (error: unknown) => {
        this.failedWrites += 1;
        this.#isFailing = true;
        this.#options.onFailure(error);
        await this.#closeFile();
        return retryAfterMs;
      })
      .then((delayMs) => {
        this.#writing = undefined;
        if (!this.#isFailing) this.#tellDropped();
        // Who waits until all is durable waits also where nothing is left to be written.
        const isTriedAgain = this.#isFailing && this.#waiting.length > 0;
        if (this.#queue.length > 0 || isTriedAgain) this.#flushSoon(delayMs);
      });
    return this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#queue.length > 0) {
      const handle = await this.#openFile();
      const { text, count, end } = this.#portion();
      const bytes = Buffer.from(text);
      const file = this.#file;
      if (file === undefined) return;
      try {
        for (let at = 0; at < bytes.length;) {
          const { bytesWritten } = await handle.write(
            bytes,
            at,
            bytes.length - at,
            file.bytes + at,
          );
          at += bytesWritten;
        }
        if (this.#options.isSynced || this.#waiting.length > 0) await handle.datasync();
      } catch (error) {
        await handle.truncate(file.bytes).catch(() => undefined); // AUDIT-FILE-3
        throw error;
      }
      file.bytes += bytes.length;
      this.#queue.splice(0, count);
      this.#bufferedBytes -= text.length;
      this.#written = end;
      this.#tellDurable();
      if (file.bytes >= this.#options.rotateBytes) await this.#turnOver();
    }
    if (this.#waiting.length > 0) {
      await (await this.#openFile()).datasync();
      this.#tellDurable();
    }
  }

  #tellDurable(): void {
    const { seq } = this.#written;
    for (const { resolve } of this.#waiting.filter((one) => one.seq <= seq)) resolve();
    this.#waiting = this.#waiting.filter((one) => one.seq > seq);
  }

  #portion(): { readonly text: string; readonly count: number; readonly end: ChainEnd } {
    let text = '';
    let count = 0;
    let end = this.#written;
    for (const queued of this.#queue) {
      text += `${queued.line}\n`;
      count += 1;
      end = queued.end;
      if (text.length >= mostWrittenBytes) break;
    }
    return { text, count, end };
  }

  async #openFile(): Promise<AuditFile> {
    if (this.#handle !== undefined) return this.#handle;
    const { folder, chain, cluster, node } = this.#options;
    const openFile = this.#options.openFile ?? ((path) => open(path, 'r+'));
    const before = this.#file;
    if (before === undefined) {
      mkdirSync(folder, { recursive: true, mode: privateFolderMode });
      const name = fileName(chain, this.#written.seq + 1);
      const first = Buffer.from(`${fileLine({ chain, cluster, node }, this.#written)}\n`);
      const made = await open(join(folder, name), 'w', privateMode);
      try {
        await made.writeFile(first);
        await made.datasync();
      } finally {
        await made.close();
      }
      this.#file = { name, bytes: first.length };
    }
    const handle = await openFile(join(folder, this.#file?.name ?? ''));
    // AUDIT-FILE-3: where cutting off failed as well.
    await handle.truncate(this.#file?.bytes ?? 0);
    this.#handle = handle;
    return handle;
  }

  async #closeFile(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  async #turnOver(): Promise<void> {
    await this.#handle?.datasync();
    await this.#closeFile();
    this.#file = undefined;
    this.clearUp();
  }

  /** Deletes the oldest files, never the one that is written. One that cannot be deleted ends no node: it stays, and is told. */
  clearUp(nowMs: number = Date.now()): void {
    try {
      this.#deleteOldest(nowMs);
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  #deleteOldest(nowMs: number): void {
    const { folder, chain, keepBytes, keepMs } = this.#options;
    const names = filesOf(folder, chain).filter((name) => name !== this.#file?.name);
    const files = names.flatMap((name) => {
      const path = join(folder, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? [] : [{ path, stat }];
    });
    let bytes = files.reduce((sum, { stat }) => sum + stat.size, this.#file?.bytes ?? 0);
    for (const { path, stat } of files) {
      const isOld = keepMs > 0 && nowMs - stat.mtimeMs > keepMs;
      if (!isOld && bytes <= keepBytes) break;
      rmSync(path, { force: true });
      bytes -= stat.size;
    }
  }

  /** Resolves once all that was accepted is durable. */
  durable(): Promise<void> {
    if (this.#isClosed || (this.#queue.length === 0 && this.isNew)) return Promise.resolve();
    return new Promise((resolve) => {
      // A snapshot would have what was refused, and it would not be told again.
      const seq = this.#hasRefused ? Number.POSITIVE_INFINITY : this.#end.seq;
      this.#waiting.push({ seq, resolve });
      if (!this.#isFailing) void this.flush();
    });
  }

  /** What waits for the disk waits no more: with `fail_open` nothing is held up by it. */
  stopWaiting(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** Writes what waits, once, and closes the file. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    const lastly = (async (): Promise<void> => {
      await this.#writing;
      if (this.#queue.length > 0 || this.#waiting.length > 0) await this.flush();
      if (!this.#isFailing && this.#queue.length > 0) await this.flush(); // What was dropped.
    })();
    await Promise.race([lastly, setTimeout(longestCloseMs, undefined, { ref: false })]);
    this.#isClosed = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    await this.#handle?.datasync().catch(() => undefined);
    await this.#closeFile();
    this.stopWaiting();
  }
}
