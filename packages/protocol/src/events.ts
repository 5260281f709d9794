/** What watchers are told. */
import type { Json } from './acquiring.ts';

export type WatchedKind = 'lock' | 'semaphore' | 'election' | 'barrier' | 'latch';
export type WatchEventType =
  | 'granted'
  | 'released'
  | 'expired'
  | 'lowered'
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
  /** Where it stands among all events, to resume after it: `revision-number`. */
  readonly position: string;
  /** Log index of the change. */
  readonly revision: number;
  readonly type: WatchEventType;
  readonly kind: WatchedKind;
  readonly resource: string;
  readonly client_id?: string;
  readonly fence_token?: number;
  readonly mode?: 'exclusive' | 'shared';
  readonly permits?: number;
  /**
   * Of the end of a hold: `released`, `expired`, `forced` or `max_hold`. Of a waiter that left: an error
   * code, `wait_timeout` for example.
   */
  readonly reason?: string;
  /** Why an administrator forced it. */
  readonly note?: string;
  /** Metadata of a hold, or the value of a leader. */
  readonly value?: Json;
  /** Of a semaphore. */
  readonly limit?: number;
  /** What is left of a latch. */
  readonly count?: number;
  /** Of a barrier. */
  readonly round?: number;
}

export interface EventsBody {
  /** Only resources whose names begin with it; all when absent. */
  readonly prefix?: string;
  /** Only this resource. */
  readonly name?: string;
  readonly kind?: WatchedKind;
  /** Events after this position or revision. Absent: the latest that are kept. */
  readonly after?: string;
  /** At most so many; 100 by default. */
  readonly limit?: number;
  /** With `after`: waits so long for one when there is none yet. */
  readonly wait_seconds?: number;
}
export interface EventsAnswer {
  readonly events: readonly WatchEvent[];
  /** Pass as `after` to go on. */
  readonly position: string;
  /** There are more already. */
  readonly more: boolean;
}

export interface WatchBody {
  readonly prefix?: string;
  readonly name?: string;
  readonly kind?: WatchedKind;
  /** Events after this position or revision; from now on when absent. */
  readonly after?: string;
}
export interface WatchAnswer {
  /** Names this watch on its stream. */
  readonly watch_id: number;
  /** Where it begins. */
  readonly position: string;
}
export interface UnwatchBody {
  readonly watch_id: number;
}
export interface UnwatchAnswer {
  readonly watch_id: number;
  readonly ended: boolean;
}
