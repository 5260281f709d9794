// Made from packages/contract by "make documents". Change the declaration, not this file.

/** Request of CreateSession. */
export interface CreateSessionBody {
  /** Name of the client, for people: shown to others in errors and lists. 1 to 256 characters. */
  readonly client_id?: string;
  /**
   * Session timeout: seconds without a keepalive after which the session expires; the configured default when
   * absent. 1 to 86,400.
   */
  readonly timeout?: number;
  /** The same as `timeout`. 1 to 86,400. */
  readonly timeout_seconds?: number;
  /** Lock-delay: seconds for which its locks cannot be acquired after it expired; 0 when absent. 0 to 3,600. */
  readonly lock_delay_seconds?: number;
  /**
   * A retry with the same id returns the same session. Unique for this client and hard to guess, such as a UUID. 1
   * to 128 characters.
   */
  readonly request_id?: string;
}

/** What CreateSession answers. */
export interface CreateSessionAnswer {
  /** The session. */
  readonly session_id: string;
  /** Name of the client, for people. */
  readonly client_id: string;
  /** Session timeout: seconds without a keepalive after which it expires. */
  readonly timeout: number;
  /** Recommended seconds between keepalives: a third of the timeout, at least 1. */
  readonly keepalive_interval: number;
  /** The same as `timeout`. */
  readonly timeout_seconds: number;
  /** The same as `keepalive_interval`. */
  readonly keepalive_interval_seconds: number;
}

/**
 * Consistency of a read. `linearizable`: The leader confirms its leadership before it answers: every change
 * acknowledged before is included. `stale`: Reads what the asked node has applied so far. Needs no leader.
 */
export type Consistency = 'linearizable' | 'stale';

/** Request of GetSession. */
export interface ReadSessionBody {
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id: string;
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
}

/** What GetSession answers. */
export interface SessionAnswer {
  /** The session. */
  readonly session_id: string;
  /** Name of the client, for people. */
  readonly client_id: string;
  /** Session timeout: seconds without a keepalive after which it expires. */
  readonly timeout: number;
  /** The same as `timeout`. */
  readonly timeout_seconds: number;
  /** Wall-clock time, seconds since 1970, for people. */
  readonly created_at: number;
  /**
   * Wall-clock time of the leader, seconds since 1970; after a leader change, the time at which the new leader
   * took over.
   */
  readonly last_keepalive: number;
  /** The first locks that it holds, at most 100: session_locks returns all of them, in pages. */
  readonly locks_held: readonly string[];
  /** The first semaphores of which it has permits. */
  readonly semaphores_held: readonly string[];
  /** The first elections in which it leads. */
  readonly elections_led: readonly string[];
  /** The first barriers that it is inside of. */
  readonly barriers_inside: readonly string[];
  /** Number of locks that it holds. */
  readonly lock_count: number;
  /** Number of holds of semaphores; each acquire of permits is one. */
  readonly permit_hold_count: number;
  /** Number of elections that it leads. */
  readonly leadership_count: number;
  /** Number of barriers that it is inside of. */
  readonly barrier_count: number;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /** Log index of the state that is reported. */
  readonly revision: number;
}

/** Request of ListSessions. */
export interface ListSessionsBody {
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
  /** Only sessions of this client. 1 to 256 characters. */
  readonly client_id?: string;
}

/** What ListSessions answers. */
export interface ListSessionsAnswer {
  /** In the order of names; of each the first 10 of its lists. */
  readonly sessions: readonly {
    /** The session. */
    readonly session_id: string;
    /** Name of the client, for people. */
    readonly client_id: string;
    /** Seconds without a sign of life after which it ends. */
    readonly timeout_seconds: number;
    /** Wall-clock time, seconds since 1970, for people. */
    readonly created_at: number;
    /** Made by an acquire with `client_id`, for its own hold. */
    readonly implicit: boolean;
    /** How many locks it holds. */
    readonly lock_count: number;
    /** How many holds of semaphores: each acquire of permits is one. */
    readonly permit_hold_count: number;
    /** In how many elections it leads. */
    readonly leadership_count: number;
    /** Inside of how many barriers it is. */
    readonly barrier_count: number;
    /** In how many wait queues it is. */
    readonly wait_count: number;
    /**
     * Wall-clock time of the leader, seconds since 1970; after a leader change, the time at which the new leader
     * took over. Null where another node answers.
     */
    readonly last_keepalive: number | null;
  }[];
  /** `after` of the next page; null on the last. A page may have few rows, or none, and not be the last. */
  readonly next_after: string | null;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /** Log index of the state that is reported. */
  readonly revision: number;
}

