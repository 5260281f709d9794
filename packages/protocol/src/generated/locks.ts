// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Json } from '../json.ts';
import type { Consistency, LockMode } from './sessions.ts';

/** Request of Acquire. */
export interface AcquireBody {
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
  /** Shown with the hold: who holds it, why, where. Any JSON, at most 1024 bytes. */
  readonly metadata?: Json;
  /**
   * The holds of this session do not depend on this wait, as when several tasks share a session: deadlock
   * detection ignores it.
   */
  readonly independent?: boolean;
  /** Exclusive or shared; exclusive when absent. */
  readonly mode?: LockMode;
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

/** What Acquire answers. */
export interface AcquireAnswer {
  /** Always true: a failure is an error response. */
  readonly acquired: true;
  /** Name of the resource. */
  readonly resource: string;
  /**
   * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
   * it to the resource that the hold guards.
   */
  readonly fence_token: number;
  /** Mode of this hold; a shared acquire of a session that holds it exclusively returns the exclusive hold. */
  readonly mode: LockMode;
  /** How many acquires of this session returned this hold. */
  readonly hold_count: number;
  /** The session. */
  readonly session_id: string;
  /** Log index of the grant. */
  readonly revision: number;
  /** Seconds after which the hold expires without a renewal; only of a hold with an implicit session. */
  readonly ttl_seconds?: number;
}

/** Request of Release. */
export interface ReleaseBody {
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
   * Fence token returned by the acquire. Required with `client_id`; optional with a session: then the hold that
   * the session has.
   */
  readonly fence_token?: number;
  /**
   * Number of this request, increasing within the session (or client). A retry with the same number gets the
   * stored (idempotent) response and is not executed again.
   */
  readonly request_id?: number;
}

/** What Release answers. */
export interface ReleaseAnswer {
  /** Always true: a failure is an error response. */
  readonly released: true;
  /** Name of the resource. */
  readonly resource: string;
  /**
   * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
   * it to the resource that the hold guards.
   */
  readonly fence_token: number;
  /** Remaining acquires of the hold; 0 means that it is released. */
  readonly remaining_hold_count: number;
}

/** Request of Renew. */
export interface RenewBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /**
   * Instead of a session: name of the client, for people. The hold then has an implicit session. 1 to 256
   * characters.
   */
  readonly client_id?: string;
  /** Fence token, as returned by the acquire. */
  readonly fence_token: number;
}

/** What Renew answers. */
export interface RenewAnswer {
  /** Always true: a failure is an error response. */
  readonly renewed: true;
  /** Name of the resource. */
  readonly resource: string;
  /**
   * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
   * it to the resource that the hold guards.
   */
  readonly fence_token: number;
  /** Seconds from now after which it expires without another renewal. */
  readonly ttl_seconds: number;
}

/** Request of Downgrade. */
export interface DowngradeBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /**
   * Instead of a session: name of the client, for people. The hold then has an implicit session. 1 to 256
   * characters.
   */
  readonly client_id?: string;
  /** Fence token, as returned by the acquire. */
  readonly fence_token: number;
}

/** What Downgrade answers. */
export interface DowngradeAnswer {
  /** Always true: a failure is an error response. */
  readonly downgraded: true;
  /** Name of the resource. */
  readonly resource: string;
  /**
   * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
   * it to the resource that the hold guards.
   */
  readonly fence_token: number;
  /** Shared. */
  readonly mode: 'shared';
}

/** One resource of a multi-acquire. */
export interface WantedBody {
  /** Kind of the resource; `lock` when absent. */
  readonly kind?: 'lock' | 'semaphore';
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Exclusive or shared; exclusive when absent. */
  readonly mode?: LockMode;
  /** Semaphore only: number of permits; 1 when absent. 1 to 1,000,000,000. */
  readonly permits?: number;
  /**
   * Creates the semaphore with this limit if it does not exist; otherwise it must equal its limit. 1 to
   * 1,000,000,000.
   */
  readonly limit?: number;
}

