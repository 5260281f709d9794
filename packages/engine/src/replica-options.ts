/** What a replica stands on, and whom it tells what happens. */
import type { LogIndex, Outbound, RaftConfig, Recovered, Status } from '@holdfast/raft';
import type { Applied } from '@holdfast/state';
import type { Storage } from '@holdfast/storage';
import type { AuditSink } from './audit-sink.ts';
import type { Batch } from './batch.ts';
import type { Clock } from './clock.ts';
import type { Payloads } from './payloads/payloads.ts';
import type { Timings } from './timings.ts';
import type { EngineLog } from './types.ts';

export interface ReplicaHooks {
  /** After each applied batch, on every node. */
  readonly onApplied: (index: LogIndex, batch: Batch, applied: Applied) => void;
  /** The state was taken from a snapshot: changes up to this index were not applied one by one. */
  readonly onRestored: (index: LogIndex) => void;
  /**
   * The hash of this node's state as of an entry of which others may have one too; undefined where its
   * bytes cannot be compared.
   */
  readonly onStateKnown: (index: LogIndex, stateHash: string | undefined) => void;
  readonly onStatus: (status: Status) => void;
  readonly onTick: () => void;
  readonly send: (outbound: Outbound) => void;
  readonly onFatal: (error: Error) => void;
}

export interface ReplicaOptions {
  readonly config: RaftConfig;
  readonly recovered: Recovered;
  readonly storage: Storage;
  readonly payloads: Payloads;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  readonly tickMs: number;
  /** A checkpoint is due after so many bytes of log. */
  readonly snapshotLogBytes: number;
  /** Entries kept behind a snapshot; 1000 when absent. */
  readonly keptEntries?: number;
  /** Entries applied in one turn of the event loop; 1000 when absent. */
  readonly maxEntriesPerTurn?: number;
  /** Of the program; the latest when absent (FEATURE-4). */
  readonly supportedFeatureLevel?: number;
  readonly log: EngineLog;
  readonly auditSink?: AuditSink | undefined;
  readonly timings?: Timings;
  readonly hooks: ReplicaHooks;
}
