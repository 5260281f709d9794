import type { Entry, LogIndex, Recovered, SnapshotMeta, Write } from '@holdfast/raft';

export interface StorageOptions {
  /** Folder of this node; made when missing. */
  readonly folder: string;
  /** Identity written on first start and compared on every later one. */
  readonly clusterId: string;
  readonly memberId: string;
  /** Called once, on a failed write or fsync. The node must stop: storage accepts nothing afterwards. */
  readonly onFailure: (error: Error) => void;
  /** Tests only: the commit of every write is delayed by this long, in the writer's thread. */
  readonly writeDelayMs?: number;
}

/**
 * The durable side of one node. All writes go to a thread of their own, in order, one commit in
 * flight; whatever arrives meanwhile is the next batch.
 */
export interface Storage {
  /** Resolves when the write (and all before it) is fsynced. Never rejects: failure goes to `onFailure`. */
  write(write: Write): Promise<void>;
  /** Stores a snapshot of the own state machine, chunk by chunk (pulled lazily, so that a large one neither fills memory nor stops the loop), then makes it current and deletes entries below `keepFrom`, after the snapshot is durable. Resolves with undefined when a newer one of the leader was installed meanwhile. */
  saveSnapshot(
    meta: Omit<SnapshotMeta, 'chunkCount'>,
    chunks: Iterable<Uint8Array>,
    keepFrom: LogIndex,
  ): Promise<SnapshotMeta | undefined>;
  /** A chunk of the current snapshot, or undefined when that snapshot has been replaced meanwhile. */
  readSnapshotChunk(index: LogIndex, chunk: number): Promise<Uint8Array | undefined>;
  /** Counters for metrics. */
  readonly figures: {
    readonly commits: number;
    readonly pendingWrites: number;
    readonly lastCommitMs: number;
    readonly sizeBytes: number;
  };
  close(): Promise<void>;
}

/** What `openStorage` finds: the log as recovered, plus plain sentences about what it had to repair (a torn tail). */
export interface Opened {
  readonly storage: Storage;
  /** `undefined` on a folder that was never used: the caller makes the initial `Recovered`. */
  readonly recovered: Recovered | undefined;
  readonly repairs: readonly string[];
}
export type { Entry };
