/**
 * The operations of the service as they cross the wire, snake_case, times in seconds, the same on
 * HTTP and on the client stream. On HTTP, path parameters are merged into the body.
 */
export type LockMode = 'exclusive' | 'shared';

export interface CreateSessionBody {
  readonly client_id?: string;
  /** Seconds without a keepalive after which the session ends; 1 to 86400; the node's default when absent. */
  readonly timeout?: number;
  /** Seconds for which locks of this session stay closed after it expired. */
  readonly lock_delay_seconds?: number;
  /** With it a repeated request returns the same session. Unique for this client: 1 to 128 characters. */
  readonly request_id?: string;
}
export interface CreateSessionAnswer {
  readonly session_id: string;
  readonly client_id: string;
  readonly timeout: number;
  /** Whole seconds between keepalives that a client should keep (a third of the timeout, at least 1). */
  readonly keepalive_interval: number;
}
export interface SessionRef {
  readonly session_id: string;
}
/** `linearizable`, the default, proves leadership first; `stale` reads what the asked node has applied. */
export type Consistency = 'linearizable' | 'stale';
export interface ReadSessionBody extends SessionRef {
  readonly consistency?: Consistency;
}
export interface SessionAnswer {
  readonly session_id: string;
  readonly client_id: string;
  readonly timeout: number;
  /** Wall clock, seconds since 1970, for people. */
  readonly created_at: number;
  /** Wall clock as seen by the leader; after a leader change the time at which it took over. */
  readonly last_keepalive: number;
  readonly locks_held: readonly string[];
  readonly consistency: 'linearizable' | 'stale';
}
export interface KeepAliveAnswer {
  readonly session_id: string;
  readonly success: true;
  readonly timeout: number;
}
export interface EndSessionAnswer {
  readonly session_id: string;
  readonly deleted: true;
}
export interface SessionLocksAnswer {
  readonly locks: readonly string[];
  readonly total_locks: number;
  readonly holds: readonly {
    readonly resource: string;
    readonly fence_token: number;
    readonly mode: LockMode;
    readonly hold_count: number;
  }[];
}
export interface AcquireBody {
  readonly name: string;
  /** Either a session, or `client_id` with `ttl_seconds`: then the hold has a session of its own. */
  readonly session_id?: string;
  readonly client_id?: string;
  readonly ttl_seconds?: number;
  readonly mode?: LockMode;
  /** Longest wait in the queue; 0, the default, tries once. */
  readonly wait_seconds?: number;
  /** With a session: an integer, increasing in the session. With `client_id`: the same, increasing for the client. */
  readonly request_id?: number;
}
export interface AcquireAnswer {
  readonly acquired: true;
  readonly resource: string;
  readonly fence_token: number;
  readonly mode: LockMode;
  readonly hold_count: number;
  readonly session_id: string;
  readonly revision: number;
  /** Present for a hold with a session of its own. */
  readonly ttl_seconds?: number;
}
export interface ReleaseBody {
  readonly name: string;
  readonly session_id?: string;
  readonly client_id?: string;
  /** Required with `client_id`; with a session it may be left out: whatever hold the session has. */
  readonly fence_token?: number;
  readonly request_id?: number;
}
export interface ReleaseAnswer {
  readonly released: true;
  readonly resource: string;
  readonly fence_token: number;
  readonly remaining_hold_count: number;
}
export interface RenewBody {
  readonly name: string;
  readonly session_id?: string;
  readonly client_id?: string;
  readonly fence_token: number;
}
export interface RenewAnswer {
  readonly renewed: true;
  readonly resource: string;
  readonly fence_token: number;
  readonly ttl_seconds: number;
}
export interface CheckBody {
  readonly name: string;
  readonly fence_token: number;
}
export interface CheckAnswer {
  readonly valid: boolean;
  readonly resource: string;
  readonly fence_token: number;
  /** The largest token that holds this resource now, null when nobody does. */
  readonly current_fence_token: number | null;
}
export interface LockRef {
  readonly name: string;
  readonly consistency?: Consistency;
}
export interface LockStatusAnswer {
  readonly resource: string;
  readonly locked: boolean;
  readonly mode: LockMode | null;
  readonly holders: readonly {
    readonly session_id: string;
    readonly client_id: string;
    readonly mode: LockMode;
    readonly fence_token: number;
    readonly hold_count: number;
    readonly acquired_at: number;
  }[];
  readonly waiters: readonly {
    readonly session_id: string;
    readonly client_id: string;
    readonly mode: LockMode;
    readonly position: number;
  }[];
  readonly waiter_count: number;
  /** Wall clock, seconds since 1970, for people; null when there is no delay. */
  readonly delayed_until: number | null;
  readonly consistency: 'linearizable' | 'stale';
}
export interface ListLocksBody {
  readonly prefix?: string;
  readonly after?: string;
  /** Locks on a page, 1 to 1000; 100 by default. */
  readonly limit?: number;
  readonly consistency?: Consistency;
}
export interface ListLocksAnswer {
  readonly locks: readonly LockStatusAnswer[];
  /** Locks on this page. */
  readonly total_locks: number;
  /** Pass as `after` for the next page; null on the last. */
  readonly next_after: string | null;
}
export interface ForceReleaseBody {
  readonly name: string;
  readonly reason?: string;
}
export interface ForceReleaseAnswer {
  readonly released: boolean;
  readonly resource: string;
  readonly count: number;
}