/** Request of AcquireMany. */
export interface AcquireManyBody {
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id: string;
  /** The resources: all are acquired or none; each may be named once. 1 to 64 of them. */
  readonly resources: readonly WantedBody[];
  /** Longest wait in seconds; 0 (the default) does not wait. 0 to 86,400. */
  readonly wait_seconds?: number;
  /**
   * Number of this request, increasing within the session (or client). A retry with the same number gets the
   * stored (idempotent) response and is not executed again.
   */
  readonly request_id?: number;
  /** The hold ends after so many seconds, even while its session is alive. 0.001 to 86,400. */
  readonly max_hold_seconds?: number;
  /** Shown with the hold: who holds it, why, where. Any JSON, at most 1024 bytes. */
  readonly metadata?: Json;
  /**
   * The holds of this session do not depend on this wait, as when several tasks share a session: deadlock
   * detection ignores it.
   */
  readonly independent?: boolean;
  /**
   * A UUID made for this request, by which any node can cancel it. Instead of `request_id`, in a session whose
   * requests another program numbers. The request is not to be repeated: when the connection is lost the node
   * cancels it, too. At most 36 characters.
   */
  readonly cancel_id?: string;
}

/** What AcquireMany answers. */
export interface AcquireManyAnswer {
  /** Always true: a failure is an error response. */
  readonly acquired: true;
  /** In the order of the request. */
  readonly holds: readonly {
    /** Kind of the resource. */
    readonly kind: 'lock' | 'semaphore';
    /** Name of the resource. */
    readonly resource: string;
    /**
     * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
     * it to the resource that the hold guards.
     */
    readonly fence_token: number;
    /** How many acquires of this session returned this hold. */
    readonly hold_count: number;
    /** Lock only. */
    readonly mode?: LockMode;
    /** Semaphore only: number of permits. */
    readonly permits?: number;
  }[];
  /** The session. */
  readonly session_id: string;
  /** Log index of the grant. */
  readonly revision: number;
}

/** Acquire of a lock by owner. */
export interface SimpleAcquireBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Owner of the lock: a client id. 1 to 256 characters. */
  readonly owner: string;
  /** Exclusive or shared; exclusive when absent. */
  readonly mode?: LockMode;
  /**
   * Seconds after the owner's last acquire at which the lock expires; the configured default when absent. 1 to
   * 86,400.
   */
  readonly ttl_seconds?: number;
  /** Longest wait in seconds; 0 (the default) does not wait. 0 to 86,400. */
  readonly wait_seconds?: number;
}

/** The lock is held by its owner. */
export interface SimpleAcquireAnswer {
  /** Always true: a failure is an error response. */
  readonly acquired: true;
  /** Name of the resource. */
  readonly name: string;
  /** Owner of the lock. */
  readonly owner: string;
  /** Exclusive or shared. */
  readonly mode: LockMode;
  /**
   * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
   * it to the resource that the hold guards.
   */
  readonly fence_token: number;
  /** Seconds after which it expires without another acquire. */
  readonly ttl_seconds: number;
}

/** Release of a lock by owner. */
export interface SimpleReleaseBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Owner of the lock: a client id. 1 to 256 characters. */
  readonly owner: string;
}

/** The lock is released. */
export interface SimpleReleaseAnswer {
  /** Always true: a failure is an error response. */
  readonly released: true;
  /** Name of the resource. */
  readonly name: string;
  /** Owner of the lock. */
  readonly owner: string;
}

/** Request of Check. */
export interface CheckBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Fence token, as returned by the acquire. */
  readonly fence_token: number;
}

/** What Check answers. */
export interface CheckAnswer {
  /** The token is that of a current hold. */
  readonly valid: boolean;
  /** Name of the resource. */
  readonly resource: string;
  /** The token of the request. */
  readonly fence_token: number;
  /** Largest token of the current holds of this resource; null when it is free. */
  readonly current_fence_token: number | null;
  /** How the hold of this token was ended other than by its holder; null when it was not, or too long ago. */
  readonly end_reason: 'expired' | 'forced' | 'max_hold' | null;
}

/** Request of LockStatus. */
export interface LockRef {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The hold with this fence token is listed first, however many there are. */
  readonly fence_token?: number;
  /** Largest number of entries of each list; 100 when absent, fewer where entries are large. 1 to 1,000. */
  readonly show?: number;
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
}

