export type { AuditSink } from './audit-sink.ts';
import type { AccessQuery, FoundAccess } from './access-queries.ts';
import type { HoldfastError, Tracing } from '@holdfast/protocol';
import type {
  AccessTables,
  AuditHead,
  BlockedKeysPage,
  Command,
  SettledResult,
  DeadLettersPage,
  EndedHold,
  Event,
  FenceToken,
  FoundHold,
  Holder,
  HoldsPage,
  PlaceKind,
  PlacesPage,
  Primitives,
  QueuesPage,
  QueuesWanted,
  QueueView,
  ResourceKind,
  Listed,
  ListedKind,
  ListWanted,
  SessionId,
  SessionView,
  Shown,
  StateLimits,
  Stats,
  Refusal,
} from '@holdfast/state';
import type { CallOptions, Caller } from './call-options.ts';
import type { TimingListener } from './timings.ts';
import type { TellClient } from './cache/client-memories.ts';
import type { CacheListing } from './cache/listing.ts';
import type {
  CacheClient,
  CacheFills,
  CacheRead,
  CacheStatistics,
  FillAnswer,
  FillRequest,
} from './cache/statistics.ts';
import type { AuditSink } from './audit-sink.ts';
import type { PayloadStatistics } from './payloads/payload-statistics.ts';
import type { PeerSockets } from './transport/peer-sockets.ts';

export { callerIn } from './call-options.ts';
export type { Caller, CallOptions } from './call-options.ts';

/** One record of a primitive. */
export type PlaceQuery = {
  readonly [Kind in PlaceKind]: { readonly type: Kind; readonly name: string } & Shown;
}[PlaceKind];

/** A read of the state machine, as data, so that it can be answered by another node. */
export type Query =
  | { readonly type: 'session'; readonly sessionId: SessionId }
  | {
      readonly type: 'session_holds';
      readonly sessionId: SessionId;
      /** First token of the last hold of the page before; 0: from the first on. */
      readonly after: number;
      /** 0: only how many there are, and their digest. */
      readonly limit: number;
    }
  | {
      readonly type: 'places';
      readonly sessionId: SessionId;
      readonly after: number;
      readonly limit: number;
    }
  | PlaceQuery
  | {
      readonly type: 'find_hold';
      readonly kind: ResourceKind;
      readonly name: string;
      /** Asks also how the hold with this token ended, if others ended it. Absent: any hold of the holder. */
      readonly fenceToken?: FenceToken;
      readonly holder?: Holder;
    }
  | { readonly type: 'list'; readonly kind: ListedKind; readonly wanted: ListWanted }
  | { readonly type: 'queue'; readonly name: string }
  | { readonly type: 'queues'; readonly wanted: QueuesWanted }
  /** How many of its messages would be delivered now. */
  | { readonly type: 'queue_ready'; readonly name: string }
  | {
      readonly type: 'dead_letters';
      readonly name: string;
      readonly after: number;
      readonly limit: number;
      /** Nothing but the ids is told (IDS-1 of the state). A member of an earlier version tells all. */
      readonly idsOnly?: true;
    }
  | {
      readonly type: 'blocked_keys';
      readonly name: string;
      readonly after?: string;
      readonly limit: number;
    }
  | AccessQuery
  | { readonly type: 'stats' };

/** What a query finds, as of a log index. */
export type QueryResult = Found & {
  /** Log index of the state that was read. */
  readonly revision: number;
};

export type Found =
  | {
      readonly type: 'session';
      /** Wall clock of the leader's last renewal, for people. */
      readonly lastKeepAliveMs: number;
      readonly session: SessionView;
    }
  | { readonly type: 'session_holds'; readonly page: HoldsPage }
  | { readonly type: 'places'; readonly page: PlacesPage }
  | { readonly type: 'session_missing'; readonly refusal: Refusal }
  | {
      readonly [Kind in PlaceKind]: {
        readonly type: Kind;
        readonly view: Primitives[Kind]['view'];
      };
    }[PlaceKind]
  | {
      readonly type: 'found_hold';
      readonly found: FoundHold;
      readonly ended: EndedHold | undefined;
      /** Nobody has the token: the implicit session that gave it back, where a repetition is answered. */
      readonly gaveBack: SessionId | undefined;
    }
  | { readonly type: 'queue'; readonly view: QueueView | undefined }
  | { readonly type: 'queues'; readonly page: QueuesPage }
  | { readonly type: 'queue_ready'; readonly count: number }
  | { readonly type: 'dead_letters'; readonly page: DeadLettersPage | undefined }
  | { readonly type: 'blocked_keys'; readonly page: BlockedKeysPage | undefined }
  | {
      readonly type: 'list';
      readonly listed: Listed;
      /** Of sessions, one of each row: wall clock of the leader's last renewal, for people. Null where this node has none. */
      readonly keepAlivesMs?: readonly (number | null)[];
    }
  | FoundAccess
  | { readonly type: 'stats'; readonly stats: Stats };

