// Made from packages/contract by "make documents". Change the declaration, not this file.

/** Request of AuditStatus. */
export type AuditStatusBody = Readonly<Record<string, never>>;

/** Where a chain has come to in the files of this node. */
export interface AuditChainRow {
  /**
   * `changes`, the same on every node, or of this one `node` (what it did beside the log) or `requests` (what it
   * refused, or was read).
   */
  readonly chain: string;
  /** Number of its last record. */
  readonly size: number;
  /** Hash of its last record. */
  readonly head: string;
  /** Records that this node has dropped since it started. */
  readonly dropped: number;
  /** Bytes of it that wait for the disk. */
  readonly buffered_bytes: number;
}

/** What AuditStatus answers. */
export interface AuditStatusAnswer {
  /** Changes are chained, and recorded on every node. */
  readonly enabled: boolean;
  /** Changes in the chain, as of what this node has applied. */
  readonly size: number;
  /** Hash of the last one. */
  readonly head: string;
  /** Of what this node has applied. */
  readonly revision: number;
  /** The last write of the audit on this node failed. */
  readonly failing: boolean;
  /** This node refuses changes, since it cannot record them. */
  readonly refuses_changes: boolean;
  /** The files of this node; none where it writes none. */
  readonly chains: readonly AuditChainRow[];
}

/** Request of EnableAudit. */
export type EnableAuditBody = Readonly<Record<string, never>>;

/** In force on every node from this change on. */
export interface AuditSwitchedAnswer {
  /** Changes are chained. */
  readonly enabled: boolean;
}

/** Request of DisableAudit. */
export type DisableAuditBody = Readonly<Record<string, never>>;

/** Request of AuditCheckpoint. */
export type AuditCheckpointBody = Readonly<Record<string, never>>;

/** What AuditCheckpoint answers. */
export interface AuditCheckpointAnswer {
  /** One for each chain; none where this node writes none. */
  readonly notes: readonly string[];
  /** What the signatures of this node are checked by. */
  readonly verifier_key: string;
}

/** Request of AuditRecords. */
export interface AuditRecordsBody {
  /** Chain of the records; `changes` when absent. */
  readonly chain?: 'changes' | 'node' | 'requests';
  /** Records, at most; 50 when absent. 1 to 200. */
  readonly limit?: number;
}

/** What AuditRecords answers. */
export interface AuditRecordsAnswer {
  /** Newest first. */
  readonly records: readonly {
    /** Its number in the chain. */
    readonly seq: number;
    /** Its hash. */
    readonly hash: string;
    /** Wall-clock time, seconds since 1970, for people. */
    readonly at: number;
    /** Identity. */
    readonly by: string;
    /** How the identity was proven. */
    readonly proof: string;
    /** From where. */
    readonly address: string;
    /** Client id of the session. */
    readonly client: string;
    /** Command, or operation of the interface. */
    readonly operation: string;
    /** What it was about. */
    readonly on: readonly string[];
    /** What came of it, or the code of the error. */
    readonly outcome: string;
  }[];
  /** Each of them follows by its hash on the one before. */
  readonly whole: boolean;
}
