// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Json } from '../json.ts';
import type { Consistency, LockMode } from './sessions.ts';

/** What Acquire is asked. */
export interface AcquireBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /** Instead of a session: who asks, for people. The hold then has a session of its own. 1 to 256 characters. */
  readonly client_id?: string;
  /**
   * With `client_id`: for how many seconds the hold stands without a renewal; the configured default when absent.
   * 1 to 86,400.
   */
  readonly ttl_seconds?: number;
  /** Ahead of those with a lower one in the queue; 0 when absent. Nobody is passed for ever. 0 to 9. */
  readonly priority?: number;
  /** The hold ends by itself after so many seconds, whatever its session does. 0.001 to 86,400. */
  readonly max_hold_seconds?: number;
  /** Who, why, where: shown with the hold. Any JSON, at most 1024 bytes. */
  readonly metadata?: Json;
  /**
   * What this session holds does not depend on this wait, as when several tasks share a session: it is left out of
   * the search for deadlocks.
   */
  readonly independent?: boolean;
  /** Exclusive or shared; exclusive when absent. */
  readonly mode?: LockMode;
  /** Longest wait in seconds; 0, the default, tries once. 0 to 86,400. */
  readonly wait_seconds?: number;
  /** Number of this request, increasing in the session (or for the client): a repetition gets the first answer. */
  readonly request_id?: number;
}

/** What Acquire answers. */
export interface AcquireAnswer {
  /** Always true: a refusal is an error. */
  readonly acquired: true;
  /** Name of the resource. */
  readonly resource: string;
  /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
  readonly fence_token: number;
  /** As asked for; a shared acquire may enter an exclusive hold. */
  readonly mode: LockMode;
  /** How many acquires of this session were told of this hold. */
  readonly hold_count: number;
  /** The session. */
  readonly session_id: string;
  /** Log index of the grant. */
  readonly revision: number;
  /** For how many seconds the hold stands without a renewal; told of a hold with a session of its own. */
  readonly ttl_seconds?: number;
}

/** What Release is asked. */
export interface ReleaseBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /** Instead of a session: who asks, for people. The hold then has a session of its own. 1 to 256 characters. */
  readonly client_id?: string;
  /**
   * As told by the acquire. Needed with `client_id`; with a session it may be left out: whatever hold the session
   * has.
   */
  readonly fence_token?: number;
  /** Number of this request, increasing in the session (or for the client): a repetition gets the first answer. */
  readonly request_id?: number;
}

/** What Release answers. */
export interface ReleaseAnswer {
  /** Always true: a refusal is an error. */
  readonly released: true;
  /** Name of the resource. */
  readonly resource: string;
  /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
  readonly fence_token: number;
  /** How many acquires of the hold are left; 0: it is released. */
  readonly remaining_hold_count: number;
}

/** What Renew is asked. */
export interface RenewBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /** Instead of a session: who asks, for people. The hold then has a session of its own. 1 to 256 characters. */
  readonly client_id?: string;
  /** Fence token, as told by the acquire. */
  readonly fence_token: number;
}

/** What Renew answers. */
export interface RenewAnswer {
  /** Always true: a refusal is an error. */
  readonly renewed: true;
  /** Name of the resource. */
  readonly resource: string;
  /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
  readonly fence_token: number;
  /** For how many seconds from now it stands without another renewal. */
  readonly ttl_seconds: number;
}

/** What Downgrade is asked. */
export interface DowngradeBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /** Instead of a session: who asks, for people. The hold then has a session of its own. 1 to 256 characters. */
  readonly client_id?: string;
  /** Fence token, as told by the acquire. */
  readonly fence_token: number;
}

/** What Downgrade answers. */
export interface DowngradeAnswer {
  /** Always true: a refusal is an error. */
  readonly downgraded: true;
  /** Name of the resource. */
  readonly resource: string;
  /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
  readonly fence_token: number;
  /** Shared. */
  readonly mode: 'shared';
}

/** One of several that are acquired together. */
export interface WantedBody {
  /** What it is; `lock` when absent. */
  readonly kind?: 'lock' | 'semaphore';
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Exclusive or shared; exclusive when absent. */
  readonly mode?: LockMode;
  /** Of a semaphore: how many permits; 1 when absent. 1 to 1,000,000,000. */
  readonly permits?: number;
  /** Makes the semaphore where there is none; where there is one it has to be its limit. 1 to 1,000,000,000. */
  readonly limit?: number;
}

