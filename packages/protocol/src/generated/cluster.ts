// Made from packages/contract by "make documents". Change the declaration, not this file.

/** No fields: everything is in the path. */
export type NoFields = Readonly<Record<string, never>>;

/** The current leader. */
export interface LeaderAnswer {
  /** Id of a node. */
  readonly leader: string;
  /** Peer address, `host:port`. */
  readonly address: string | null;
  /** URL for clients; null while unknown. */
  readonly url: string | null;
  /** Raft term of its leadership. */
  readonly term: number;
  /** The responding node is the leader. */
  readonly is_leader: boolean;
}

/** A member of the cluster. */
export interface MemberAnswer {
  /** Id of a node. */
  readonly node_id: string;
  /** Peer address, `host:port`. */
  readonly address: string;
  /** Voter or learner. */
  readonly role: 'voter' | 'learner';
  /** URL for clients; empty while unknown. */
  readonly url: string;
  /** It is the leader. */
  readonly is_leader: boolean;
  /** The responding node is connected to it. */
  readonly connected: boolean;
  /** Highest feature level that its program supports; null while the responding node is not connected to it. */
  readonly supported_feature_level: number | null;
  /** Last log index known to be stored there (match index); null where the responding node does not know. */
  readonly match_index: number | null;
}

/** The cluster as seen by the responding node. */
export interface ClusterStatusAnswer {
  /** Name of the cluster. */
  readonly cluster_id: string;
  /** Id of a node. */
  readonly node_id: string;
  /** Version of Holdfast that this node runs. */
  readonly version: string;
  /** Raft role of this node: leader, follower, candidate or learner. */
  readonly role: string;
  /** The responding node is the leader. */
  readonly is_leader: boolean;
  /** The responding node can serve requests. */
  readonly is_ready: boolean;
  /** Current Raft term. */
  readonly term: number;
  /** Node id of the leader; null while no leader is known. */
  readonly leader: string | null;
  /** Peer address of the leader. */
  readonly leader_address: string | null;
  /** URL for clients. */
  readonly leader_url: string | null;
  /** Commit index: the log is committed up to here. */
  readonly commit_index: number;
  /** Applied index: this node has applied the log up to here. */
  readonly applied_index: number;
  /** Index of the last entry of its log. */
  readonly last_index: number;
  /** Index of the first entry of its log. */
  readonly first_index: number;
  /** All members. */
  readonly members: readonly MemberAnswer[];
  /** Feature level of the cluster, as applied on this node. A program that supports less cannot be a member. */
  readonly feature_level: number;
  /** Highest feature level that the program of this node supports. */
  readonly supported_feature_level: number;
  /** It is reached from other machines without TLS and authentication, because `security.insecure` says so. */
  readonly insecure: boolean;
  /**
   * This node was removed from the cluster, by its log or as members have told it: it lists the members that it
   * knew then.
   */
  readonly removed: boolean;
}

/** A member, and what it stands on. */
export interface MachineAnswer {
  /** Id of a node. */
  readonly node_id: string;
  /** It answered in time. */
  readonly answered: boolean;
  /** Version of Holdfast that it runs. Null where it did not answer, or does not know. */
  readonly version: string | null;
  /** It has applied the log up to here. Null where it did not answer, or does not know. */
  readonly applied_index: number | null;
  /** Free bytes of the file system with its folder. Null where it did not answer, or does not know. */
  readonly disk_free_bytes: number | null;
  /** Bytes of that file system. Null where it did not answer, or does not know. */
  readonly disk_size_bytes: number | null;
  /** Bytes of its log, snapshots and payloads. Null where it did not answer, or does not know. */
  readonly stored_bytes: number | null;
  /** Resident memory of its process. Null where it did not answer, or does not know. */
  readonly memory_bytes: number | null;
  /** Longest turn of its event loop in the last minute. Null where it did not answer, or does not know. */
  readonly longest_turn_seconds: number | null;
}

/** The members and what they stand on, as each of them told the responding node within two seconds. */
export interface ClusterMachinesAnswer {
  /** Id of a node. */
  readonly node_id: string;
  /** All members. */
  readonly machines: readonly MachineAnswer[];
}

/** A node to add to the cluster. */
export interface AddMemberBody {
  /** Id of a node. 1 to 128 characters. */
  readonly node_id: string;
  /** Peer address of the new node: `host:port`, `[::1]:7000` for an IPv6 address. At most 310 characters. */
  readonly address: string;
}

/** The node is a member. */
export interface AddMemberAnswer {
  /** Always true: a failure is an error response. */
  readonly added: true;
  /** Id of a node. */
  readonly node_id: string;
  /** Peer address, `host:port`. */
  readonly address: string;
}

/** A learner that is to vote. */
export interface PromoteMemberBody {
  /** Id of a node. 1 to 128 characters. */
  readonly node_id: string;
}

/** The node is a voting member. */
export interface PromoteMemberAnswer {
  /** Always true: a failure is an error response. */
  readonly promoted: true;
  /** Id of a node. */
  readonly node_id: string;
}

/** A node to remove from the cluster permanently. */
export interface RemoveMemberBody {
  /** Id of a node. 1 to 128 characters. */
  readonly node_id: string;
}

/** The node is no longer a member. */
export interface RemoveMemberAnswer {
  /** Always true: a failure is an error response. */
  readonly removed: true;
  /** Id of a node. */
  readonly node_id: string;
}

/** Target of a leadership transfer. */
export interface TransferBody {
  /** The member to transfer leadership to; the most up-to-date one when absent. 1 to 128 characters. */
  readonly node_id?: string;
}

/** Leadership was transferred. */
export interface TransferAnswer {
  /** Always true: a failure is an error response. */
  readonly transferred: true;
  /** Node id of the new leader. */
  readonly leader: string;
}
