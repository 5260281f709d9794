/**
 * Snapshots of one replica: its own are saved, those that it sends are read, one that it receives is
 * verified and restored before anything of the old state goes.
 *
 * ENG-SNAP-1: one snapshot of the own state is taken at a time.
 * ENG-SNAP-2: a received snapshot is acted upon only when its bytes are what its hash names and a state
 *     machine came out of them. Until then log, state and the snapshot before stay as they are.
 * ENG-SNAP-3: a snapshot that is being sent or downloaded is read from a descriptor that was opened
 *     when that began: clearing up does not take it away.
 * ENG-SNAP-4: the chunks of a transfer are handed on in the order in which the core asked for them.
 * ENG-SNAP-5: what members compare is the hash of the state's bytes alone: the head in front of them names
 *     the members' addresses as each node was told of them. Where the bytes cannot be compared (SNAP-7)
 *     there is no such hash.
 * ENG-SNAP-6: a node whose own copy of a snapshot is damaged stops: it would send it for ever, and could not
 *     start again from it.
 * ENG-SNAP-7: a snapshot names the members as of its index. A node that joined and got the log from its
 *     beginning does not know who they were before the first change in it, and takes none there: another node
 *     would refuse one without a voter, for ever. Who asks for a backup is told to ask another one.
 * ENG-SNAP-8: a node that stops waits a bounded time for its audit. A snapshot that waits longer is not finished: the log tells the
 *     audit again what is not written.
 * ENG-SNAP-9: one turn of the event loop encodes pieces of a snapshot until its share of time is used up; the others follow in
 *     the next turns.
 * ENG-SNAP-10: an own snapshot for which the disk has no room, or the process no descriptor, comes to nothing, and is told: nothing
 *     depends on it, and the log stays. It is tried again at the next checkpoint, and for a backup not within `noRoomPauseMs`: each
 *     trial fills the disk. Meanwhile the log grows, in memory too, until there is no room for it either and the node stops (a leader: LOG-ROOM-2).
 * ENG-SNAP-11: a received snapshot whose bytes are what its hash names, and of which no state comes, replaces nothing: it is told
 *     once, and fetched again, after the pauses that its sender makes. To stop would fetch it again at once, at every start. Where a
 *     newer program has written it the node stops, and says so: it has to be upgraded (FEATURE-4).
 *     A sender whose own copy is intact says once, of each snapshot, that a member could not restore it, and does not say why: it is
 *     not told, and the member's own log says it.
 * ENG-SNAP-12: a backup whose caller has gone waits for no snapshot, and keeps no payloads meanwhile.
 */
import { createHash } from 'node:crypto';
import type { LogIndex, MemberId, Message, SnapshotMeta } from '@holdfast/raft';
import { SnapshotFormatError } from '@holdfast/state';
import type { StateMachine } from '@holdfast/state';
import { SnapshotNotSavedError } from '@holdfast/storage';
import type { SnapshotPoint, SnapshotReader, Storage } from '@holdfast/storage';
import { noRoomForBackup, notSavedInTime } from './backup-refusals.ts';
import type { BackupSource } from './backup.ts';
import type { Clock } from './clock.ts';
import type { Payloads } from './payloads/payloads.ts';
import { hashed, inSlices, withLast } from './snapshot-pieces.ts';
import { hashOf, readState } from './snapshot-state.ts';
import type { ReceivedState, RestoredState } from './snapshot-state.ts';
import type { Timings } from './timings.ts';
import type { EngineLog } from './types.ts';
import { whileWanted } from './while-wanted.ts';

export { snapshotPoint } from './snapshot-point.ts';
export { recoverState } from './snapshot-state.ts';

type ChunkMessage = Extract<Message, { type: 'snapshot_chunk' }>;

export interface SnapshotsOptions {
  readonly storage: Storage;
  readonly payloads: Payloads;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly timings?: Timings;
  /** The highest feature level of a snapshot that is restored (FEATURE-4). */
  readonly supportedLevel: number;
  /** A snapshot of this node is durable. */
  readonly onSaved: (meta: SnapshotMeta, stateHash: string | undefined) => void;
  readonly onVerified: (meta: SnapshotMeta, isGood: boolean) => void;
  readonly send: (to: MemberId, message: ChunkMessage) => void;
  readonly onFatal: (error: unknown) => void;
  /** REPLICA-7. */
  readonly auditDurable?: (() => Promise<void> | undefined) | undefined;
}

