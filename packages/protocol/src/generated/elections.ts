// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Json } from '../json.ts';
import type { Consistency } from './sessions.ts';

/** Request of Campaign. */
export interface CampaignBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /**
   * Instead of a session: name of the client, for people. The hold then has an implicit session. 1 to 256
   * characters.
   */
  readonly client_id?: string;
  /**
   * With `client_id`: seconds after which the hold expires without a renewal; the configured default when absent.
   * 1 to 86,400.
   */
  readonly ttl_seconds?: number;
  /**
   * Priority in the wait queue: higher goes first; 0 when absent. Every waiter is served eventually (no
   * starvation). 0 to 9.
   */
  readonly priority?: number;
  /** The hold ends after so many seconds, even while its session is alive. 0.001 to 86,400. */
  readonly max_hold_seconds?: number;
  /**
   * The holds of this session do not depend on this wait, as when several tasks share a session: deadlock
   * detection ignores it.
   */
  readonly independent?: boolean;
  /** Value published by the leader. Any JSON, at most 1024 bytes. */
  readonly value?: Json;
  /** Longest wait in seconds; 0 (the default) does not wait. 0 to 86,400. */
  readonly wait_seconds?: number;
  /**
   * Number of this request, increasing within the session (or client). A retry with the same number gets the
   * stored (idempotent) response and is not executed again.
   */
  readonly request_id?: number;
  /**
   * A UUID made for this request, by which any node can cancel it. Instead of `request_id`, in a session whose
   * requests another program numbers. The request is not to be repeated: when the connection is lost the node
   * cancels it, too. At most 36 characters.
   */
  readonly cancel_id?: string;
}

/** What Campaign answers. */
export interface CampaignAnswer {
  /** Always true: a failure is an error response. */
  readonly elected: true;
  /** Name of the resource. */
  readonly resource: string;
  /** Fence token of this leadership: larger than that of any earlier leadership. */
  readonly fence_token: number;
  /** How many campaigns of this session returned this leadership. */
  readonly hold_count: number;
  /** The session. */
  readonly session_id: string;
  /** Log index of the election. */
  readonly revision: number;
  /** Seconds after which the hold expires without a renewal; only of a hold with an implicit session. */
  readonly ttl_seconds?: number;
}

/** Request of Observe. */
export interface ObserveBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Continues after this position or revision; begins with the current leader when absent. 1 to 32 characters. */
  readonly after?: string;
}

/** One change of the leader or of its published value. */
export interface LeaderChange {
  /** Position among all events: pass it as `after` to continue, on any node. */
  readonly position: string;
  /** Log index of the change. */
  readonly revision: number;
  /** The kind of change. */
  readonly change: 'current' | 'elected' | 'proclaimed' | 'ended';
  /** Name of the resource. */
  readonly resource: string;
  /** The leader; null when there is none. */
  readonly leader: {
    /** Name of the client, for people. */
    readonly client_id: string;
    /** Fence token of this leadership: larger than that of any earlier leadership. */
    readonly fence_token: number;
    /** Value published by the leader, any JSON; null when there is none. */
    readonly value: Json;
  } | null;
  /** Reason of an end: released, expired, forced or max_hold. */
  readonly reason?: string;
}

/** Request of Resign. */
export interface ResignBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /**
   * Instead of a session: name of the client, for people. The hold then has an implicit session. 1 to 256
   * characters.
   */
  readonly client_id?: string;
  /** Fence token returned by the campaign. Required with `client_id`; optional with a session. */
  readonly fence_token?: number;
  /**
   * Number of this request, increasing within the session (or client). A retry with the same number gets the
   * stored (idempotent) response and is not executed again.
   */
  readonly request_id?: number;
}

/** What Resign answers. */
export interface ResignAnswer {
  /** Always true: a failure is an error response. */
  readonly resigned: true;
  /** Name of the resource. */
  readonly resource: string;
  /**
   * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
   * it to the resource that the hold guards.
   */
  readonly fence_token: number;
}

/** Request of Proclaim. */
export interface ProclaimBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /**
   * Instead of a session: name of the client, for people. The hold then has an implicit session. 1 to 256
   * characters.
   */
  readonly client_id?: string;
  /** Fence token returned by the campaign. */
  readonly fence_token: number;
  /** Value published by the leader. Any JSON, at most 1024 bytes. */
  readonly value: Json;
  /**
   * Number of this request, increasing within the session (or client). A retry with the same number gets the
   * stored (idempotent) response and is not executed again.
   */
  readonly request_id?: number;
}

/** What Proclaim answers. */
export interface ProclaimAnswer {
  /** Always true: a failure is an error response. */
  readonly proclaimed: true;
  /** Name of the resource. */
  readonly resource: string;
  /**
   * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
   * it to the resource that the hold guards.
   */
  readonly fence_token: number;
  /** Log index of the change. */
  readonly revision: number;
}

/** Request of ElectionLeader. */
export interface ElectionRef {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Largest number of entries of each list; 100 when absent, fewer where entries are large. 1 to 1,000. */
  readonly show?: number;
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
}

/** The leader. */
export interface Leader {
  /** The session. */
  readonly session_id: string;
  /** Name of the client, for people. */
  readonly client_id: string;
  /** Fence token of this leadership: larger than that of any earlier leadership. */
  readonly fence_token: number;
  /** Value published by the leader, any JSON. */
  readonly value: Json;
  /**
   * Wall-clock time at which it was granted, seconds since 1970, for people. Below feature level 3 that of a hold
   * that waited is the begin of its wait.
   */
  readonly elected_at: number;
  /** Seconds until its max-hold expiry; null when it has none. */
  readonly ends_in_seconds: number | null;
}

/** What ElectionLeader answers. */
export interface ElectionAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** The leader; null when there is none. */
  readonly leader: Leader | null;
  /** Number of waiting candidates, as `candidate_count`. */
  readonly waiter_count: number;
  /** Number of waiters; the next of them are listed. */
  readonly candidate_count: number;
  /** Waiting candidates, the next one first. */
  readonly candidates: readonly {
    /** The session. */
    readonly session_id: string;
    /** Name of the client, for people. */
    readonly client_id: string;
    /** Position in the wait queue; 1 is next. */
    readonly position: number;
    /** Priority 0 to 9; higher goes first. */
    readonly priority: number;
  }[];
  /**
   * Wall-clock time, seconds since 1970, for people, at which its lock-delay period ends (the session of a holder
   * expired). Null outside a lock-delay period.
   */
  readonly delayed_until: number | null;
  /** Log index of this state. */
  readonly revision: number;
  /** Consistency of this response. */
  readonly consistency: Consistency;
}

/** Request of ListElections. */
export interface ListElectionsBody {
  /** Only names with this prefix. At most 256 characters. */
  readonly prefix?: string;
  /** `next_after` of the page before. 1 to 256 characters. */
  readonly after?: string;
  /** Rows on a page, at most; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
  /** Only elections in which this client leads or waits. 1 to 256 characters. */
  readonly client_id?: string;
  /** Only elections with candidates. */
  readonly waiting?: boolean;
}

/** What ListElections answers. */
export interface ListElectionsAnswer {
  /** In the order of names; of each the first 10 of its lists. */
  readonly elections: readonly ElectionAnswer[];
  /** `after` of the next page; null on the last. A page may have few rows, or none, and not be the last. */
  readonly next_after: string | null;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /** Log index of the state that is reported. */
  readonly revision: number;
}