/** What AcquireMany is asked. */
export interface AcquireManyBody {
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id: string;
  /** All of them or none; each once. 1 to 64 of them. */
  readonly resources: readonly WantedBody[];
  /** Longest wait in seconds; 0, the default, tries once. 0 to 86,400. */
  readonly wait_seconds?: number;
  /** Number of this request, increasing in the session (or for the client): a repetition gets the first answer. */
  readonly request_id?: number;
  /** The hold ends by itself after so many seconds, whatever its session does. 0.001 to 86,400. */
  readonly max_hold_seconds?: number;
  /** Who, why, where: shown with the hold. Any JSON, at most 1024 bytes. */
  readonly metadata?: Json;
  /**
   * What this session holds does not depend on this wait, as when several tasks share a session: it is left out of
   * the search for deadlocks.
   */
  readonly independent?: boolean;
}

/** What AcquireMany answers. */
export interface AcquireManyAnswer {
  /** Always true: a refusal is an error. */
  readonly acquired: true;
  /** In the order in which they were asked for. */
  readonly holds: readonly {
    /** What it is. */
    readonly kind: 'lock' | 'semaphore';
    /** Name of the resource. */
    readonly resource: string;
    /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
    readonly fence_token: number;
    /** How many acquires of this session were told of this hold. */
    readonly hold_count: number;
    /** Of a lock. */
    readonly mode?: LockMode;
    /** Of a semaphore: how many permits. */
    readonly permits?: number;
  }[];
  /** The session. */
  readonly session_id: string;
  /** Log index of the grant. */
  readonly revision: number;
}

/** An acquire of a lock by its owner alone. */
export interface SimpleAcquireBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Whose lock it is: the client id. 1 to 256 characters. */
  readonly owner: string;
  /** Exclusive or shared; exclusive when absent. */
  readonly mode?: LockMode;
  /**
   * The lock is free again so many seconds after the last acquire of its owner; the configured default when
   * absent. 1 to 86,400.
   */
  readonly ttl_seconds?: number;
  /** Longest wait in seconds; 0, the default, tries once. 0 to 86,400. */
  readonly wait_seconds?: number;
}

/** The lock is held by its owner. */
export interface SimpleAcquireAnswer {
  /** Always true: a refusal is an error. */
  readonly acquired: true;
  /** Name of the resource. */
  readonly name: string;
  /** Whose lock it is. */
  readonly owner: string;
  /** Exclusive or shared. */
  readonly mode: LockMode;
  /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
  readonly fence_token: number;
  /** For how many seconds it stands without another acquire. */
  readonly ttl_seconds: number;
}

/** A release of a lock by its owner alone. */
export interface SimpleReleaseBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Whose lock it is: the client id. 1 to 256 characters. */
  readonly owner: string;
}

/** The lock is released. */
export interface SimpleReleaseAnswer {
  /** Always true: a refusal is an error. */
  readonly released: true;
  /** Name of the resource. */
  readonly name: string;
  /** Whose lock it was. */
  readonly owner: string;
}

/** What Check is asked. */
export interface CheckBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Fence token, as told by the acquire. */
  readonly fence_token: number;
}

/** What Check answers. */
export interface CheckAnswer {
  /** The token holds the lock now. */
  readonly valid: boolean;
  /** Name of the resource. */
  readonly resource: string;
  /** The token that was asked about. */
  readonly fence_token: number;
  /** The largest token that holds this resource now; null when nobody does. */
  readonly current_fence_token: number | null;
  /** How others ended the hold of this token; null when they did not, or long ago. */
  readonly end_reason: 'expired' | 'forced' | 'max_hold' | null;
}

/** What LockStatus is asked. */
export interface LockRef {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The hold of this fence token is shown first, however many there are. */
  readonly fence_token?: number;
  /** How many of each list to show; 100 when absent, fewer where they are large. 1 to 1,000. */
  readonly show?: number;
  /** `linearizable`, the default, proves leadership first; `stale` reads what the asked node has applied. */
  readonly consistency?: Consistency;
}