type Present = () => { readonly point: SnapshotPoint; readonly state: StateMachine } | undefined;

interface Transfer {
  readonly reader: SnapshotReader;
  /** Settles when the chunks that were asked for so far have been handed on. */
  tail: Promise<void>;
}

export class Snapshots {
  readonly #options: SnapshotsOptions;
  readonly #transfers = new Map<string, Transfer>();
  /** While there are transfers (PAYLOAD-2). */
  #release: (() => void) | undefined;
  #saving: Promise<SnapshotMeta | undefined> | undefined;
  /** How many there was no room for (ENG-SNAP-10). */
  notSaved = 0;
  /** The last one came to nothing for want of room. */
  lacksRoom = false;
  #noRoomUntilMs = Number.NEGATIVE_INFINITY;
  #verifying: SnapshotMeta | undefined;
  #restored: { readonly hash: string; readonly restored: ReceivedState } | undefined;
  /** The last received one of which no state came (ENG-SNAP-11). */
  #unreadable: string | undefined;
  /** The last intact one of which a member told that it could not restore it. */
  #notRestored: string | undefined;
  #current: SnapshotMeta;
  #isChecking = false;
  #stopped = false;
  /** ENG-SNAP-8: rejects. */
  readonly #auditWait = Promise.withResolvers<never>();

  constructor(options: SnapshotsOptions, current: SnapshotMeta) {
    this.#options = options;
    this.#current = current;
    this.#auditWait.promise.catch(() => undefined); // Nobody may be waiting.
  }

  get isSaving(): boolean {
    return this.#saving !== undefined;
  }

  /** It is too early to try again (ENG-SNAP-10). */
  get isPausing(): boolean {
    return this.#options.clock.now() < this.#noRoomUntilMs;
  }

  /** Saves the state as of now (ENG-SNAP-1). Resolves with undefined when a newer snapshot took its place. */
  save(point: SnapshotPoint, state: StateMachine): Promise<SnapshotMeta | undefined> {
    if (this.#saving !== undefined) return this.#saving;
    const { isComparable } = state;
    const { clock, timings } = this.#options;
    const startedMs = clock.now();
    const stateHash = createHash('sha256');
    const pieces = state.snapshot();
    this.#saving = this.#options.storage
      .saveSnapshot(point, this.#finishedWithAudit(inSlices(hashed(pieces, stateHash), clock)))
      // A disk that refuses it takes not even the first piece; the state takes one snapshot at a time (SNAP-2).
      .finally(() => pieces.return?.())
      .then((saved) => {
        this.#saving = undefined;
        if (saved === undefined || this.#stopped) return undefined;
        this.#current = saved;
        this.lacksRoom = false;
        this.#options.payloads.snapshotDurable(saved.index);
        timings?.took('snapshot', clock.now() - startedMs);
        this.#options.log.info(
          { index: saved.index, bytes: saved.byteLength, hash: saved.hash },
          'Saved a snapshot.',
        );
        const hash = isComparable ? stateHash.digest('hex') : undefined; // ENG-SNAP-5
        this.#options.onSaved(saved, hash);
        return saved;
      })
      .catch((error: unknown) => {
        if (error instanceof SnapshotNotSavedError) this.#tellNotSaved(point.index, error);
        else this.#options.onFatal(error);
        return undefined;
      });
    return this.#saving;
  }

  /** ENG-SNAP-10. */
  #tellNotSaved(index: LogIndex, { systemCode, message }: SnapshotNotSavedError): void {
    this.#saving = undefined;
    this.notSaved += 1;
    this.lacksRoom = true;
    this.#noRoomUntilMs = this.#options.clock.now() + noRoomPauseMs;
    this.#options.payloads.snapshotNotSaved();
    this.#options.log.warn(
      { index, code: systemCode, snapshotsNotSaved: this.notSaved },
      `A snapshot was not saved: ${message} It is tried again at the next checkpoint. Until one is saved the log grows, and this node stops when there is no room for it.`,
    );
  }

