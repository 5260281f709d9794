// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Json } from '../json.ts';
import type { Consistency } from './sessions.ts';

/** What AcquirePermits is asked. */
export interface AcquirePermitsBody {
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
  /** How many permits; 1 when absent. 1 to 1,000,000,000. */
  readonly permits?: number;
  /** Makes the semaphore where there is none; where there is one it has to be its limit. 1 to 1,000,000,000. */
  readonly limit?: number;
  /** Longest wait in seconds; 0, the default, tries once. 0 to 86,400. */
  readonly wait_seconds?: number;
  /** Number of this request, increasing in the session (or for the client): a repetition gets the first answer. */
  readonly request_id?: number;
}

/** What AcquirePermits answers. */
export interface AcquirePermitsAnswer {
  /** Always true: a refusal is an error. */
  readonly acquired: true;
  /** Name of the resource. */
  readonly resource: string;
  /** How many permits. */
  readonly permits: number;
  /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
  readonly fence_token: number;
  /** The session. */
  readonly session_id: string;
  /** Log index of the grant. */
  readonly revision: number;
  /** For how many seconds the hold stands without a renewal; told of a hold with a session of its own. */
  readonly ttl_seconds?: number;
}

/** What ReleasePermits is asked. */
export interface ReleasePermitsBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /** Instead of a session: who asks, for people. The hold then has a session of its own. 1 to 256 characters. */
  readonly client_id?: string;
  /** Of the acquire that is given back. */
  readonly fence_token: number;
  /** Number of this request, increasing in the session (or for the client): a repetition gets the first answer. */
  readonly request_id?: number;
}

/** What ReleasePermits answers. */
export interface ReleasePermitsAnswer {
  /** Always true: a refusal is an error. */
  readonly released: true;
  /** Name of the resource. */
  readonly resource: string;
  /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
  readonly fence_token: number;
}

/** What SemaphoreStatus is asked. */
export interface SemaphoreRef {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The hold of this fence token is shown first, however many there are. */
  readonly fence_token?: number;
  /** How many of each list to show; 100 when absent, fewer where they are large. 1 to 1,000. */
  readonly show?: number;
  /** `linearizable`, the default, proves leadership first; `stale` reads what the asked node has applied. */
  readonly consistency?: Consistency;
}

/** A semaphore as it is. */
export interface SemaphoreAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** How many permits there are. */
  readonly limit: number;
  /** How many nobody has; below 0 while holders have more than a limit that was lowered. */
  readonly free: number;
  /** It was created by name, and stays when nobody uses it. */
  readonly stays: boolean;
  /** All that hold permits: the first of them are shown. */
  readonly holder_count: number;
  /** All that wait: the next of them are shown. */
  readonly waiter_count: number;
  /** The first that have permits. */
  readonly holders: readonly {
    /** The session. */
    readonly session_id: string;
    /** Who it is, for people. */
    readonly client_id: string;
    /** How many permits. */
    readonly permits: number;
    /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
    readonly fence_token: number;
    /** Wall clock, seconds since 1970, for people. */
    readonly acquired_at: number;
    /** Who, why, where: as given with the acquire. */
    readonly metadata: Json;
    /** Seconds until its longest time is over; null when it has none. */
    readonly ends_in_seconds: number | null;
  }[];
  /** The next that wait for permits. */
  readonly waiters: readonly {
    /** The session. */
    readonly session_id: string;
    /** Who it is, for people. */
    readonly client_id: string;
    /** How many permits. */
    readonly permits: number;
    /** 1 is the next. */
    readonly position: number;
    /** 0 to 9; ahead of those with a lower one. */
    readonly priority: number;
  }[];
}

/** What CreateSemaphore is asked. */
export interface SemaphoreLimitBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** How many permits there are. 1 to 1,000,000,000. */
  readonly limit: number;
}

/** What ResizeSemaphore is asked. */
export interface ResizeSemaphoreBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** How many permits there are. 1 to 1,000,000,000. */
  readonly limit: number;
}

/** What DeleteSemaphore is asked. */
export interface DeleteSemaphoreBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
}

/** What DeleteSemaphore answers. */
export interface DeleteSemaphoreAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** Always true: a refusal is an error. */
  readonly deleted: true;
}
