import type { LogIndex, Membership, Recovered, SnapshotMeta, Term, Write } from '@holdfast/raft';

/** How far a log has come. One that has come less far than it once had is an older copy, or lost its end. */
export interface LogPosition {
  /** How often it was opened. */
  readonly starts?: number;
  /** How many writes it holds, those that were cleared up included. */
  readonly frames?: number;
}

export interface StorageOptions {
  /** Folder of the log; made when missing. */
  readonly folder: string;
  /**
   * Identity of the log, which every frame of it carries. `made`: the node's identity says that this log
   * was made: it must be there, and have come as far as the identity says. Otherwise it is made now (or
   * converted from the format before).
   */
  readonly log: { readonly id: string; readonly made: boolean } & LogPosition;
  /** Whose log of the format before is converted; not compared when absent. */
  readonly formerOwner?: { readonly clusterId: string; readonly memberId: string };
  /** Called once, on a failed write. The node must stop: storage accepts nothing afterwards. */
  readonly onFailure: (error: Error) => void;
  /** Told, in a plain sentence, of what went wrong and keeps the node from nothing. */
  readonly onWarning?: (text: string) => void;
  /** Called when all is durable and closed and no write failed, while the folder is still locked. */
  readonly onClosed?: (position: Required<LogPosition>) => void;
  /**
   * Gives back the folder's lock (`lockFolder`), which the caller took: called when the storage is closed.
   * Otherwise the storage takes the lock itself. Where opening fails the lock stays with the caller.
   */
  readonly unlock?: () => void;
  /** Tells when another process has the folder (FOLDER-1 of folder-owner.ts); `openStorage` looks by itself. Returns what ends it. */
  readonly watch?: (onLost: (error: Error) => void) => () => void;
  /** Tests only: every write to the disk is delayed by this long. */
  readonly writeDelayMs?: number;
}

/** An open descriptor of a snapshot's file: it can be read to its end, whatever is cleared up meanwhile. */
export interface SnapshotReader {
  readonly meta: SnapshotMeta;
  /** Exactly the bytes asked for. Rejects where the disk fails: the node must stop. */
  read(offset: number, byteLength: number): Promise<Uint8Array>;
  close(): void;
}

/** Payloads of messages, each with a number of its own. What is put is durable some time later. */
export interface PayloadStore {
  /** Keeps it; one that is here already is written anew. */
  put(id: number, body: Uint8Array): void;
  has(id: number): boolean;
  /** May be read on while payloads come and go. */
  ids(): Iterable<number>;
  /** It is needed no more. */
  end(id: number): void;
  /** Of where it is now: what ends it afterwards does not take it away. Undefined: it is not here, or damaged. */
  read(id: number): Promise<Uint8Array | undefined>;
  /** Resolves when all that was put before is durable. False: it never will be, or there is no room for it now. */
  durable(): Promise<boolean>;
  /** It is not here as far as can be read now, and may be here all the same: a part of the disk cannot be read. */
  mayHave(id: number): boolean;
  /** More waits to be written than should be put. */
  readonly isBehind: boolean;
  /** Why payloads could not be written the last time, where that was for want of room. They wait in memory until `durable` is asked for. */
  readonly shortage: Error | undefined;
  /** Told whenever there was no room for them. */
  onShortage(listener: () => void): void;
  /** Told whenever there is more room. */
  onRoom(listener: () => void): void;
  /** Told which are not here any more, since they were found damaged when they were to be written anew. */
  onDamaged(listener: (ids: readonly number[]) => void): void;
  readonly stats: {
    readonly count: number;
    /** Of the files. */
    readonly sizeBytes: number;
    /** How often payloads could not be written for want of room. */
    readonly shortages: number;
    /** Of what is needed in them. */
    readonly liveBytes: number;
    readonly waitingBytes: number;
    /** Times that a file could not be read, or not be removed. */
    readonly errors: number;
    /** Payloads that `onDamaged` was told of. */
    readonly damaged: number;
  };
}

/**
 * The durable side of one node. Writes happen in order, one in flight; whatever arrives meanwhile is
 * the next one. The event loop never waits for the disk.
 */
export interface Storage {
  /** Resolves when the write (and all before it) is durable. Never rejects: failure goes to `onFailure`. */
  write(write: Write): Promise<void>;
  /**
   * Writes a snapshot of the own state machine aside (pulled lazily, so that a large one neither fills
   * memory nor stops the event loop), syncs and renames it. Resolves with undefined when a newer one was
   * installed meanwhile. It has its name only when all payloads that were put before are durable (PAYLOAD-1 of the
   * engine). The log and the snapshot before stay until `forgetBefore`. Rejects with `SnapshotNotSavedError` where there is no room
   * for it: nothing of it is left, and the storage goes on.
   */
  saveSnapshot(
    meta: { readonly index: LogIndex; readonly term: Term; readonly membership: Membership },
    stateChunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<SnapshotMeta | undefined>;
  /** Opens the current snapshot, one that was not cleared up yet, or one whose last chunk was written by `write`; undefined where there is none of this hash. */
  openSnapshot(hash: string): SnapshotReader | undefined;
  /** Where the state's bytes begin in the snapshot's file, after the head that names index, term and membership. */
  stateOffset(meta: SnapshotMeta): number;
  /** Whether the received bytes are what the hash names. */
  verifyReceived(meta: SnapshotMeta): Promise<boolean>;
  /** Entries before `keepFrom` and snapshots other than this one are not needed any more. Readers that are open stay usable. */
  forgetBefore(keepFrom: LogIndex, currentSnapshotHash: string): void;
  readonly payloads: PayloadStore;
  /** Counters for metrics. */
  readonly stats: {
    readonly commits: number;
    readonly pendingWrites: number;
    readonly lastCommitMs: number;
    /** Of segments, snapshots and payloads on the disk, also of those whose name is gone while somebody reads them. */
    readonly sizeBytes: number;
    /** Of these, the segments'. */
    readonly logBytes: number;
  };
  /** Told how long each durable write took, from then on. */
  onWritten(listener: (durationMs: number) => void): void;
  /** Resolves when what was handed over is durable and every file is closed. */
  close(): Promise<void>;
}

/** What `openStorage` finds: the log as recovered, plus plain sentences about what it had to repair (a torn tail). */
export interface Opened {
  readonly storage: Storage;
  /** `undefined` on a log that holds nothing yet: the caller makes the initial `Recovered`. */
  readonly recovered: Recovered | undefined;
  readonly repairs: readonly string[];
  /** To be recorded durably elsewhere, and given to the next `openStorage`, before anything is acknowledged. */
  readonly position: Required<LogPosition>;
  /** Call it after the identity of the log is durable elsewhere: files of the format before are removed. */
  readonly finishConversion?: () => void;
}