  /** REPLICA-7. What is told meanwhile waits with it, and does no harm. */
  #finishedWithAudit(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const { auditDurable } = this.#options;
    if (auditDurable === undefined) return chunks;
    return withLast(chunks, () => Promise.race([auditDurable(), this.#auditWait.promise]));
  }

  /** These are being sent from now on; transfers of others have ended (ENG-SNAP-3). */
  setTransfers(hashes: readonly string[]): void {
    // Payloads that go meanwhile have ended in the log behind the snapshot (PAYLOAD-8). What is sent from then on is held anew.
    if (hashes.length > 0)
      this.#release ??= this.#options.payloads.hold(() => (this.#release = undefined));
    else {
      this.#release?.();
      this.#release = undefined;
    }
    for (const [hash, transfer] of this.#transfers) {
      if (hashes.includes(hash)) continue;
      this.#transfers.delete(hash);
      void transfer.tail.then(() => transfer.reader.close());
    }
    for (const hash of hashes) {
      if (this.#transfers.has(hash)) continue;
      const reader = this.#options.storage.openSnapshot(hash);
      if (reader === undefined)
        throw new Error(`The snapshot ${hash} that is to be sent is not there.`);
      this.#transfers.set(hash, { reader, tail: Promise.resolve() });
    }
  }

  /** Sends the bytes that the core asked for, which may be none: a question whether they are there (ENG-SNAP-4). */
  send(to: MemberId, message: ChunkMessage): void {
    const { meta, offset, byteLength } = message;
    const transfer = this.#transfers.get(meta.hash);
    if (transfer === undefined)
      throw new Error(`The snapshot at ${String(meta.index)} is sent without a transfer of it.`);
    transfer.tail = transfer.tail
      .then(async () => {
        if (this.#transfers.get(meta.hash) !== transfer) return;
        const data =
          byteLength === 0 ? new Uint8Array() : await transfer.reader.read(offset, byteLength);
        if (!this.#stopped) this.#options.send(to, { ...message, data });
      })
      .catch((error: unknown) => this.#options.onFatal(error));
  }

  /** A follower got all of it, and it was not what its hash names (ENG-SNAP-6). */
  checkOwn(meta: SnapshotMeta): void {
    const { log, onFatal, storage } = this.#options;
    const reader = this.#isChecking ? undefined : storage.openSnapshot(meta.hash);
    if (reader === undefined) return;
    this.#isChecking = true;
    hashOf(reader, this.#options.clock)
      .then((hash) => {
        if (hash !== meta.hash)
          throw new Error(
            `The snapshot at ${String(meta.index)} is damaged on this node's disk: its bytes have the hash ${hash}, not ${meta.hash}. ` +
              `Remove this member from the cluster and add it again under a new id with an empty folder.`,
          );
        if (this.#notRestored !== meta.hash)
          log.warn(
            { index: meta.index, hash: meta.hash },
            'A member could not restore a snapshot of this node: it was damaged on its way or on the disk there, no state comes of it there, or not all payloads that it names could be had. The copy here is intact. See the log of that member.',
          );
        this.#notRestored = meta.hash;
      })
      .catch((error: unknown) => onFatal(error))
      .finally(() => {
        this.#isChecking = false;
        reader.close();
      });
  }

  /** Every byte of a received snapshot is durable (ENG-SNAP-2). */
  verify(meta: SnapshotMeta): void {
    this.#verifying = meta;
    this.#restored = undefined;
    this.#restoreReceived(meta).then(
      (restored) => {
        if (this.#verifying !== meta || this.#stopped) return;
        this.#verifying = undefined;
        if (restored !== undefined) this.#restored = { hash: meta.hash, restored };
        else if (this.#unreadable !== meta.hash)
          this.#options.log.warn(
            { index: meta.index, hash: meta.hash },
            'A received snapshot is not what its hash names, or not all payloads that it names could be had; it is fetched again.',
          );
        this.#options.onVerified(meta, restored !== undefined);
      },
      (error: unknown) => this.#options.onFatal(error),
    );
  }

  async #restoreReceived(meta: SnapshotMeta): Promise<ReceivedState | undefined> {
    if (!(await this.#options.storage.verifyReceived(meta))) return undefined;
    const restored = await this.#readReceived(meta);
    if (restored === undefined) return undefined;
    const { members } = meta.membership;
    const named = await this.#options.payloads.complete(restored.state, true, members); // PAYLOAD-1
    return named === undefined ? undefined : { ...restored, named };
  }

  /** ENG-SNAP-11. */
  async #readReceived(meta: SnapshotMeta): Promise<RestoredState | undefined> {
    try {
      return await readState(this.#options, meta, this.#options.supportedLevel);
    } catch (error) {
      if (!(error instanceof SnapshotFormatError) || error.isNewer) throw error;
      const { index, hash } = meta;
      if (this.#unreadable !== hash)
        this.#options.log.error(
          { index, hash, code: 'snapshot_unreadable', error: error.message },
          'A received snapshot is what its hash names, and no state comes of it. This member does not catch up until it gets another one. Compare the releases of the members, and have the leader looked at: its state may be damaged.',
        );
      this.#unreadable = hash;
      return undefined;
    }
  }

  /** The state that was restored from this snapshot when it was verified. */
  takeRestored(meta: SnapshotMeta): RestoredState {
    const taken = this.#restored;
    if (taken?.hash !== meta.hash)
      throw new Error(`The snapshot at ${String(meta.index)} was installed and not verified.`);
    this.#restored = undefined;
    this.lacksRoom = false;
    this.#current = meta;
    this.#options.payloads.adopt(taken.restored.named, taken.restored.state);
    return taken.restored;
  }

  /** What was restored is not going to be installed: the log went past it meanwhile. */
  forgetRestored(): void {
    this.#restored = undefined;
  }

  /** What a backup is made of: see `openAtLeast`. */
  async openBackup(
    index: LogIndex,
    signal: AbortSignal | undefined,
    present: Present,
  ): Promise<BackupSource | undefined> {
    const { clock, payloads, storage } = this.#options;
    const lost = new AbortController();
    const release = payloads.hold(() => lost.abort()); // PAYLOAD-2
    let reader: SnapshotReader | undefined;
    try {
      reader = await whileWanted(this.openAtLeast(index, present, signal), signal);
    } finally {
      if (reader === undefined) release();
    }
    if (reader === undefined) return undefined;
    const stateOffset = storage.stateOffset(reader.meta);
    // What the snapshot names counts, not what is on this disk: there may be nothing of it.
    const now = (): number => clock.now();
    return { reader, stateOffset, payload: payloads.whole, lost: lost.signal, release, now };
  }

  /**
   * A reader of a snapshot that holds everything up to the index; several callers share one.
   *
   * @param present Where the state is now; undefined while a received snapshot takes its place.
   * @param signal Aborted when it is wanted no more.
   * @returns Undefined when the node stops, or it is wanted no more.
   * @throws HoldfastError where there is no room for it (ENG-SNAP-10), or it is not to be had in time.
   */
  async openAtLeast(
    index: LogIndex,
    present: Present,
    signal?: AbortSignal,
  ): Promise<SnapshotReader | undefined> {
    const { clock, storage } = this.#options;
    const deadlineMs = clock.now() + maxExportWaitMs;
    const isWanted = (): boolean => !this.#stopped && signal?.aborted !== true;
    while (isWanted() && clock.now() < deadlineMs) {
      if (this.#current.index >= index && this.#current.index > 0) {
        const reader = storage.openSnapshot(this.#current.hash);
        if (reader !== undefined) return reader;
      }
      if (this.#saving !== undefined) {
        await this.#saving;
        continue;
      }
      if (this.isPausing) throw noRoomForBackup();
      const now = present();
      const saved = now === undefined ? undefined : await this.save(now.point, now.state);
      // A disk that refuses everything says so at once: asked again in the same turn, it would be asked for ever.
      if (saved === undefined)
        await new Promise<void>((resolve) => void clock.after(exportPauseMs, resolve));
    }
    if (isWanted()) throw notSavedInTime(maxExportWaitMs / 1000);
    return undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.#verifying = undefined;
    this.#options.payloads.stop();
    this.setTransfers([]);
    const cancelWait = (): void =>
      this.#auditWait.reject(new Error('The node stops, and its audit is not written.'));
    void this.#options.clock.after(longestAuditWaitMs, cancelWait); // ENG-SNAP-8
  }
}

/** A snapshot of a large state takes its time; a backup may have to wait for two. */
const maxExportWaitMs = 120_000;
const exportPauseMs = 20;
const noRoomPauseMs = 60_000;
const longestAuditWaitMs = 1000;