export type KeepAliveResult = { readonly ok: true; readonly timeoutMs: number } | Refusal;

/** The kinds of what is found that have another name than the query, or more of them. */
export interface FoundKinds {
  readonly session: 'session' | 'session_missing';
  readonly session_holds: 'session_holds' | 'session_missing';
  readonly places: 'places' | 'session_missing';
  readonly find_hold: 'found_hold';
}
type KindOf<Type> = Type extends keyof FoundKinds ? FoundKinds[Type] : Type;

export type CommandAnswer<C extends Command> = SettledResult<C['type']> | Refusal;
export type QueryAnswer<Q extends Query> = Extract<Found, { readonly type: KindOf<Q['type']> }> &
  Pick<QueryResult, 'revision'>;

export type Consistency = 'linearizable' | 'stale';

export interface MemberStatus {
  readonly id: string;
  /** `host:port` of the peer listener. */
  readonly address: string;
  readonly role: 'voter' | 'learner';
  /** Where clients reach it, once known; else ''. */
  readonly clientUrl: string;
  /** Last log index known to be stored there; only on the leader, else null. */
  readonly matchIndex: number | null;
  readonly connected: boolean;
  /** The highest feature level that its program supports, as it has told; null while this node does not know it. */
  readonly supportedFeatureLevel: number | null;
}

export interface ClusterStatus {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly role: string;
  readonly term: number;
  readonly leader: string | null;
  /** Peer address of the leader. */
  readonly leaderAddress: string | null;
  readonly leaderClientUrl: string | null;
  /** A leader is known and this node can have requests answered. */
  readonly ready: boolean;
  /** It is no member any more, as far as it knows (`removal.ts`). */
  readonly isRemoved: boolean;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly firstIndex: number;
  /** Of what may be logged (FEATURE-1). */
  readonly featureLevel: number;
  /** The highest that this node's program supports. */
  readonly supportedFeatureLevel: number;
  readonly members: readonly MemberStatus[];
}

/** The file of a snapshot: a line of JSON that says what it is a snapshot of, then the state. */
export interface Backup {
  /** Everything up to this log index is in it. */
  readonly index: number;
  /** SHA-256 of all its bytes, in lower-case hexadecimal. */
  readonly hash: string;
  readonly byteLength: number;
  /** To be read once. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Gives the file back. Does nothing where that has been done. */
  close(): void;
}

/**
 * Makes commands durable, ordered and applied everywhere, and proves leadership. Names nothing of
 * Raft: an engine on another log can stand in its place.
 * Every method may throw `HoldfastError` with `not_leader`, `no_quorum`, `outcome_unknown`, `overloaded` or `shutting_down`.
 */
export interface Engine {
  /**
   * Submits a command. For an acquire that waits, resolves with the outcome (`granted` or a
   * refusal), never with `queued`. A refusal of the state machine is a result, not a throw.
   */
  submit<C extends Command>(command: C, options: CallOptions): Promise<CommandAnswer<C>>;
  /** Extends a session without a log write, after proof of leadership. */
  keepAlive(sessionId: SessionId, options: CallOptions): Promise<KeepAliveResult>;
  /** The value of a key of the cache as of now: from the memory of this node where it may be, else from the leader. */
  readCache(key: string, options: CallOptions): Promise<CacheRead>;
  readonly cacheFills: CacheFills;
  /** What this node has in its memory of the cache now, and what is to be dropped. */
  listCache(): CacheListing;
  /**
   * A client of this node that answers reads of the cache from its own memory.
   *
   * @param tell Called with what it has to drop.
   */
  openCacheClient(tell: TellClient, who: string): CacheClient;
  query<Q extends Query>(
    query: Q,
    consistency: Consistency,
    options: CallOptions,
  ): Promise<QueryAnswer<Q>>;
  status(): ClusterStatus;
  /** Who may do what, as applied on this node, and the revision of that. */
  readonly access: AccessTables;
  readonly revision: number;
  /** Where the chain of changes has come to on this node. */
  readonly audit: AuditHead;
  /** As of this node: whether a session is, or was, of another identity (OWNER-1 of the state). */
  isForeign(identity: string, sessionId: SessionId): boolean;
  /** Called with each new status when leader, role, membership or feature level changes. Returns the unsubscribe. */
  onStatus(listener: (status: ClusterStatus) => void): () => void;
  /** Events of every applied change on this node, in order. */
  onEvents(listener: EventListener): () => void;
  /**
   * Changes were made without their events: the state was taken from a snapshot, and is as of this
   * revision. Whoever follows events has to look anew.
   */
  onGap(listener: (revision: number) => void): () => void;
  /** @param caller Logged by the leader, on whichever node it was asked for; absent: the node itself. */
  addMember(id: string, address: string, caller?: Caller): Promise<void>;
  /** A learner that has caught up gets its vote; a member that has one keeps it. */
  promoteMember(id: string, caller?: Caller): Promise<void>;
  removeMember(id: string, caller?: Caller): Promise<void>;
  /** null: to the most up-to-date member. Resolves with the new leader's id. */
  transferLeadership(to: string | null, caller?: Caller): Promise<string>;
  /**
   * Asks another member, or this node itself, for what its `onAsked` answers. Whatever crosses is JSON, and bounded as a frame is.
   *
   * @throws HoldfastError `store_unavailable` where it was not asked, `outcome_unknown` where its answer did not come.
   */
  askMember(id: string, body: object, options: CallOptions): Promise<unknown>;
  /** Who answers what other members ask of this one: one for questions `about` something, and one for those that name nothing. */
  onAsked(answer: (body: unknown) => Promise<unknown>, about?: string): void;
  /** A backup of everything that this node has applied when it is asked. It has to be closed, or read to its end. @param signal Aborted when whoever asked has gone. */
  openBackup(signal?: AbortSignal): Promise<Backup>;
  /** Statistics for metrics: plain numbers by name. */
  stats(): EngineStats;
  /** Hands leadership over when leader, answers what is in flight, stops. */
  close(): Promise<void>;
}

