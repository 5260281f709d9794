/** What lease nodes say to people: of themselves, and of the nodes of their set side by side. */

/** A lease that stands on the node that tells of it. */
export interface QuorumLeaseRow {
  readonly resource: string;
  /** Of the id of the lease: the same on all nodes. The id itself is told to nobody. */
  readonly lease: string;
  readonly client_id: string;
  readonly token: number;
  readonly remaining_ms: number;
  readonly waiters: number;
}

/** What a lease node says of itself, with a page of the leases that stand on it. */
export interface QuorumOverviewAnswer {
  /** By which it is known in its set. */
  readonly name: string;
  /** Of the program. */
  readonly version: string;
  readonly voting: boolean;
  readonly epoch: number;
  /** The id of its set; empty: it knows none. */
  readonly set: string;
  /** How long it has to wait at least before it votes, where it may have lost a file; 0 when it votes. */
  readonly waits_ms: number;
  /** Since it was started. */
  readonly running_ms: number;
  /** Wall clock, for people: no lease depends on it. */
  readonly wall_ms: number;
  /** How many leases stand. */
  readonly leases: number;
  /** After which none of those stands. */
  readonly leases_ms: number;
  /** How many released leases it remembers, and how many it can. */
  readonly released: number;
  readonly most_released: number;
  /** In the order of their names. */
  readonly page: readonly QuorumLeaseRow[];
  /** There are more behind the last one of the page. */
  readonly more: boolean;
}

/** A member of the set, as the asked node sees it. */
export interface QuorumNodeSeen {
  readonly name: string;
  /** Why it told nothing; null: it did. */
  readonly problem: string | null;
  /** It is of the set of the asked node. */
  readonly same_set: boolean;
  /** How long its answer took. */
  readonly round_trip_ms: number | null;
  /** By how much its wall clock is ahead of that of the asked node, to within half the round trip. */
  readonly clock_ahead_ms: number | null;
  readonly told: Omit<QuorumOverviewAnswer, 'page' | 'more'> | null;
}

/** A lease, and on which nodes it stands. */
export interface QuorumLeaseSeen {
  readonly resource: string;
  readonly lease: string;
  readonly client_id: string;
  /** The largest that a node tells. */
  readonly token: number;
  /** Names of the nodes on which it stands. */
  readonly on: readonly string[];
  /** It stands on a majority of all nodes of the set. */
  readonly majority: boolean;
  /** Until it stands on no majority any more, as of now; null: it stands on none. */
  readonly remaining_ms: number | null;
  /** The most that wait for it on one node. */
  readonly waiters: number;
}

/** The nodes of a set, side by side. */
export interface QuorumNodesAnswer {
  /** The name of the asked node. */
  readonly node: string;
  readonly epoch: number;
  readonly set: string;
  /** So many of all nodes have to agree. */
  readonly needed: number;
  readonly nodes: readonly QuorumNodeSeen[];
  /** In the order of the names of the resources. */
  readonly leases: readonly QuorumLeaseSeen[];
  /** Pass as `after` for the next page; null on the last. */
  readonly next: string | null;
}
