/**
 * What operators and monitors read and ask for, over HTTP only: the cluster, health, the service's
 * figures. snake_case, times in seconds.
 */
import type { LockMode, LockStatusAnswer } from './operations.ts';

/** `GET /health`: 200 while this node can have requests answered, else 503 with the same fields. */
export interface HealthAnswer {
  readonly is_leader: boolean;
  readonly is_ready: boolean;
  /** Peer address (`host:port`) of the leader; null while none is known. */
  readonly leader: string | null;
  readonly node_id: string;
  readonly service: 'holdfast';
  readonly status: 'healthy' | 'unavailable';
  /** Wall clock, ISO 8601 with `+00:00`. */
  readonly timestamp: string;
  readonly version: string;
}

/** `GET /livez` and `GET /readyz`. */
export interface ProbeAnswer {
  readonly status: 'ok' | 'unavailable';
}

/** `GET /leader`: the problem `not_leader` while none is known. */
export interface LeaderAnswer {
  /** Node id. */
  readonly leader: string;
  /** Peer address, `host:port`. */
  readonly address: string | null;
  /** Where clients reach it; null while unknown. */
  readonly url: string | null;
  readonly term: number;
  /** The node that answers is the leader. */
  readonly is_leader: boolean;
}

export interface MemberAnswer {
  readonly node_id: string;
  /** Peer address, `host:port`. */
  readonly address: string;
  readonly role: 'voter' | 'learner';
  /** Where clients reach it; empty while unknown. */
  readonly url: string;
  readonly is_leader: boolean;
  /** Whether the node that answers has a connection to it. */
  readonly connected: boolean;
  /** Last log index known to be stored there; null where the answering node does not know. */
  readonly match_index: number | null;
}

/** `GET /cluster/status`: as seen by the node that answers. */
export interface ClusterStatusAnswer {
  readonly cluster_id: string;
  readonly node_id: string;
  readonly version: string;
  readonly role: string;
  readonly is_leader: boolean;
  readonly is_ready: boolean;
  readonly term: number;
  /** Node id of the leader; null while none is known. */
  readonly leader: string | null;
  readonly leader_address: string | null;
  readonly leader_url: string | null;
  readonly commit_index: number;
  readonly applied_index: number;
  readonly last_index: number;
  readonly first_index: number;
  readonly members: readonly MemberAnswer[];
}

/** `POST /cluster/members`. */
export interface AddMemberBody {
  readonly node_id: string;
  /** Peer address of the new node, `host:port`. */
  readonly address: string;
}
export interface AddMemberAnswer {
  readonly added: true;
  readonly node_id: string;
  readonly address: string;
}
/** `DELETE /cluster/members`. */
export interface RemoveMemberBody {
  readonly node_id: string;
}
export interface RemoveMemberAnswer {
  readonly removed: true;
  readonly node_id: string;
}
/** `POST /cluster/transfer`. */
export interface TransferBody {
  /** The member that shall lead; the most up-to-date one when absent. */
  readonly node_id?: string;
}
export interface TransferAnswer {
  readonly transferred: true;
  /** Node id of the new leader. */
  readonly leader: string;
}

/** `GET /admin/stats`. */
export interface StatsAnswer {
  readonly active_sessions: number;
  /** Sessions that expired since the cluster began. */
  readonly expired_sessions: number;
  readonly fence_counter: number;
  /** Resources held now. */
  readonly total_locks: number;
  /** Sessions ever created. */
  readonly total_session: number;
  readonly waiters: number;
  readonly consistency: 'linearizable' | 'stale';
}

/** `POST /admin/cleanup`. */
export interface CleanupAnswer {
  readonly cleanup: 'completed';
  /**
   * Sessions expire by themselves, so there is nothing left to clean: this many have expired since
   * the last cleanup asked of this node (since the cluster began, the first time).
   */
  readonly count: number;
}

/** `GET /admin/locks/{name}`: the first holder at a glance, then all that `status` tells. */
export interface AdminLockAnswer extends LockStatusAnswer {
  /** Wall clock, seconds since 1970; null when nobody holds it. */
  readonly acquired_at: number | null;
  readonly fence_token: number | null;
  readonly session_id: string | null;
  readonly client_id: string | null;
  readonly mode: LockMode | null;
}
