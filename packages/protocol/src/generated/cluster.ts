// Made from packages/contract by "make documents". Change the declaration, not this file.

/** No field at all: what is asked for is in the path. */
export type NoFields = Readonly<Record<string, never>>;

/** Which node leads. */
export interface LeaderAnswer {
  /** Id of a node. */
  readonly leader: string;
  /** Peer address, `host:port`. */
  readonly address: string | null;
  /** Where clients reach it; null while unknown. */
  readonly url: string | null;
  /** The term of Raft in which it leads. */
  readonly term: number;
  /** The node that answers is the leader. */
  readonly is_leader: boolean;
}

/** A member of the cluster. */
export interface MemberAnswer {
  /** Id of a node. */
  readonly node_id: string;
  /** Peer address, `host:port`. */
  readonly address: string;
  /** Whether it votes. */
  readonly role: 'voter' | 'learner';
  /** Where clients reach it; empty while unknown. */
  readonly url: string;
  /** It leads. */
  readonly is_leader: boolean;
  /** The node that answers has a connection to it. */
  readonly connected: boolean;
  /** Last log index known to be stored there; null where the answering node does not know. */
  readonly match_index: number | null;
}

/** The cluster as seen by the node that answers. */
export interface ClusterStatusAnswer {
  /** Name of the cluster. */
  readonly cluster_id: string;
  /** Id of a node. */
  readonly node_id: string;
  /** Of the build that this node runs. */
  readonly version: string;
  /** What this node is in Raft: leader, follower, candidate, learner. */
  readonly role: string;
  /** The node that answers is the leader. */
  readonly is_leader: boolean;
  /** The node that answers can have requests answered. */
  readonly is_ready: boolean;
  /** The current term of Raft. */
  readonly term: number;
  /** Node id of the leader; null while none is known. */
  readonly leader: string | null;
  /** Its peer address. */
  readonly leader_address: string | null;
  /** Where clients reach it. */
  readonly leader_url: string | null;
  /** Up to here the log is committed. */
  readonly commit_index: number;
  /** Up to here this node has applied it. */
  readonly applied_index: number;
  /** Last entry of its log. */
  readonly last_index: number;
  /** First entry of its log. */
  readonly first_index: number;
  /** All members. */
  readonly members: readonly MemberAnswer[];
}

/** A node that joins the cluster. */
export interface AddMemberBody {
  /** Id of a node. 1 to 128 characters. */
  readonly node_id: string;
  /** Peer address of the new node: `host:port`, `[::1]:7000` for an IPv6 address. At most 310 characters. */
  readonly address: string;
}

/** It has joined. */
export interface AddMemberAnswer {
  /** Always true: a refusal is an error. */
  readonly added: true;
  /** Id of a node. */
  readonly node_id: string;
  /** Peer address, `host:port`. */
  readonly address: string;
}

/** A node that leaves the cluster, for good. */
export interface RemoveMemberBody {
  /** Id of a node. 1 to 128 characters. */
  readonly node_id: string;
}

/** It has left. */
export interface RemoveMemberAnswer {
  /** Always true: a refusal is an error. */
  readonly removed: true;
  /** Id of a node. */
  readonly node_id: string;
}

/** Who shall lead. */
export interface TransferBody {
  /** The member that shall lead; the most up-to-date one when absent. 1 to 128 characters. */
  readonly node_id?: string;
}

/** Another node leads. */
export interface TransferAnswer {
  /** Always true: a refusal is an error. */
  readonly transferred: true;
  /** Node id of the new leader. */
  readonly leader: string;
}
