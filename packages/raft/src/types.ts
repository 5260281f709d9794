/**
 * The words of the Raft core: what goes in, what comes out.
 *
 * The core is a pure step function. It has no clock (time is `tick()`), no randomness (the caller passes
 * `random`), no I/O (what must be durable comes out as `Write`, what must be sent as `Outbound`).
 */

/** A member's id. Never used twice in the life of a cluster. */
export type MemberId = string & { readonly __brand: 'MemberId' };
export type Term = number;
/** Position in the replicated log; the first entry has index 1. */
export type LogIndex = number;

export type EntryKind = 'command' | 'noop' | 'membership';

export interface Entry {
  readonly index: LogIndex;
  readonly term: Term;
  readonly kind: EntryKind;
  /** Opaque to the core for `command`; empty for `noop`; an encoded `Membership` for `membership`. */
  readonly data: Uint8Array;
}

export interface Member {
  readonly id: MemberId;
  /** `host:port` of the member's peer listener. */
  readonly address: string;
  readonly role: 'voter' | 'learner';
}

/** Members ordered by id. */
export interface Membership {
  readonly members: readonly Member[];
}

/** Term, vote and the last index known to be committed (`commit` is a hint that may lag). */
export interface HardState {
  readonly term: Term;
  readonly votedFor: MemberId | null;
  readonly commit: LogIndex;
}

/**
 * A snapshot is one immutable object: two are the same one exactly when their hashes are equal. The
 * state before the first entry has index 0, an empty hash and no bytes.
 */
export interface SnapshotMeta {
  readonly index: LogIndex;
  readonly term: Term;
  readonly membership: Membership;
  /** SHA-256 over all its bytes, in lower-case hexadecimal. */
  readonly hash: string;
  readonly byteLength: number;
}

/** A part of a snapshot. */
export interface SnapshotChunk {
  readonly meta: SnapshotMeta;
  /** Position of its first byte. */
  readonly offset: number;
  readonly data: Uint8Array;
}

interface MessageBase {
  /** The sender's term (for a pre-vote: the term it would campaign in). */
  readonly term: Term;
}
export type Message = MessageBase &
  (
    | { readonly type: 'pre_vote'; readonly lastIndex: LogIndex; readonly lastTerm: Term }
    | { readonly type: 'pre_vote_answer'; readonly granted: boolean }
    | {
        readonly type: 'vote';
        readonly lastIndex: LogIndex;
        readonly lastTerm: Term;
        /** The campaign was asked for by the leader (leadership transfer): do not refuse it for having a live leader. */
        readonly transfer: boolean;
      }
    | { readonly type: 'vote_answer'; readonly granted: boolean }
    | {
        /** Replication and heartbeat at once: a heartbeat is an append without entries. */
        readonly type: 'append';
        readonly previousIndex: LogIndex;
        readonly previousTerm: Term;
        readonly entries: readonly Entry[];
        readonly commit: LogIndex;
        /** Leader-made token of the newest leadership proof round this message may prove. */
        readonly probe: number;
      }
    | {
        readonly type: 'append_answer';
        readonly probe: number;
        readonly accepted: true;
        readonly matchIndex: LogIndex;
      }
    | {
        readonly type: 'append_answer';
        readonly probe: number;
        readonly accepted: false;
        readonly rejectedIndex: LogIndex;
        /** Term of the conflicting entry at the follower (0: its log is too short) and a hint where to go on. */
        readonly conflictTerm: Term;
        readonly conflictIndex: LogIndex;
      }
    | {
        /**
         * The core leaves `data` empty; the host fills it with `byteLength` bytes from storage before it
         * sends. With a `byteLength` of 0 it only asks how far the follower is, and stays empty.
         */
        readonly type: 'snapshot_chunk';
        readonly meta: SnapshotMeta;
        readonly offset: number;
        readonly byteLength: number;
        readonly data: Uint8Array;
        readonly probe: number;
      }
    | {
        readonly type: 'snapshot_answer';
        readonly hash: string;
        /** All bytes before this one are durable at the follower. */
        readonly nextOffset: number;
        /** It is verified and installed (or what it holds is there already). */
        readonly installed: boolean;
        readonly probe: number;
      }
    | { readonly type: 'timeout_now' }
  );

