/** What a lease node at work is handed: its file, its clock, the set that it is of. */
import type { Changes, LeaseNode } from './lease-node.ts';
import type { Membership, StoredSet } from './membership.ts';
import type { Recovery } from './recovery.ts';

export interface HostClock {
  /** Monotonic, in ms. */
  now(): number;
  after(delayMs: number, callback: () => void): () => void;
  endOfTurn(callback: () => void): void;
}

export interface LeaseStore {
  /** One transaction, synced. @throws Error where it is not on disk. */
  save(changes: Changes): void;
  /** The files of all nodes with which this one agreed that the cluster begins: once, before it votes. */
  found(bootstrapSet: readonly number[]): void;
  /** From now on this node has voted. */
  markVoting(): void;
  /** Its set is closed, or adopted (SET-3, SET-7). */
  writeSet(stored: StoredSet): void;
  /** It is a member of another set, in which it has not voted, and which nobody has founded (SET-5). */
  becomeMember(stored: StoredSet): void;
}

export interface HostOptions {
  readonly node: LeaseNode;
  readonly store: LeaseStore;
  readonly clock: HostClock;
  readonly membership: Membership;
  readonly longestTtlMs: number;
  /** Ttl and drift buffer, the longest that was ever in force with this file (TTL-1). Left out: nothing is told. */
  readonly longestLeaseMs?: number;
  /** It was longer than before at this start (TTL-2). */
  readonly raised?: { readonly fromTtlMs: number; readonly atMs: number };
  /** Undefined: it votes from the start, or it is of no set yet. */
  readonly recovery: Recovery | undefined;
  /** It was made a member of another set: how it comes to vote in that one. */
  readonly onMember: (stored: StoredSet) => Recovery;
  /** Of the file: random. */
  readonly fileId: number;
  /** As stored by `found`. */
  readonly bootstrapSet: readonly number[];
  /** It has never voted with this file. */
  readonly fresh: boolean;
  readonly onSaveFailed: (error: Error) => void;
  /** It was written. */
  readonly onSaved?: () => void;
  /** Waiters in the queue of one resource. Default 20,000. */
  readonly maxWaiters?: number;
  /** Leases of one address that stand at a time (ADDRESS-LEASES-1 of address-leases.ts); 0: not limited, which is the default. */
  readonly maxLeasesPerAddress?: number;
  /** Leases that one address released lately (ADDRESS-RELEASES-1 of address-releases.ts); 0: not limited, which is the default. */
  readonly maxReleasedLeasesPerAddress?: number;
}
