/** Semaphores as they cross the wire. */
import type { AcquireTerms, Json, Who } from './acquiring.ts';
import type { Consistency } from './operations.ts';

/** Either a session, or `client_id` with `ttl_seconds`: then the hold has a session of its own. */
export interface AcquirePermitsBody extends Who, AcquireTerms {
  readonly name: string;
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
  /** Present for a hold with a session of its own. */
  readonly ttl_seconds?: number;
}
export interface ReleasePermitsBody extends Who {
  readonly name: string;
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
  /** The hold of this token is shown first, however many there are. */
  readonly fence_token?: number;
  /** Holders, and waiters, to show: 1 to 1000, 100 by default; fewer where they are large. */
  readonly show?: number;
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
  /** All that hold permits; `holders` shows the first of them. */
  readonly holder_count: number;
  /** All that wait; `waiters` shows the next of them. */
  readonly waiter_count: number;
  readonly holders: readonly {
    readonly session_id: string;
    readonly client_id: string;
    readonly permits: number;
    readonly fence_token: number;
    readonly acquired_at: number;
    readonly metadata: Json;
    readonly ends_in_seconds: number | null;
  }[];
  readonly waiters: readonly {
    readonly session_id: string;
    readonly client_id: string;
    readonly permits: number;
    readonly position: number;
    readonly priority: number;
  }[];
}