/** Status of a lock. */
export interface LockStatusAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** It is held. */
  readonly locked: boolean;
  /** Mode in which it is held; null when it is free. */
  readonly mode: LockMode | null;
  /** Number of holders; the first of them are listed. */
  readonly holder_count: number;
  /** The first holders. */
  readonly holders: readonly {
    /** The session. */
    readonly session_id: string;
    /** Name of the client, for people. */
    readonly client_id: string;
    /** Exclusive or shared. */
    readonly mode: LockMode;
    /**
     * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
     * it to the resource that the hold guards.
     */
    readonly fence_token: number;
    /** How many acquires of its session returned this hold. */
    readonly hold_count: number;
    /**
     * Wall-clock time at which it was granted, seconds since 1970, for people. Below feature level 3 that of a hold
     * that waited is the begin of its wait.
     */
    readonly acquired_at: number;
    /** Metadata given with the acquire. */
    readonly metadata: Json;
    /** Seconds until its max-hold expiry; null when it has none. */
    readonly ends_in_seconds: number | null;
  }[];
  /** The next waiters. */
  readonly waiters: readonly {
    /** The session. */
    readonly session_id: string;
    /** Name of the client, for people. */
    readonly client_id: string;
    /** Exclusive or shared. */
    readonly mode: LockMode;
    /** Position in the wait queue; 1 is next. */
    readonly position: number;
    /** Priority 0 to 9; higher goes first. */
    readonly priority: number;
  }[];
  /** Number of waiters; the next of them are listed. */
  readonly waiter_count: number;
  /**
   * Wall-clock time, seconds since 1970, for people, at which its lock-delay period ends (the session of a holder
   * expired). Null outside a lock-delay period.
   */
  readonly delayed_until: number | null;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /** Log index of the state that is reported. */
  readonly revision: number;
}

/** Request of ListLocks. */
export interface ListLocksBody {
  /** Only names with this prefix. At most 256 characters. */
  readonly prefix?: string;
  /** `next_after` of the previous page. 1 to 256 characters. */
  readonly after?: string;
  /** Largest number of locks on a page; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
  /** Only locks that this client holds or waits for. 1 to 256 characters. */
  readonly client_id?: string;
  /** Only locks that somebody waits for. */
  readonly waiting?: boolean;
}

/** What ListLocks answers. */
export interface ListLocksAnswer {
  /** Each with its first 10 holders and waiters. */
  readonly locks: readonly LockStatusAnswer[];
  /** Locks on this page. */
  readonly total_locks: number;
  /** `after` of the next page; null on the last. */
  readonly next_after: string | null;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /** Log index of the state that is reported. */
  readonly revision: number;
}

/** The first holder, then all fields of lock_status. */
export interface AdminLockAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** It is held. */
  readonly locked: boolean;
  /** Mode in which it is held; null when it is free. */
  readonly mode: LockMode | null;
  /** Number of holders; the first of them are listed. */
  readonly holder_count: number;
  /** The first holders. */
  readonly holders: readonly {
    /** The session. */
    readonly session_id: string;
    /** Name of the client, for people. */
    readonly client_id: string;
    /** Exclusive or shared. */
    readonly mode: LockMode;
    /**
     * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
     * it to the resource that the hold guards.
     */
    readonly fence_token: number;
    /** How many acquires of its session returned this hold. */
    readonly hold_count: number;
    /**
     * Wall-clock time at which it was granted, seconds since 1970, for people. Below feature level 3 that of a hold
     * that waited is the begin of its wait.
     */
    readonly acquired_at: number;
    /** Metadata given with the acquire. */
    readonly metadata: Json;
    /** Seconds until its max-hold expiry; null when it has none. */
    readonly ends_in_seconds: number | null;
  }[];
  /** The next waiters. */
  readonly waiters: readonly {
    /** The session. */
    readonly session_id: string;
    /** Name of the client, for people. */
    readonly client_id: string;
    /** Exclusive or shared. */
    readonly mode: LockMode;
    /** Position in the wait queue; 1 is next. */
    readonly position: number;
    /** Priority 0 to 9; higher goes first. */
    readonly priority: number;
  }[];
  /** Number of waiters; the next of them are listed. */
  readonly waiter_count: number;
  /**
   * Wall-clock time, seconds since 1970, for people, at which its lock-delay period ends (the session of a holder
   * expired). Null outside a lock-delay period.
   */
  readonly delayed_until: number | null;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /** Log index of the state that is reported. */
  readonly revision: number;
  /** As of the first holder; null when it is free. */
  readonly acquired_at: number | null;
  /**
   * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
   * it to the resource that the hold guards.
   */
  readonly fence_token: number | null;
  /** The session. */
  readonly session_id: string | null;
  /** Name of the client, for people. */
  readonly client_id: string | null;
}

/** Request of ForceRelease. */
export interface ForceReleaseBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Kind of the resource; `lock` when absent. */
  readonly kind?: 'lock' | 'semaphore' | 'election';
  /** Reason, shown in the events and to the former holders. At most 1,000 characters. */
  readonly reason?: string;
}

/** What ForceRelease answers. */
export interface ForceReleaseAnswer {
  /** False when it was not held. */
  readonly released: boolean;
  /** Name of the resource. */
  readonly resource: string;
  /** Holds that ended. */
  readonly count: number;
}
