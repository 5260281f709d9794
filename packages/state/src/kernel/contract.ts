/** The state machine as those see it who drive it. */
import type { AuditHead } from './audit/head.ts';
import type { Command, Envelope } from './commands.ts';
import type { StateLimits } from './limits.ts';
import type {
  EndedHold,
  FoundHold,
  Holder,
  HoldsPage,
  Listed,
  ListedKind,
  ListWanted,
  PlacesPage,
  SessionLeaseView,
  SessionView,
  Stats,
} from './view-types.ts';
import type {
  ClusterTimeMs,
  FenceToken,
  LogIndex,
  ResourceKind,
  ResourceName,
  SessionId,
} from './names.ts';
import type { Applied, Refusal } from './outcomes.ts';
import type { Shown } from './primitive.ts';
import type { PlaceKind, Primitives } from '../primitives/declared.ts';
import type { AccessTables } from '../primitives/access/access.ts';
import type { KeptPayload } from '../primitives/queue/payloads.ts';
import type { QueueViews } from '../primitives/queue/commands.ts';

/** Contract of the state machine, implemented by `createStateMachine`. */
export interface StateMachine {
  /** In force now; `initialLimits` until the first `set_limits`. */
  readonly limits: StateLimits;
  /** Of everything that may be in its log so far (FEATURE-1). */
  readonly featureLevel: number;
  /** Of the chain of changes. */
  readonly audit: AuditHead;
  readonly index: LogIndex;
  readonly time: ClusterTimeMs;
  /** Applies one log entry. `index` is above the last one; `time` not below the last one (asserted). */
  apply(entry: {
    readonly index: LogIndex;
    readonly time: ClusterTimeMs;
    readonly commands: readonly Envelope[];
    /** Wall clock of the leader that proposed it, where the log tells it: for people, no rule is decided by it. */
    readonly wallMs?: number | undefined;
  }): Applied;
  /** How much a command would do now, in units of an entry's work: entries are cut by it (WORK-5). */
  workOf(command: Command): number;
  /** An entry without commands (no-op, membership) was applied. */
  skipTo(index: LogIndex): void;
  /**
   * The earliest time at which something is due by itself (a wait's end, a delay's end). Not after
   * `time` when the last entry could not do all that there is to do: the next one goes on at once.
   */
  nextDueTime(): ClusterTimeMs | undefined;
  readonly access: AccessTables;
  /** Whether the session is, or was, of another identity, which counts while authentication is on (OWNER-1). */
  isForeign(identity: string, id: SessionId): boolean;
  /** Where what an identity may do has changed since the revision by whose rules it was authorized (OWNER-2). */
  staleRights(identity: string, authorizedAt: LogIndex | undefined): Refusal | undefined;
  session(id: SessionId): SessionView | undefined;
  /** Cheap existence check with the guard value, for the lease table. */
  renewalOf(id: SessionId): number | undefined;
  /** Ended sessions are remembered for a while (bounded), to tell `session_expired` from `session_not_found`. */
  endedReason(id: SessionId): 'ended' | 'expired' | undefined;
  sessions(): Iterable<SessionView>;
  /** Of one session, for the lease table: no view is made. */
  leaseOf(id: SessionId): SessionLeaseView | undefined;
  /** May be read on while commands are applied: it shows those that stand when they are reached. */
  leases(): Iterable<SessionLeaseView, void>;
  /** What a session holds, a page of it: costs what is on the page. Undefined: no such session. */
  holdsOf(id: SessionId, after: number, limit: number): HoldsPage | undefined;
  /** Where a session waits, a page of it, bounded also by how far its queues are walked. */
  waitsOf(id: SessionId, after: number, limit: number): PlacesPage;
  /** One record of a primitive, as far as `shown` asks for (100 rows of a list when absent), less when it is large. */
  show<Kind extends PlaceKind>(
    kind: Kind,
    name: ResourceName,
    shown?: Shown,
  ): Primitives[Kind]['view'];
  /** The hold of a token, however many hold the resource: no list of them is made. */
  findHold(
    kind: ResourceKind,
    name: ResourceName,
    fenceToken: FenceToken | undefined,
    holder: Holder | undefined,
    owner?: string,
  ): FoundHold;
  readonly queues: QueueViews;
  /** Undefined: it stands, its holder ended it, or it is too long ago (the latest 10,000 are known). */
  endedHold(kind: ResourceKind, name: ResourceName, fenceToken: FenceToken): EndedHold | undefined;
  /**
   * The implicit session that gave back the hold of this token by a numbered request and ended with it, as
   * long as that is remembered: a repetition of that request is answered there.
   */
  implicitSessionOf(name: ResourceName, fenceToken: FenceToken): SessionId | undefined;
  /** What there is of a kind, a page of it, in the order of names; of each a few holders and waiters. */
  list(kind: ListedKind, wanted: ListWanted): Listed;
  stats(): Stats;
  /**
   * The state as of now, pulled chunk by chunk while `apply` goes on; at most one at a time (asserted),
   * `return()` gives one up. Equal states give equal bytes, on whichever node. No call of `next()` takes
   * longer than a few milliseconds. Begins with a format version.
   */
  snapshot(): IterableIterator<Uint8Array>;
  /**
   * Whether the bytes of its snapshots, and its digest, may be compared with those of other nodes. False
   * where the state came by a snapshot of an earlier format, which kept no order of the records.
   */
  readonly isComparable: boolean;
  /** Hash of everything that must be equal on all nodes at the same index. */
  digest(): string;
}

/** Takes a snapshot back piece by piece, so that no turn of the event loop grows with the state. */
export interface StateRestorer {
  /** Bytes of the snapshot in order, cut anywhere. @throws SnapshotFormatError */
  push(bytes: Uint8Array): void;
  /** The payloads that came with it and stand beside the state (whole.ts), once each; whoever wants them asks after each push. */
  takePayloads(): readonly KeptPayload[];
  /** @throws SnapshotFormatError when it is damaged, cut off or of a newer version. */
  end(): StateMachine;
}
