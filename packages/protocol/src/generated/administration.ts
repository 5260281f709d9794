// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Consistency } from './sessions.ts';

/** 200 while this node can serve requests, otherwise 503 with the same fields. */
export interface HealthAnswer {
  /** This node is the leader. */
  readonly is_leader: boolean;
  /** This node can serve requests. */
  readonly is_ready: boolean;
  /**
   * Address (`host:port`) of the leader for its peers, or for clients where it listens for no peers; null while no
   * leader is known.
   */
  readonly leader: string | null;
  /** Node id of the leader; null while none is known. */
  readonly leader_id: string | null;
  /** Id of a node. */
  readonly node_id: string;
  /** Always `holdfast`. */
  readonly service: 'holdfast';
  /** Whether this node can serve requests. */
  readonly status: 'healthy' | 'unavailable';
  /** Wall-clock time, ISO 8601 with `+00:00`. */
  readonly timestamp: string;
  /** Version of Holdfast that this node runs. */
  readonly version: string;
  /** It is reached from other machines without TLS and authentication, because `security.insecure` says so. */
  readonly insecure: boolean;
  /** What an operator should look at, though requests may be served. Empty: nothing. */
  readonly warnings: readonly string[];
}

/** Response to a probe. */
export interface ProbeAnswer {
  /** Result of the probe. */
  readonly status: 'ok' | 'unavailable' | 'removed';
}

/** Consistency of the statistics. */
export interface StatsBody {
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
}

/** Statistics of the whole cluster. */
export interface StatsAnswer {
  /** Live sessions. */
  readonly active_sessions: number;
  /** Sessions that expired since the cluster was created. */
  readonly expired_sessions: number;
  /** Latest fence token granted. */
  readonly fence_counter: number;
  /** Resources held now. */
  readonly total_locks: number;
  /** Sessions created since the cluster was created. */
  readonly total_session: number;
  /** Waiting acquires in all wait queues. */
  readonly waiters: number;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /** Log index of the state that is reported. */
  readonly revision: number;
}

/** Sessions expire automatically, so there is nothing left to clean. */
export interface CleanupAnswer {
  /** Always `completed`. */
  readonly cleanup: 'completed';
  /**
   * Sessions that expired since the last cleanup call to this node (the first time: since the cluster was
   * created).
   */
  readonly count: number;
}

/** What this node logs. */
export interface LogLevelAnswer {
  /** Id of a node. */
  readonly node_id: string;
  /** Least severe messages that it logs. */
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

/** What a node is to log from now on, until it is started again. */
export interface SetLogLevelBody {
  /** Least severe messages that it is to log. */
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}
