// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Consistency } from './sessions.ts';

/** 200 while this node can have requests answered, else 503 with the same fields. */
export interface HealthAnswer {
  /** This node leads. */
  readonly is_leader: boolean;
  /** This node can have requests answered. */
  readonly is_ready: boolean;
  /** Peer address (`host:port`) of the leader; null while none is known. */
  readonly leader: string | null;
  /** Id of a node. */
  readonly node_id: string;
  /** Always `holdfast`. */
  readonly service: 'holdfast';
  /** Whether this node can serve. */
  readonly status: 'healthy' | 'unavailable';
  /** Wall clock, ISO 8601 with `+00:00`. */
  readonly timestamp: string;
  /** Of the build that this node runs. */
  readonly version: string;
}

/** The answer to a probe. */
export interface ProbeAnswer {
  /** Whether it can. */
  readonly status: 'ok' | 'unavailable';
}

/** How current the figures have to be. */
export interface StatsBody {
  /** `linearizable`, the default, proves leadership first; `stale` reads what the asked node has applied. */
  readonly consistency?: Consistency;
}

/** Figures of the whole cluster. */
export interface StatsAnswer {
  /** Sessions that stand now. */
  readonly active_sessions: number;
  /** Sessions that expired since the cluster began. */
  readonly expired_sessions: number;
  /** The last fence token. */
  readonly fence_counter: number;
  /** Resources held now. */
  readonly total_locks: number;
  /** Sessions ever created. */
  readonly total_session: number;
  /** Places in queues now. */
  readonly waiters: number;
  /** How current the answer is. */
  readonly consistency: Consistency;
}

/** Sessions expire by themselves, so there is nothing left to clean. */
export interface CleanupAnswer {
  /** Always `completed`. */
  readonly cleanup: 'completed';
  /**
   * How many sessions have expired since the last cleanup asked of this node (since the cluster began, the first
   * time).
   */
  readonly count: number;
}
