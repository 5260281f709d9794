/**
 * The durable side of one node: the queue of writes in front of the log and the snapshots.
 *
 * STORAGE-1: one write is in flight. What arrives meanwhile is the next frame; promises resolve in their order,
 *     when what they stand for is durable.
 * STORAGE-2: after the first failure nothing more is written, of snapshots and payloads neither, and no snapshot gets a
 *     name: a later success could hide the hole.
 * STORAGE-3: a received snapshot is whole and has the name of a received one before the frame says that it was
 *     installed, and its final name only afterwards. So the frame decides, wherever the power goes, and a
 *     snapshot with its final name is one that the log covers (SFILE-7, REPLAY-1).
 * STORAGE-4: what writes that go together say of received snapshots is executed in their order: the chunks of
 *     the next transfer may stand behind the install of the one before.
 * STORAGE-5: a snapshot of the own state has its name only when the payloads that were put before are durable: what
 *     it names is here when it is all that is left of the log. They are written before its file is begun, which may take the room that
 *     they need. Where there is no room for them the snapshot is not saved (SFILE-9), and the log stays.
 * STORAGE-6: a snapshot of the own state has its name only when the log has, durably, the entry at which it ends, of the
 *     term in which it was applied. A node applies what a majority has made durable, perhaps before its own disk has it; until
 *     then its log may hold another entry at this index, which the write that is under way truncates.
 * STORAGE-7: a file that cannot be closed keeps neither the others open nor the folder locked.
 */
import type { LogIndex, SnapshotMeta, Write } from '@holdfast/raft';
import { closeAll } from './close-all.ts';
import type { Disk } from './disk.ts';
import { DiskFailure } from './durable-names.ts';
import type { LogState } from './frame.ts';
import type { LogTerms } from './log-terms.ts';
import { mergeWrites } from './merge.ts';
import type { SegmentLog } from './segment-log.ts';
import type { PayloadFiles } from './payload-files.ts';
import type { PayloadListeners } from './payload-settings.ts';
import { piecesOf } from './snapshot-files.ts';
import type { SnapshotFiles } from './snapshot-files.ts';
import { encodeHead } from './snapshot-head.ts';
import type { SnapshotPoint } from './snapshot-head.ts';
import { SnapshotNotSavedError } from './snapshot-not-saved.ts';
import type { SnapshotReader, Storage, StorageOptions } from './types.ts';

/**
 * Bytes of entries from which on no other write goes into the same frame. With the last write, which may have 1 MiB
 * more, some frames fit in one segment of 8 MiB: a frame that fits in half of none would take a whole one for itself,
 * and a node that catches up would fill nearly twice the disk with zeros, and wait for them (SEG-7).
 */
const maxMergedBytes = 2 * 1024 * 1024;

export interface LogStorageParts {
  readonly disk: Disk;
  readonly log: SegmentLog;
  readonly state: LogState;
  readonly terms: LogTerms;
  readonly snapshots: SnapshotFiles;
  readonly openPayloads: (listeners: PayloadListeners) => PayloadFiles;
  readonly onFailure: (error: Error) => void;
  readonly onWarning: (text: string) => void;
  readonly onClosed: StorageOptions['onClosed'];
  readonly watch: StorageOptions['watch'];
  readonly unlock: () => void;
}

interface Waiting {
  readonly write: Write;
  readonly resolve: () => void;
}

export class LogStorage implements Storage {
  readonly #parts: LogStorageParts;
  readonly payloads: PayloadFiles;
  #state: LogState;
  #queue: Waiting[] = [];
  #inFlight = 0;
  /** Set while the queue is worked on; resolves when it is empty or a write has failed. */
  #working: Promise<void> | undefined;
  #saving: Promise<unknown> = Promise.resolve();
  #clearing: Promise<void> = Promise.resolve();
  #failed = false;
  #closed = false;
  #commits = 0;
  #lastCommitMs = 0;
  readonly #endWatch: (() => void) | undefined;
  #onWritten: (durationMs: number) => void = () => undefined;