export interface Outbound {
  readonly to: MemberId;
  readonly message: Message;
}

/**
 * One durable batch. The host writes it in one transaction with one fsync, in the order given, and
 * then calls `persisted(id)`. Writes are made strictly in order of `id`; several may be merged in one fsync.
 */
export interface Write {
  readonly id: number;
  readonly hardState?: HardState;
  /** Remove every entry with an index at or above this one, before `entries` are added. */
  readonly truncateFrom?: LogIndex;
  readonly entries: readonly Entry[];
  /** Chunks of the snapshot being received, in order of offset, without gaps. Offset 0 discards what there is of an unfinished one. */
  readonly snapshotChunks?: readonly SnapshotChunk[];
  /** The received snapshot is complete and verified: make it the current one and delete the whole log up to it (all of it where it does not contain the entry `meta.index`/`meta.term`). */
  readonly installSnapshot?: SnapshotMeta;
}

export type Role = 'follower' | 'pre_candidate' | 'candidate' | 'leader' | 'learner';

export interface Status {
  readonly id: MemberId;
  readonly role: Role;
  readonly term: Term;
  readonly leader: MemberId | null;
  readonly commit: LogIndex;
  readonly applied: LogIndex;
  readonly lastIndex: LogIndex;
  readonly firstIndex: LogIndex;
  /** By the newest entry in the log, committed or not. */
  readonly membership: Membership;
  /** Of that entry. */
  readonly membershipIndex: LogIndex;
  /** True when leader, the own-term no-op is applied and no transfer is under way: commands may be proposed. */
  readonly ready: boolean;
  /** Leader only: per peer progress, for people. */
  readonly progress: readonly {
    readonly id: MemberId;
    readonly matchIndex: LogIndex;
    readonly state: 'probe' | 'replicate' | 'snapshot';
    /** Ticks since the last message from this peer. */
    readonly silentTicks: number;
  }[];
}

export interface Output {
  /** In order of id; possibly empty. */
  readonly writes: readonly Write[];
  /** May leave at once. Messages that depend on a write appear here only after `persisted` told of it. */
  readonly messages: readonly Outbound[];
  /**
   * Newly committed entries to apply, in order, without gaps; all are durable on a majority. The host
   * applies them, then calls `appliedTo`. A bounded part of them: where there are some, the next
   * `takeOutput` may have more.
   */
  readonly committed: readonly Entry[];
  /**
   * Set when all bytes of a received snapshot are durable: the host verifies its hash and that it can be
   * read, and calls `snapshotVerified` once. Nothing of the old state has gone yet, and nothing else is
   * received before the outcome is told.
   */
  readonly verify?: SnapshotMeta;
  /** Hashes of the snapshots that are being sent, set when they changed: the host keeps each readable until it is no longer named. */
  readonly transfers?: readonly string[];
  /** A follower got all bytes of this snapshot and they did not verify: the host looks whether its own copy is damaged. */
  readonly suspect?: SnapshotMeta;
  /** Set when a received snapshot is installed and durable: the host takes the state that it has restored from it before it applies anything later. Comes before `committed`. */
  readonly restore?: SnapshotMeta;
  /** Proven reads: the state may be read once `index` is applied. */
  readonly reads: readonly { readonly readId: number; readonly index: LogIndex }[];
  /** Reads that cannot be proven (leadership lost). */
  readonly failedReads: readonly number[];
  /** Set when role, term, leader, readiness or membership changed since the last output. */
  readonly status?: Status;
}

