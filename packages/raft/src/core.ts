/**
 * What the parts of the Raft core know of it: the state that they share, and what they need of each other.
 * The core (raft.ts) is made of its parts, so that none of them imports it, or another one that it is made of.
 */
import type { Image } from './image.ts';
import type { Log } from './log.ts';
import type { MembershipLog } from './membership.ts';
import type { Outbox } from './outbox.ts';
import type {
  Entry,
  LogIndex,
  MemberId,
  RaftConfig,
  Role,
  SnapshotMeta,
  Status,
  Term,
} from './types.ts';

interface Part {
  image(): Image;
}

interface OutputsPart extends Part {
  addReads(reads: readonly { readonly readId: number; readonly index: LogIndex }[]): void;
  suspect(meta: SnapshotMeta): void;
}

interface ReceiverPart extends Part {
  readonly keepsFromCampaigning: boolean;
  takeVerify(): SnapshotMeta | undefined;
}

interface LeaderPart extends Part {
  transfers(): readonly string[];
}

export interface Core {
  readonly config: RaftConfig;
  readonly log: Log;
  readonly outbox: Outbox;
  readonly memberships: MembershipLog;
  readonly outputs: OutputsPart;
  readonly elections: Part;
  readonly receiver: ReceiverPart;
  term: Term;
  votedFor: MemberId | null;
  leader: MemberId | null;
  readonly commit: LogIndex;
  applied: LogIndex;
  /** Own log is durable up to here. */
  stableIndex: LogIndex;
  /** The newest term that is durable. */
  readonly durableTerm: Term;
  readonly snapshot: SnapshotMeta;
  /** Undefined: this node does not lead. */
  readonly leadership: LeaderPart | undefined;
  readonly role: Role;
  readonly voters: readonly MemberId[];
  isVoter(id: MemberId): boolean;
  /** RAFT-MEMBER-3. */
  readonly mayCampaign: boolean;
  status(): Status;
  statusChanged(): void;
  becomeFollower(term: Term, leader: MemberId | null): void;
  /** A majority has voted for this node. */
  lead(): void;
  adoptMembership(entry: Entry): void;
  advanceCommit(index: LogIndex): void;
  /** A verified snapshot replaces state and log. */
  install(meta: SnapshotMeta): void;
}
