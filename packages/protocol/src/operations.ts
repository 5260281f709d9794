/**
 * The operations of the service as they cross the wire, snake_case, times in seconds, the same on
 * HTTP and on the client stream. On HTTP, path parameters are merged into the body.
 */
import type { AcquireTerms, Json, Who } from './acquiring.ts';
import type * as elections from './elections.ts';
import type * as events from './events.ts';
import type * as meetings from './meetings.ts';
import type * as semaphores from './semaphores.ts';

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
/** A page of what a session holds. */
export interface SessionLocksBody extends ReadSessionBody {
  /** `next_after` of the page before. */
  readonly after?: number;
  /** Holds on a page, 0 to 1000; 1000 by default. 0: only how many there are, and their digest. */
  readonly limit?: number;
}
/** A page of the places at which a session waits. */
export interface SessionWaitsBody extends ReadSessionBody {
  /** `next_after` of the page before. */
  readonly after?: number;
  /** Places on a page, 1 to 1000; 100 by default. */
  readonly limit?: number;
}
export interface SessionAnswer {
  readonly session_id: string;
  readonly client_id: string;
  readonly timeout: number;
  /** Wall clock, seconds since 1970, for people. */
  readonly created_at: number;
  /** Wall clock as seen by the leader; after a leader change the time at which it took over. */
  readonly last_keepalive: number;
  /** The first of each kind, at most 100: `session_locks` has them all, by pages. */
  readonly locks_held: readonly string[];
  readonly semaphores_held: readonly string[];
  readonly elections_led: readonly string[];
  readonly barriers_inside: readonly string[];
  readonly lock_count: number;
  /** Holds of semaphores: each acquire of permits is one. */
  readonly permit_hold_count: number;
  readonly leadership_count: number;
  readonly barrier_count: number;
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
/** In the order in which the holds began; each list has those of its kind that are on this page. */
export interface SessionLocksAnswer {
  readonly locks: readonly string[];
  /** Locks on all pages. */
  readonly total_locks: number;
  /** Holds of all kinds on all pages. */
  readonly total_holds: number;
  /** Of all its holds: equal for equal sets of first tokens (`HoldDigest`). */
  readonly digest: string;
  /** Pass as `after` for the next page; null on the last. */
  readonly next_after: number | null;
  readonly holds: readonly {
    readonly resource: string;
    readonly fence_token: number;
    readonly mode: LockMode;
    readonly hold_count: number;
    /** Of the hold's first grant: a raise brings a new one. */
    readonly first_fence_token: number;
  }[];
  readonly permits: readonly {
    readonly resource: string;
    readonly fence_token: number;
    readonly permits: number;
  }[];
  readonly leaderships: readonly { readonly resource: string; readonly fence_token: number }[];
}
/** An acquire that its asker wants no more: of a session, or by client id. */
export interface GiveUpBody extends Who {
  readonly request_id: number;
  /** What it was for; of several, `many` with the first name. */
  readonly kind: 'lock' | 'semaphore' | 'election' | 'many' | 'barrier';
  readonly name: string;
}
export interface GiveUpAnswer {
  /** It holds nothing, and never will under this number. */
  readonly given_up: true;
}
export interface SessionWaitsAnswer {
  /** Places on all pages. */
  readonly wait_count: number;
  /** Pass as `after` for the next page; null on the last. */
  readonly next_after: number | null;
  readonly waits: readonly {
    readonly kind: 'lock' | 'semaphore' | 'election';
    readonly resource: string;
    /** 1 is the next. */
    readonly position: number;
    /** Clients that wait ahead, the next one first; at most 100. */
    readonly ahead: readonly string[];
  }[];
}
/** Either a session, or `client_id` with `ttl_seconds`: then the hold has a session of its own. */
export interface AcquireBody extends Who, AcquireTerms {
  readonly name: string;
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
export interface DowngradeBody extends Who {
  readonly name: string;
  readonly fence_token: number;
}
export interface DowngradeAnswer {
  readonly downgraded: true;
  readonly resource: string;
  readonly fence_token: number;
  readonly mode: 'shared';
}
/** One of several that are acquired together. */
export interface WantedBody {
  /** `lock` when absent. */
  readonly kind?: 'lock' | 'semaphore';
  readonly name: string;
  /** Of a lock. */
  readonly mode?: LockMode;
  /** Of a semaphore; 1 when absent. */
  readonly permits?: number;
  readonly limit?: number;
}
export interface AcquireManyBody {
  readonly session_id: string;
  /** 1 to 64, each once. */
  readonly resources: readonly WantedBody[];
  readonly wait_seconds?: number;
  readonly request_id?: number;
  readonly max_hold_seconds?: number;
  readonly metadata?: Json;
  readonly independent?: boolean;
}
export interface AcquireManyAnswer {
  readonly acquired: true;
  /** In the order in which they were asked for. */
  readonly holds: readonly {
    readonly kind: 'lock' | 'semaphore';
    readonly resource: string;
    readonly fence_token: number;
    readonly hold_count: number;
    readonly mode?: LockMode;
    readonly permits?: number;
  }[];
  readonly session_id: string;
  readonly revision: number;
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
  /** How others ended the hold of this token, as long as that is remembered; null when they did not. */
  readonly end_reason: 'expired' | 'forced' | 'max_hold' | null;
}
export interface LockRef {
  readonly name: string;
  /** The hold of this token is shown first, however many there are. */
  readonly fence_token?: number;
  /** Holders, and waiters, to show: 1 to 1000, 100 by default; fewer where they are large. */
  readonly show?: number;
  readonly consistency?: Consistency;
}
export interface LockStatusAnswer {
  readonly resource: string;
  readonly locked: boolean;
  readonly mode: LockMode | null;
  /** All that hold it; `holders` shows the first of them. */
  readonly holder_count: number;
  readonly holders: readonly {
    readonly session_id: string;
    readonly client_id: string;
    readonly mode: LockMode;
    readonly fence_token: number;
    readonly hold_count: number;
    readonly acquired_at: number;
    readonly metadata: Json;
    /** Seconds until its longest time is over; null when it has none. */
    readonly ends_in_seconds: number | null;
  }[];
  readonly waiters: readonly {
    readonly session_id: string;
    readonly client_id: string;
    readonly mode: LockMode;
    readonly position: number;
    readonly priority: number;
  }[];
  /** All that wait; `waiters` shows the next of them. */
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
  /** Of each the first 10 holders and waiters. */
  readonly locks: readonly LockStatusAnswer[];
  /** Locks on this page. */
  readonly total_locks: number;
  /** Pass as `after` for the next page; null on the last. */
  readonly next_after: string | null;
}
export interface ForceReleaseBody {
  readonly name: string;
  /** `lock` when absent. */
  readonly kind?: 'lock' | 'semaphore' | 'election';
  readonly reason?: string;
}
export interface ForceReleaseAnswer {
  readonly released: boolean;
  readonly resource: string;
  readonly count: number;
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
  readonly session_locks: { readonly body: SessionLocksBody; readonly answer: SessionLocksAnswer };
  readonly acquire: { readonly body: AcquireBody; readonly answer: AcquireAnswer };
  readonly release: { readonly body: ReleaseBody; readonly answer: ReleaseAnswer };
  readonly renew: { readonly body: RenewBody; readonly answer: RenewAnswer };
  readonly check: { readonly body: CheckBody; readonly answer: CheckAnswer };
  readonly lock_status: { readonly body: LockRef; readonly answer: LockStatusAnswer };
  readonly list_locks: { readonly body: ListLocksBody; readonly answer: ListLocksAnswer };
  readonly session_waits: { readonly body: SessionWaitsBody; readonly answer: SessionWaitsAnswer };
  readonly downgrade: { readonly body: DowngradeBody; readonly answer: DowngradeAnswer };
  readonly acquire_many: { readonly body: AcquireManyBody; readonly answer: AcquireManyAnswer };
  readonly acquire_permits: {
    readonly body: semaphores.AcquirePermitsBody;
    readonly answer: semaphores.AcquirePermitsAnswer;
  };
  readonly release_permits: {
    readonly body: semaphores.ReleasePermitsBody;
    readonly answer: semaphores.ReleasePermitsAnswer;
  };
  readonly renew_permits: { readonly body: RenewBody; readonly answer: RenewAnswer };
  readonly semaphore_status: {
    readonly body: semaphores.SemaphoreRef;
    readonly answer: semaphores.SemaphoreAnswer;
  };
  readonly create_semaphore: {
    readonly body: semaphores.SemaphoreLimitBody;
    readonly answer: semaphores.SemaphoreAnswer;
  };
  readonly resize_semaphore: {
    readonly body: semaphores.SemaphoreLimitBody;
    readonly answer: semaphores.SemaphoreAnswer;
  };
  readonly delete_semaphore: {
    readonly body: semaphores.DeleteSemaphoreBody;
    readonly answer: semaphores.DeleteSemaphoreAnswer;
  };
  readonly campaign: {
    readonly body: elections.CampaignBody;
    readonly answer: elections.CampaignAnswer;
  };
  readonly resign: { readonly body: elections.ResignBody; readonly answer: elections.ResignAnswer };
  readonly proclaim: {
    readonly body: elections.ProclaimBody;
    readonly answer: elections.ProclaimAnswer;
  };
  readonly renew_leadership: { readonly body: RenewBody; readonly answer: RenewAnswer };
  readonly election_leader: {
    readonly body: elections.ElectionRef;
    readonly answer: elections.ElectionAnswer;
  };
  readonly enter_barrier: {
    readonly body: meetings.EnterBarrierBody;
    readonly answer: meetings.EnterBarrierAnswer;
  };
  readonly leave_barrier: {
    readonly body: meetings.LeaveBarrierBody;
    readonly answer: meetings.LeaveBarrierAnswer;
  };
  readonly barrier_status: {
    readonly body: meetings.BarrierRef;
    readonly answer: meetings.BarrierAnswer;
  };
  readonly create_latch: {
    readonly body: meetings.CreateLatchBody;
    readonly answer: meetings.LatchAnswer;
  };
  readonly count_down: {
    readonly body: meetings.CountDownBody;
    readonly answer: meetings.LatchAnswer;
  };
  readonly wait_latch: {
    readonly body: meetings.WaitLatchBody;
    readonly answer: meetings.LatchAnswer;
  };
  readonly latch_status: {
    readonly body: meetings.LatchRef;
    readonly answer: meetings.LatchAnswer;
  };
  readonly delete_latch: {
    readonly body: meetings.DeleteLatchBody;
    readonly answer: meetings.DeleteLatchAnswer;
  };
  readonly give_up: { readonly body: GiveUpBody; readonly answer: GiveUpAnswer };
  readonly events: { readonly body: events.EventsBody; readonly answer: events.EventsAnswer };
  readonly force_release: { readonly body: ForceReleaseBody; readonly answer: ForceReleaseAnswer };
}
export type OperationName = keyof Operations;