export interface RaftConfig {
  readonly id: MemberId;
  readonly heartbeatTicks: number;
  /** The election timeout is drawn anew from [electionTicksMin, electionTicksMax] each time. */
  readonly electionTicksMin: number;
  readonly electionTicksMax: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /**
   * Most bytes of data in one entry: what is larger is never proposed. An append carries at least one
   * entry, so that this, and `maxAppendBytes`, and `snapshotChunkBytes`, each with what an entry (its index,
   * term, kind and length) and the message around it add, must be below the largest frame that the
   * transport carries.
   */
  readonly maxEntryBytes: number;
  /** Most bytes of entries in one append message (at least one entry is sent). */
  readonly maxAppendBytes: number;
  /** Bytes of a snapshot in one message, and most of them sent and not yet answered. */
  readonly snapshotChunkBytes: number;
  readonly maxSnapshotInflightBytes: number;
  /** A transfer whose follower made no progress for so long is cancelled: it begins anew, with the newest snapshot. */
  readonly maxTransferIdleTicks: number;
  /** Most bytes of entries that are kept in the log for the sake of transfers; beyond, the oldest transfer is cancelled. */
  readonly maxKeptBytes: number;
  /** Most bytes and messages in flight to one peer. */
  readonly maxInflightBytes: number;
  readonly maxInflightMessages: number;
  /** Most bytes proposed and not yet committed. */
  readonly maxUncommittedBytes: number;
  /** A leader whose own write has been outstanding for longer steps down, and nobody campaigns while one is (RAFT-ELECT-1). */
  readonly maxWriteTicks: number;
  /** False while the host knows that this node cannot be elected, as one that was removed: it does not campaign. True where absent. */
  readonly canBeElected?: () => boolean;
}

/** What storage found on start. */
export interface Recovered {
  readonly hardState: HardState;
  /** Index 0, term 0 and the initial membership on a new node. */
  readonly snapshot: SnapshotMeta;
  /** All entries after (or overlapping, for slow followers) the snapshot, without gaps. */
  readonly entries: readonly Entry[];
}

export type ProposeAnswer =
  | { readonly ok: true; readonly index: LogIndex; readonly term: Term }
  | {
      readonly ok: false;
      readonly reason:
        | 'not_leader'
        | 'not_ready'
        | 'transferring'
        | 'too_much_uncommitted'
        | 'too_large'
        | 'change_in_progress'
        | 'not_caught_up'
        | 'invalid_change';
      readonly detail?: string;
    };

export type MembershipChange =
  | { readonly type: 'add_learner'; readonly id: MemberId; readonly address: string }
  | { readonly type: 'promote'; readonly id: MemberId }
  | { readonly type: 'remove'; readonly id: MemberId };

/** The contract of the core, implemented by `createRaft`. Throws `RaftInvariantError` on a broken invariant: the host must stop the process. */
export interface Raft {
  tick(): void;
  /** Returns why the message was ignored, where it tells of this node what cannot be, for the host to log. */
  step(from: MemberId, message: Message): string | undefined;
  propose(data: Uint8Array): ProposeAnswer;
  changeMembership(change: MembershipChange): ProposeAnswer;
  /** Asks for a proof of leadership; `readId` is made by the host and comes back in `reads` or `failedReads`. */
  requestRead(readId: number): void;
  /** `to` null: the most up-to-date voter. */
  transferLeadership(to: MemberId | null): ProposeAnswer;
  /** The host lost faith in itself (late ticks): a leader becomes a follower at once. */
  stepDown(): void;
  /** The host lost its connection to this peer; when it is the leader the follower campaigns (pre-vote) soon, at a random early tick. */
  peerUnreachable(id: MemberId): void;
  /** A leader tells its members what is committed, without waiting for the next entry or heartbeat. */
  tellCommit(): void;
  /** All writes up to and including this id are durable. */
  persisted(writeId: number): void;
  appliedTo(index: LogIndex): void;
  /** The outcome of `Output.verify`; `false`: the bytes are not what the hash names, and they are fetched again. */
  snapshotVerified(meta: SnapshotMeta, isGood: boolean): void;
  /**
   * The host has stored a snapshot of its own state; the log before `keepFrom` (≤ meta.index + 1) may be
   * forgotten. Returns the first index that is still kept, which is smaller where a transfer needs what
   * follows its snapshot: the host deletes the same prefix in storage. Undefined: a newer snapshot is
   * current, and this one comes to nothing.
   */
  compacted(meta: SnapshotMeta, keepFrom: LogIndex): LogIndex | undefined;
  /** Membership as of any index from that of the current snapshot to the end of the log. */
  membershipAt(index: LogIndex): Membership;
  termAt(index: LogIndex): Term | undefined;
  /** Of the entries in memory. */
  logBytes(): number;
  /** @param mayApply `false` while the host has committed entries enough that it has not applied yet: none come out. True when absent. */
  takeOutput(mayApply?: boolean): Output;
  status(): Status;
}
