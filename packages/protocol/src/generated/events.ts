// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Json } from '../json.ts';
import type { LockMode } from './sessions.ts';

/**
 * Kind of resource that can be watched. `lock`: Locks. `semaphore`: Semaphores. `election`: Elections.
 * `barrier`: Barriers. `latch`: Latches.
 */
export type WatchedKind = 'lock' | 'semaphore' | 'election' | 'barrier' | 'latch';

/** Request of Watch. */
export interface WatchBody {
  /** Only resources whose names have this prefix. At most 256 characters. */
  readonly prefix?: string;
  /** Only this resource. 1 to 256 characters. */
  readonly name?: string;
  /** Only resources of this kind. */
  readonly kind?: WatchedKind;
  /** Events after this position or revision; from now on when absent. 1 to 32 characters. */
  readonly after?: string;
}

/**
 * What happened. `granted`: It was granted. `released`: A hold was ended by its holder, by force, or by its
 * max-hold expiry: see `reason`. `expired`: A hold ended because its session expired. `downgraded`: An exclusive
 * hold was downgraded to shared, with the same token. `waiting`: A waiter entered the wait queue. `left`: A
 * waiter left the wait queue without a grant, or a session left a barrier. `proclaimed`: The leader published
 * another value. `created`: It was created. `resized`: The limit of a semaphore was changed. `deleted`: It was
 * deleted. `entered`: A session entered a barrier. `opened`: A barrier or latch opened: all parties entered, or
 * the count is 0. `over`: The round of a barrier ended: all parties left. `counted`: A latch was counted down.
 */
export type WatchEventType =
  | 'granted'
  | 'released'
  | 'expired'
  | 'downgraded'
  | 'waiting'
  | 'left'
  | 'proclaimed'
  | 'created'
  | 'resized'
  | 'deleted'
  | 'entered'
  | 'opened'
  | 'over'
  | 'counted';

/** One change. */
export interface WatchEvent {
  /**
   * Position among all events, to resume after it: `revision-number`. Numbers count all changes of the revision,
   * and some are not reported: they rise, with gaps.
   */
  readonly position: string;
  /** Log index of the change. */
  readonly revision: number;
  /** What happened. */
  readonly type: WatchEventType;
  /** The kind of change. */
  readonly kind: WatchedKind;
  /** Name of the resource. */
  readonly resource: string;
  /** Name of the client whose change it was, for people. */
  readonly client_id?: string;
  /** Fence token of the hold. */
  readonly fence_token?: number;
  /** Lock only. */
  readonly mode?: LockMode;
  /** Number of permits of a semaphore's hold. */
  readonly permits?: number;
  /** Of the end of a hold: released, expired, forced or max_hold. Of a waiter that left: an error code. */
  readonly reason?: string;
  /** Reason given by the administrator for a forced release. */
  readonly note?: string;
  /** Metadata of a hold, or the value published by a leader. */
  readonly value?: Json;
  /** Limit of a semaphore. */
  readonly limit?: number;
  /** Remaining count of a latch. */
  readonly count?: number;
  /** Round of a barrier. */
  readonly round?: number;
  /**
   * Wall clock of the leader that logged the change, seconds since 1970, for people; absent where the log does not
   * have it.
   */
  readonly time?: number;
  /**
   * Identity of the caller whose request caused the change, if it was authenticated. Unset if no request caused
   * it: a session expired, a wait timed out.
   */
  readonly identity?: string;
}

/** A watch was started on a client stream. */
export interface WatchAnswer {
  /** Id of this watch on its stream. */
  readonly watch_id: number;
  /** Start position of the watch. */
  readonly position: string;
}

/** Ends a watch of a client stream. */
export interface UnwatchBody {
  /** Id returned when the watch was started. */
  readonly watch_id: number;
}

/** Whether there was such a watch. */
export interface UnwatchAnswer {
  /** The watch. */
  readonly watch_id: number;
  /** False when there was none of this id. */
  readonly ended: boolean;
}

/** Request of Events. */
export interface EventsBody {
  /** Only resources whose names have this prefix. At most 256 characters. */
  readonly prefix?: string;
  /** Only this resource. 1 to 256 characters. */
  readonly name?: string;
  /** Only resources of this kind. */
  readonly kind?: WatchedKind;
  /** Events after this position or revision; the latest retained ones when absent. 1 to 32 characters. */
  readonly after?: string;
  /** Largest number of events; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
  /** With `after`: longest wait in seconds for an event when there is none yet. 0 to 86,400. */
  readonly wait_seconds?: number;
}

/** What Events answers. */
export interface EventsAnswer {
  /** In the order in which they happened. */
  readonly events: readonly WatchEvent[];
  /** Pass it as `after` to continue. */
  readonly position: string;
  /** More events are available already. */
  readonly more: boolean;
}
