/**
 * Between a client and one node of a quorum of independent lease nodes. The algorithm is in the client:
 * a node counts no votes. It knows of which set it is.
 */
import type { QuorumSet } from './quorum-set.ts';

/** Every request says of which set it is (SET-1 of quorum-set.ts); a node refuses another one. */
export interface QuorumRequest {
  readonly resource: string;
  readonly epoch: number;
  /** The id of the set. */
  readonly set: string;
}
export interface QuorumAcquireBody extends QuorumRequest {
  /** Made for this attempt alone. The same id gets the same answer while its lease stands. */
  readonly lease_id: string;
  readonly client_id: string;
  readonly ttl_ms: number;
  /** Of a wait that was told `FREE`: the turn is its own for a moment. */
  readonly waiter_id?: string;
  /** A majority of the nodes told `FREE` to this waiter: where the turn is another's, that one lets it pass. */
  readonly is_next?: boolean;
}
export type QuorumAcquireAnswer =
  | { readonly status: 'GRANTED'; readonly token: number; readonly file_id: number }
  /** Another lease stands, or it is another waiter's turn. */
  | {
      readonly status: 'DENIED';
      readonly remaining_ms: number;
      /** How many wait for it here: the more, the later it is worth asking again. */
      readonly waiters?: number;
    }
  /** This lease was released before: a late repetition does not bring it back. */
  | { readonly status: 'RELEASED' };
export interface QuorumConfirmBody extends QuorumRequest {
  readonly lease_id: string;
  /** The largest number that a majority answered with. */
  readonly token: number;
}
export interface QuorumRenewBody extends QuorumRequest {
  readonly lease_id: string;
  readonly ttl_ms: number;
}
/** `REFUSED`: the lease does not stand on this node. */
export interface QuorumStandingAnswer {
  readonly status: 'DONE' | 'REFUSED';
  /** Of the node's file: one node that is named twice is known by it. */
  readonly file_id: number;
}
export interface QuorumReleaseBody extends QuorumRequest {
  readonly lease_id: string;
}
export interface QuorumReleaseAnswer {
  readonly status: 'RELEASED';
}
export interface QuorumWaitBody extends QuorumRequest {
  readonly waiter_id: string;
  /** Since the waiter began, on whatever node: who waits for longer goes first. Default 0. */
  readonly waited_ms?: number;
  /**
   * When it began, by the wall clock of its client, the same on all nodes: who waited about as long stands in the order
   * of these. Left out: `waited_ms` alone counts, and nodes may disagree.
   */
  readonly began_ms?: number;
  readonly timeout_ms: number;
}
/** `FREE`: no lease stands here, and it is this waiter's turn. */
export interface QuorumWaitAnswer {
  readonly status: 'FREE' | 'TIMEOUT';
}
export interface QuorumStatusAnswer {
  readonly resource: string;
  /** False while the node has lost its file and must not vote. */
  readonly voting: boolean;
  readonly held: boolean;
  readonly client_id: string | null;
  readonly remaining_ms: number;
  readonly max_token: number;
  readonly waiters: number;
  readonly epoch: number;
  /** The id of its set; empty: it knows none. */
  readonly set: string;
  /** A random number, of the node's file: a node that is named twice is known by it. */
  readonly file_id: number;
  /** It has never voted with the file it has. */
  readonly fresh: boolean;
  /** How long it has to wait at least before it votes, where it may have lost a file; 0 when it votes. */
  readonly waits_ms: number;
}
/** What a node that lost its file adopts from the others. */
export interface QuorumTokensAnswer {
  readonly epoch: number;
  /** The id of its set; empty: it knows none. */
  readonly set: string;
  /** The id of the set before, which was closed for this one; empty: this one began with new files. */
  readonly after: string;
  readonly voting: boolean;
  /** It has never voted with the file it has: of a cluster that begins, or one that lost its file. */
  readonly fresh: boolean;
  /** A random number, of the node's file: a new file has another one. */
  readonly file_id: number;
  /** The files of all nodes, its own too, when none had voted: written down once, before it voted. */
  readonly bootstrap_set: readonly number[];
  /**
   * Ms after which any lease has ended on every clock that this node may ever have granted, whatever its settings were
   * then: ttl and drift buffer. Left out: it does not know.
   */
  readonly longest_lease_ms?: number | undefined;
  /** The set for which its own is closed. Left out: it is not closed. */
  readonly closed_for?: QuorumSet | undefined;
  /** Resources that are not listed have had no token above it. */
  readonly floor: number;
  readonly tokens: readonly (readonly [resource: string, maxToken: number])[];
  /** Pass as `after` for the next page; null on the last. A node forgets what nobody goes on with. */
  readonly next: string | null;
}
/** From one new node to another: no node has voted, and the cluster may begin with these files. */
export interface QuorumBeginBody {
  readonly epoch: number;
  readonly set: string;
  readonly bootstrap_set: readonly number[];
}
/** What a node says of its set. */
export interface QuorumSetAnswer {
  /** Its own name among the members. */
  readonly name: string;
  readonly epoch: number;
  /** Empty: it waits to be made a member. */
  readonly members: readonly string[];
  readonly set: string;
  readonly after: string;
  /** The set for which this one is closed here: nothing is granted any more. */
  readonly next: QuorumSet | null;
  readonly voting: boolean;
  readonly fresh: boolean;
  readonly file_id: number;
  /** Ms after which no lease that was granted here stands, by its own clock. */
  readonly leases_ms: number;
  /** At least every token that it granted or confirmed. */
  readonly largest_token: number;
}
/** This set ends, and `next` follows it: from now on the node grants, confirms and renews nothing. */
export interface QuorumCloseBody {
  readonly epoch: number;
  readonly set: string;
  readonly next: QuorumSet;
  /** Also where it is closed for another one, of which this node is a member and has not become one: that one never begins. */
  readonly instead?: boolean;
}
/** The set before was closed, and its leases have ended: the node is a member of this one from now on. */
export interface QuorumPrepareBody {
  readonly next: QuorumSet;
  /** The id of the set before. */
  readonly after: string;
  /** At least every token of the set before. */
  readonly floor: number;
}
