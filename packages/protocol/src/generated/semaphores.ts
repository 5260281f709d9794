// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Json } from '../json.ts';
import type { Consistency } from './sessions.ts';

/** Request of AcquirePermits. */
export interface AcquirePermitsBody {
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
  /** Number of permits; 1 when absent. 1 to 1,000,000,000. */
  readonly permits?: number;
  /**
   * Creates the semaphore with this limit if it does not exist; otherwise it must equal its limit. 1 to
   * 1,000,000,000.
   */
  readonly limit?: number;
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

/** What AcquirePermits answers. */
export interface AcquirePermitsAnswer {
  /** Always true: a failure is an error response. */
  readonly acquired: true;
  /** Name of the resource. */
  readonly resource: string;
  /** Number of permits. */
  readonly permits: number;
  /**
   * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
   * it to the resource that the hold guards.
   */
  readonly fence_token: number;
  /** The session. */
  readonly session_id: string;
  /** Log index of the grant. */
  readonly revision: number;
  /** Seconds after which the hold expires without a renewal; only of a hold with an implicit session. */
  readonly ttl_seconds?: number;
}

/** Request of ReleasePermits. */
export interface ReleasePermitsBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /**
   * Instead of a session: name of the client, for people. The hold then has an implicit session. 1 to 256
   * characters.
   */
  readonly client_id?: string;
  /** Fence token of the acquire to release. */
  readonly fence_token: number;
  /**
   * Number of this request, increasing within the session (or client). A retry with the same number gets the
   * stored (idempotent) response and is not executed again.
   */
  readonly request_id?: number;
}

/** What ReleasePermits answers. */
export interface ReleasePermitsAnswer {
  /** Always true: a failure is an error response. */
  readonly released: true;
  /** Name of the resource. */
  readonly resource: string;
  /**
   * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
   * it to the resource that the hold guards.
   */
  readonly fence_token: number;
}

/** Request of SemaphoreStatus. */
export interface SemaphoreRef {
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

/** Status of a semaphore. */
export interface SemaphoreAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** Number of permits (limit); null when there is no such semaphore. */
  readonly limit: number | null;
  /**
   * Free permits; below 0 while holders have more than a limit that was reduced; null when there is no such
   * semaphore.
   */
  readonly free: number | null;
  /** It was created explicitly and remains when nobody uses it. */
  readonly persistent: boolean;
  /** How current a status is. */
  readonly consistency?: Consistency;
  /** Of a status: log index of the state that is reported. */
  readonly revision?: number;
  /** Number of holders; the first of them are listed. */
  readonly holder_count: number;
  /** Number of waiters; the next of them are listed. */
  readonly waiter_count: number;
  /** The first holders. */
  readonly holders: readonly {
    /** The session. */
    readonly session_id: string;
    /** Name of the client, for people. */
    readonly client_id: string;
    /** Number of permits. */
    readonly permits: number;
    /**
     * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
     * it to the resource that the hold guards.
     */
    readonly fence_token: number;
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
    /** Number of permits. */
    readonly permits: number;
    /** Position in the wait queue; 1 is next. */
    readonly position: number;
    /** Priority 0 to 9; higher goes first. */
    readonly priority: number;
  }[];
}

/** Request of ListSemaphores. */
export interface ListSemaphoresBody {
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
  /** Only semaphores of which this client holds permits, or waits for them. 1 to 256 characters. */
  readonly client_id?: string;
  /** Only semaphores that somebody waits for. */
  readonly waiting?: boolean;
}

/** What ListSemaphores answers. */
export interface ListSemaphoresAnswer {
  /** In the order of names; of each the first 10 of its lists. */
  readonly semaphores: readonly SemaphoreAnswer[];
  /** `after` of the next page; null on the last. A page may have few rows, or none, and not be the last. */
  readonly next_after: string | null;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /** Log index of the state that is reported. */
  readonly revision: number;
}

/** Request of CreateSemaphore. */
export interface SemaphoreLimitBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Number of permits (limit). 1 to 1,000,000,000. */
  readonly limit: number;
}

/** Request of ResizeSemaphore. */
export interface ResizeSemaphoreBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Number of permits (limit). 1 to 1,000,000,000. */
  readonly limit: number;
}

/** Request of DeleteSemaphore. */
export interface DeleteSemaphoreBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
}

/** What DeleteSemaphore answers. */
export interface DeleteSemaphoreAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** Always true: a failure is an error response. */
  readonly deleted: true;
}