/** A lock as it is. */
export interface LockStatusAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** Somebody holds it. */
  readonly locked: boolean;
  /** How it is held; null when nobody holds it. */
  readonly mode: LockMode | null;
  /** All that hold it: the first of them are shown. */
  readonly holder_count: number;
  /** The first that hold it. */
  readonly holders: readonly {
    /** The session. */
    readonly session_id: string;
    /** Who it is, for people. */
    readonly client_id: string;
    /** Exclusive or shared. */
    readonly mode: LockMode;
    /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
    readonly fence_token: number;
    /** How many acquires of its session were told of this hold. */
    readonly hold_count: number;
    /** Wall clock, seconds since 1970, for people. */
    readonly acquired_at: number;
    /** Who, why, where: as given with the acquire. */
    readonly metadata: Json;
    /** Seconds until its longest time is over; null when it has none. */
    readonly ends_in_seconds: number | null;
  }[];
  /** The next that wait for it. */
  readonly waiters: readonly {
    /** The session. */
    readonly session_id: string;
    /** Who it is, for people. */
    readonly client_id: string;
    /** Exclusive or shared. */
    readonly mode: LockMode;
    /** 1 is the next. */
    readonly position: number;
    /** 0 to 9; ahead of those with a lower one. */
    readonly priority: number;
  }[];
  /** All that wait: the next of them are shown. */
  readonly waiter_count: number;
  /**
   * Wall clock, seconds since 1970, for people: in its lock-delay period until then, since its holder expired.
   * Null when it is not.
   */
  readonly delayed_until: number | null;
  /** How current the answer is. */
  readonly consistency: Consistency;
}

/** What ListLocks is asked. */
export interface ListLocksBody {
  /** Only names that begin with it. At most 256 characters. */
  readonly prefix?: string;
  /** `next_after` of the page before. 1 to 256 characters. */
  readonly after?: string;
  /** Locks on a page; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
  /** `linearizable`, the default, proves leadership first; `stale` reads what the asked node has applied. */
  readonly consistency?: Consistency;
}

/** What ListLocks answers. */
export interface ListLocksAnswer {
  /** Of each the first 10 holders and waiters. */
  readonly locks: readonly LockStatusAnswer[];
  /** Locks on this page. */
  readonly total_locks: number;
  /** `after` of the next page; null on the last. */
  readonly next_after: string | null;
}

/** The first holder at a glance, then all that lock_status tells. */
export interface AdminLockAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** Somebody holds it. */
  readonly locked: boolean;
  /** How it is held; null when nobody holds it. */
  readonly mode: LockMode | null;
  /** All that hold it: the first of them are shown. */
  readonly holder_count: number;
  /** The first that hold it. */
  readonly holders: readonly {
    /** The session. */
    readonly session_id: string;
    /** Who it is, for people. */
    readonly client_id: string;
    /** Exclusive or shared. */
    readonly mode: LockMode;
    /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
    readonly fence_token: number;
    /** How many acquires of its session were told of this hold. */
    readonly hold_count: number;
    /** Wall clock, seconds since 1970, for people. */
    readonly acquired_at: number;
    /** Who, why, where: as given with the acquire. */
    readonly metadata: Json;
    /** Seconds until its longest time is over; null when it has none. */
    readonly ends_in_seconds: number | null;
  }[];
  /** The next that wait for it. */
  readonly waiters: readonly {
    /** The session. */
    readonly session_id: string;
    /** Who it is, for people. */
    readonly client_id: string;
    /** Exclusive or shared. */
    readonly mode: LockMode;
    /** 1 is the next. */
    readonly position: number;
    /** 0 to 9; ahead of those with a lower one. */
    readonly priority: number;
  }[];
  /** All that wait: the next of them are shown. */
  readonly waiter_count: number;
  /**
   * Wall clock, seconds since 1970, for people: in its lock-delay period until then, since its holder expired.
   * Null when it is not.
   */
  readonly delayed_until: number | null;
  /** How current the answer is. */
  readonly consistency: Consistency;
  /** Wall clock, seconds since 1970; null when nobody holds it. */
  readonly acquired_at: number | null;
  /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
  readonly fence_token: number | null;
  /** The session. */
  readonly session_id: string | null;
  /** Who it is, for people. */
  readonly client_id: string | null;
}

/** What ForceRelease is asked. */
export interface ForceReleaseBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** What is held; `lock` when absent. */
  readonly kind?: 'lock' | 'semaphore' | 'election';
  /** Why, for those who ask later. At most 1,000 characters. */
  readonly reason?: string;
}

/** What ForceRelease answers. */
export interface ForceReleaseAnswer {
  /** False when nobody held it. */
  readonly released: boolean;
  /** Name of the resource. */
  readonly resource: string;
  /** Holds that ended. */
  readonly count: number;
}