export interface AcquirePermitsBody {
  readonly name: string;
  readonly session_id: string;
  /** 1 when absent. */
  readonly permits?: number;
  /** Makes the semaphore where there is none; has to be its limit where there is one. */
  readonly limit?: number;
  /** Longest wait in the queue; 0, the default, tries once. */
  readonly wait_seconds?: number;
  readonly request_id?: number;
}
export interface AcquirePermitsAnswer {
  readonly acquired: true;
  readonly resource: string;
  readonly permits: number;
  readonly fence_token: number;
  readonly session_id: string;
  readonly revision: number;
}
export interface ReleasePermitsBody {
  readonly name: string;
  readonly session_id: string;
  /** Of the acquire that is given back. */
  readonly fence_token: number;
  readonly request_id?: number;
}
export interface ReleasePermitsAnswer {
  readonly released: true;
  readonly resource: string;
  readonly fence_token: number;
}
export interface SemaphoreRef {
  readonly name: string;
  readonly consistency?: Consistency;
}
export interface SemaphoreLimitBody {
  readonly name: string;
  readonly limit: number;
}
export interface DeleteSemaphoreBody {
  readonly name: string;
}
export interface DeleteSemaphoreAnswer {
  readonly resource: string;
  readonly deleted: true;
}
export interface SemaphoreAnswer {
  readonly resource: string;
  readonly limit: number;
  /** Below 0 while holders have more than a limit that was lowered. */
  readonly free: number;
  /** It was created by name, and stays when nobody uses it. */
  readonly stays: boolean;
  readonly holders: readonly {
    readonly session_id: string;
    readonly client_id: string;
    readonly permits: number;
    readonly fence_token: number;
    readonly acquired_at: number;
  }[];
  readonly waiters: readonly {
    readonly session_id: string;
    readonly client_id: string;
    readonly permits: number;
    readonly position: number;
  }[];
}

/** Operations on the client stream: name → body and answer. */
export interface Operations {
  readonly create_session: {
    readonly body: CreateSessionBody;
    readonly answer: CreateSessionAnswer;
  };
  readonly get_session: { readonly body: ReadSessionBody; readonly answer: SessionAnswer };
  readonly end_session: { readonly body: SessionRef; readonly answer: EndSessionAnswer };
  readonly keepalive: { readonly body: SessionRef; readonly answer: KeepAliveAnswer };
  readonly session_locks: { readonly body: ReadSessionBody; readonly answer: SessionLocksAnswer };
  readonly acquire: { readonly body: AcquireBody; readonly answer: AcquireAnswer };
  readonly release: { readonly body: ReleaseBody; readonly answer: ReleaseAnswer };
  readonly renew: { readonly body: RenewBody; readonly answer: RenewAnswer };
  readonly check: { readonly body: CheckBody; readonly answer: CheckAnswer };
  readonly lock_status: { readonly body: LockRef; readonly answer: LockStatusAnswer };
  readonly list_locks: { readonly body: ListLocksBody; readonly answer: ListLocksAnswer };
  readonly acquire_permits: {
    readonly body: AcquirePermitsBody;
    readonly answer: AcquirePermitsAnswer;
  };
  readonly release_permits: {
    readonly body: ReleasePermitsBody;
    readonly answer: ReleasePermitsAnswer;
  };
  readonly semaphore_status: { readonly body: SemaphoreRef; readonly answer: SemaphoreAnswer };
  readonly create_semaphore: {
    readonly body: SemaphoreLimitBody;
    readonly answer: SemaphoreAnswer;
  };
  readonly resize_semaphore: {
    readonly body: SemaphoreLimitBody;
    readonly answer: SemaphoreAnswer;
  };
  readonly delete_semaphore: {
    readonly body: DeleteSemaphoreBody;
    readonly answer: DeleteSemaphoreAnswer;
  };
  readonly force_release: { readonly body: ForceReleaseBody; readonly answer: ForceReleaseAnswer };
}
export type OperationName = keyof Operations;