/**
 * Told of the events of an entry.
 *
 * @param wallMs Wall clock of the leader that proposed it, for people; undefined where the log does not tell it.
 */
export type EventListener = (revision: number, events: readonly Event[], wallMs?: number) => void;

export type { PayloadStatistics };
export type { CacheListing };
export type { CacheClient, CacheFills, CacheRead, CacheStatistics, FillAnswer, FillRequest };

export interface EngineStats {
  readonly cache: CacheStatistics;
  readonly leaderChanges: number;
  readonly proposedBatches: number;
  readonly proposedCommands: number;
  readonly pendingCommands: number;
  readonly waitingAcquires: number;
  /** Recent commit latencies are handed to this listener, in seconds. */
  readonly onCommit: (listener: (seconds: number) => void) => () => void;
  /** So are the durations of other work. Returns the unsubscribe. */
  readonly onTiming: (listener: TimingListener) => () => void;
  readonly storage: {
    readonly commits: number;
    readonly pendingWrites: number;
    readonly lastCommitMs: number;
    readonly sizeBytes: number;
    /** Of these, the log's; the rest are snapshots and payloads. */
    readonly logBytes: number;
    /** Of the entries in memory: since the last snapshot, and some before it. */
    readonly logMemoryBytes: number;
    /** Snapshots of this node that came to nothing for want of room. */
    readonly snapshotFailures: number;
    readonly payloads: PayloadStatistics;
  };
}

export interface RaftEngineOptions {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly folder: string;
  /** Where peers reach this node; null: a single node that no other can join. */
  readonly peerListen: { readonly host: string; readonly port: number } | null;
  readonly peerAdvertise: string;
  /** How members connect, and prove who they are (PEER-1). Plain connections, which prove nothing, where absent. */
  readonly peerSockets?: PeerSockets | undefined;
  /** All initial voters, this node included; ignored once the folder has a membership. A joining node gives only those it may ask. */
  readonly initialMembers: readonly { readonly id: string; readonly address: string }[];
  /** True for a node that is added to a running cluster: it starts without a vote and waits for the leader to reach it. */
  readonly join: boolean;
  /** Where clients reach this node. */
  readonly clientUrl: string;
  readonly heartbeatMs: number;
  readonly electionTimeoutMinMs: number;
  readonly electionTimeoutMaxMs: number;
  /** Bounds of the state machine. They decide results, so those of the leader are logged and in force on every node. */
  readonly stateLimits: StateLimits;
  /** Snapshot after so many bytes of log. */
  readonly snapshotLogBytes: number;
  readonly log: EngineLog;
  /** Called once when the node must stop (failed disk, broken invariant). */
  readonly onFatal: (error: Error) => void;
  /** Opens where the records of the audit go, once no other process has the folder (IDENTITY-4); nowhere where absent. */
  readonly openAuditSink?: (() => AuditSink) | undefined;
  /** Continues the traces of commands that other members pass on; nobody where absent. */
  readonly tracing?: Tracing | undefined;
  /** Tests only. */
  readonly writeDelayMs?: number;
  /** Lower than this program's, for tests of members of different releases. */
  readonly supportedFeatureLevel?: number;
}

export interface EngineLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
export type * from './access-queries.ts';
export type { HoldfastError };