  constructor(parts: LogStorageParts) {
    this.#parts = parts;
    this.#state = parts.state;
    this.payloads = parts.openPayloads({
      onFailure: (error) => this.#fail(error),
      onWarning: parts.onWarning,
    });
    parts.log.watch((failure) => this.#fail(failure));
    this.#endWatch = parts.watch?.((error) => this.#fail(error)); // FOLDER-1
  }

  get stats(): Storage['stats'] {
    const { log, snapshots } = this.#parts;
    return {
      commits: this.#commits,
      pendingWrites: this.#queue.length + this.#inFlight,
      lastCommitMs: this.#lastCommitMs,
      sizeBytes: log.sizeBytes + snapshots.sizeBytes + this.payloads.stats.sizeBytes,
      logBytes: log.sizeBytes,
    };
  }

  onWritten(listener: (durationMs: number) => void): void {
    this.#onWritten = listener;
  }

  write(write: Write): Promise<void> {
    return new Promise((resolve) => {
      if (this.#failed || this.#closed) return; // STORAGE-2
      this.#queue.push({ write, resolve });
      // What is handed over in one turn goes together.
      this.#working ??= Promise.resolve().then(() => this.#work());
    });
  }

  async #work(): Promise<void> {
    const { disk } = this.#parts;
    while (this.#queue.length > 0 && !this.#failed) {
      const batch = this.#takeBatch();
      this.#inFlight = batch.length;
      const startedMs = disk.now();
      try {
        await this.#execute(batch.map(({ write }) => write));
      } catch (error) {
        this.#fail(error);
        break;
      }
      this.#commits += 1;
      this.#lastCommitMs = disk.now() - startedMs;
      this.#onWritten(this.#lastCommitMs);
      this.#inFlight = 0;
      for (const { resolve } of batch) resolve();
    }
    this.#working = undefined;
  }

  /** Writes from the front of the queue; an install is the first of its frame. */
  #takeBatch(): Waiting[] {
    let count = 0;
    let byteLength = 0;
    for (const { write } of this.#queue) {
      if (count > 0 && (write.installSnapshot !== undefined || byteLength >= maxMergedBytes)) break;
      for (const { data } of write.entries) byteLength += data.byteLength;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #execute(writes: readonly Write[]): Promise<void> {
    const { log, snapshots, terms } = this.#parts;
    for (const { snapshotChunks, installSnapshot } of writes) {
      for (const chunk of snapshotChunks ?? []) await snapshots.receive(chunk);
      if (installSnapshot !== undefined) await snapshots.install(installSnapshot); // STORAGE-3, STORAGE-4
    }
    const installed = writes[0]?.installSnapshot;
    const change = mergeWrites(this.#state, writes, (index) => terms.termAt(index));
    if (change === undefined) return;
    await log.append(change);
    this.#state = { hardState: change.hardState, lastIndex: change.lastIndex };
    terms.wrote(change);
    if (installed !== undefined) await snapshots.installed(installed); // STORAGE-3
    if (installed !== undefined) this.forgetBefore(installed.index + 1, installed.hash);
  }

  /** STORAGE-2. */
  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const { log, onFailure, snapshots } = this.#parts;
    log.stop();
    snapshots.stop();
    this.payloads.stop();
    onFailure(error instanceof Error ? error : new Error(String(error)));
  }

  saveSnapshot(
    point: SnapshotPoint,
    stateChunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<SnapshotMeta | undefined> {
    const saved = this.#save(point, stateChunks);
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  async #save(
    point: SnapshotPoint,
    stateChunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<SnapshotMeta | undefined> {
    if (this.#failed || this.#closed) return undefined; // STORAGE-2
    try {
      if (!(await this.#hasPayloads())) return undefined; // STORAGE-5
      return await this.#parts.snapshots.save(
        point,
        piecesOf(point, stateChunks),
        async () => (await this.#covers(point)) && (await this.#hasPayloads()), // STORAGE-5, STORAGE-6
      );
    } catch (error) {
      if (!(error instanceof DiskFailure)) throw error;
      this.#fail(error);
      return undefined;
    }
  }

  /** STORAGE-5. False: the storage has failed, or is closed. @throws SnapshotNotSavedError */
  async #hasPayloads(): Promise<boolean> {
    if (await this.payloads.durable()) return true;
    const { shortage } = this.payloads;
    if (this.#failed || this.#closed || shortage === undefined) return false;
    throw new SnapshotNotSavedError(shortage);
  }

  /** STORAGE-6. False when the log never will have it: its write failed, or the storage is closed. */
  async #covers(point: SnapshotPoint): Promise<boolean> {
    while (!this.#has(point)) {
      if (this.#failed || this.#closed) return false;
      if (this.#working === undefined)
        throw new Error(
          `A snapshot at entry ${String(point.index)} of term ${String(point.term)} is to be saved, and the log, which ends at entry ${String(this.#state.lastIndex)}, does not have this entry.`,
        );
      await this.#working;
    }
    return true;
  }

  #has({ index, term }: SnapshotPoint): boolean {
    if (this.#state.lastIndex < index) return false;
    // What is not known any more stands in front of a newer snapshot.
    return (this.#parts.terms.termAt(index) ?? term) === term;
  }

  openSnapshot(hash: string): SnapshotReader | undefined {
    return this.#parts.snapshots.open(hash);
  }

  stateOffset(meta: SnapshotMeta): number {
    return encodeHead(meta).byteLength;
  }

  verifyReceived(meta: SnapshotMeta): Promise<boolean> {
    return this.#parts.snapshots.verify(meta);
  }

  forgetBefore(keepFrom: LogIndex, currentSnapshotHash: string): void {
    const { log, snapshots, terms } = this.#parts;
    const current = snapshots.held(currentSnapshotHash);
    // Where it is gone a newer one took its place, and what that one allows is told after it.
    if (current === undefined || this.#failed || this.#closed) return;
    const from = Math.min(keepFrom, current.index + 1);
    terms.forgetBefore(from);
    this.clearUp(() => log.freeBefore(from));
    this.clearUp(() => snapshots.forgetOlder(current));
  }

  /**
   * Takes files away, one after the other. What cannot be taken away is told, and tried again when something
   * is cleared up the next time, or at the next start.
   */
  clearUp(act: () => Promise<void>): void {
    this.#clearing = this.#clearing
      .then(() => (this.#failed ? undefined : act()))
      .catch((error: unknown) => {
        if (error instanceof DiskFailure) this.#fail(error);
        else
          this.#parts.onWarning(
            `Files that are not needed any more stay for now, and are tried again later: ${error instanceof Error ? error.message : String(error)}`,
          );
      });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { log, snapshots, onClosed, unlock } = this.#parts;
    try {
      log.stop();
      await this.#working;
      // What is being saved ends once these are being closed.
      const snapshotsClosed = snapshots.close();
      await Promise.allSettled([snapshotsClosed, this.#saving]);
      await closeAll([
        () => snapshotsClosed,
        () => this.#clearing,
        () => this.payloads.close(),
        () => log.close(),
      ]); // STORAGE-7
      if (!this.#failed) onClosed?.({ starts: log.starts, frames: log.frames });
    } finally {
      this.#endWatch?.();
      unlock();
    }
  }
}