/** Request of EndSession. */
export interface EndSessionBody {
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id: string;
}

/** What EndSession answers. */
export interface EndSessionAnswer {
  /** The session. */
  readonly session_id: string;
  /** Always true: a failure is an error response. */
  readonly deleted: true;
}

/** Request of Keepalive. */
export interface SessionRef {
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id: string;
}

/** What Keepalive answers. */
export interface KeepAliveAnswer {
  /** The session. */
  readonly session_id: string;
  /** Always true: a failure is an error response. */
  readonly success: true;
  /** Seconds from now after which it expires without another keepalive. */
  readonly timeout: number;
  /** The same as `timeout`. */
  readonly timeout_seconds: number;
}

/** Request of SessionLocks. */
export interface SessionLocksBody {
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id: string;
  /** `next_after` of the previous page; from the beginning when absent. */
  readonly after?: number;
  /** Largest number of holds on a page; 1000 when absent. 0 returns only their number and digest. 0 to 1,000. */
  readonly limit?: number;
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
}

/** How a lock is held. `exclusive`: Held by one holder. `shared`: Held together with other shared holders. */
export type LockMode = 'exclusive' | 'shared';

/** What SessionLocks answers. */
export interface SessionLocksAnswer {
  /** Names of its locks on this page. */
  readonly locks: readonly string[];
  /** Locks on all pages. */
  readonly total_locks: number;
  /** Holds of all kinds on all pages. */
  readonly total_holds: number;
  /** Digest of all its holds: equal for equal sets of first tokens. */
  readonly digest: string;
  /** `after` of the next page; null on the last. */
  readonly next_after: number | null;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /** Log index of the state that is reported. */
  readonly revision: number;
  /** Its locks on this page. */
  readonly holds: readonly {
    /** Name of the resource. */
    readonly resource: string;
    /**
     * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
     * it to the resource that the hold guards.
     */
    readonly fence_token: number;
    /** Exclusive or shared. */
    readonly mode: LockMode;
    /** How many acquires of this session returned this hold. */
    readonly hold_count: number;
    /** Fence token of the hold's first grant: an upgrade to exclusive brings a new token. */
    readonly first_fence_token: number;
  }[];
  /** Its permits on this page. */
  readonly permits: readonly {
    /** Name of the resource. */
    readonly resource: string;
    /**
     * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
     * it to the resource that the hold guards.
     */
    readonly fence_token: number;
    /** Number of permits. */
    readonly permits: number;
  }[];
  /** Its leaderships on this page. */
  readonly leaderships: readonly {
    /** Name of the resource. */
    readonly resource: string;
    /**
     * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
     * it to the resource that the hold guards.
     */
    readonly fence_token: number;
  }[];
}

/** Request of SessionWaits. */
export interface SessionWaitsBody {
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id: string;
  /** `next_after` of the previous page; from the beginning when absent. */
  readonly after?: number;
  /** Largest number of waits on a page; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
}

/** What SessionWaits answers. */
export interface SessionWaitsAnswer {
  /** Waits on all pages. */
  readonly wait_count: number;
  /** `after` of the next page; null on the last. */
  readonly next_after: number | null;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /** Log index of the state that is reported. */
  readonly revision: number;
  /** The waits on this page. */
  readonly waits: readonly {
    /** Resource that it waits for. */
    readonly kind: 'lock' | 'semaphore' | 'election';
    /** Name of the resource. */
    readonly resource: string;
    /** Position in the wait queue; 1 is next. */
    readonly position: number;
    /** Clients ahead in the wait queue, the next one first; at most 100. */
    readonly ahead: readonly string[];
  }[];
}

/** Request of Cancel. */
export interface CancelBody {
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /**
   * Instead of a session: name of the client, for people. The hold then has an implicit session. 1 to 256
   * characters.
   */
  readonly client_id?: string;
  /** Request id of the acquire; else its `cancel_id`. */
  readonly request_id?: number;
  /** Kind of the resource; of a multi-acquire, `many` with its first name. */
  readonly kind: 'lock' | 'semaphore' | 'election' | 'many' | 'barrier';
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Cancel id of the acquire, in a session; else its `request_id`. At most 36 characters. */
  readonly cancel_id?: string;
}

/** What Cancel answers. */
export interface CancelAnswer {
  /** The acquire holds nothing, and never will with this request id. */
  readonly cancelled: true;
}
