// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Json } from '../json.ts';
import type { LockMode } from './sessions.ts';

/**
 * What can be watched. `lock`: Locks. `semaphore`: Semaphores. `election`: Elections. `barrier`: Barriers.
 * `latch`: Latches.
 */
export type WatchedKind = 'lock' | 'semaphore' | 'election' | 'barrier' | 'latch';

/** What Watch is asked. */
export interface WatchBody {
  /** Only resources whose names begin with it. At most 256 characters. */
  readonly prefix?: string;
  /** Only this resource. 1 to 256 characters. */
  readonly name?: string;
  /** Only resources of this kind. */
  readonly kind?: WatchedKind;
  /** Events after this position or revision; from now on when absent. 1 to 32 characters. */
  readonly after?: string;
}

/**
 * What happened. `granted`: Somebody holds it now. `released`: A hold ended by its holder, by force, or after
 * its longest time: see `reason`. `expired`: A hold ended since its session gave no sign of life. `lowered`: An
 * exclusive hold is shared now, under the same token. `waiting`: Somebody waits for it. `left`: A waiter has
 * gone without it, or somebody has left a barrier. `proclaimed`: The leader tells another value. `created`: It
 * is there now. `resized`: A semaphore has another limit. `deleted`: It is gone. `entered`: Somebody has entered
 * a barrier. `opened`: All have come, or a latch is at 0. `over`: All have left: the next round may begin.
 * `counted`: A latch was counted down.
 */
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
  /** What happened. */
  readonly type: WatchEventType;
  /** What changed. */
  readonly kind: WatchedKind;
  /** Name of the resource. */
  readonly resource: string;
  /** Whose change it was, for people. */
  readonly client_id?: string;
  /** Of the hold. */
  readonly fence_token?: number;
  /** Of a lock. */
  readonly mode?: LockMode;
  /** Of a hold of a semaphore. */
  readonly permits?: number;
  /** Of the end of a hold: released, expired, forced or max_hold. Of a waiter that left: an error code. */
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

/** A watch has begun on a client stream. */
export interface WatchAnswer {
  /** Names this watch on its stream. */
  readonly watch_id: number;
  /** Where it begins. */
  readonly position: string;
}

/** Ends a watch of a client stream. */
export interface UnwatchBody {
  /** As told when the watch began. */
  readonly watch_id: number;
}

/** Whether there was such a watch. */
export interface UnwatchAnswer {
  /** The watch. */
  readonly watch_id: number;
  /** False when there was none of this id. */
  readonly ended: boolean;
}

/** What Events is asked. */
export interface EventsBody {
  /** Only resources whose names begin with it. At most 256 characters. */
  readonly prefix?: string;
  /** Only this resource. 1 to 256 characters. */
  readonly name?: string;
  /** Only resources of this kind. */
  readonly kind?: WatchedKind;
  /** Events after this position or revision. Absent: the latest that are kept. 1 to 32 characters. */
  readonly after?: string;
  /** At most so many; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
  /** With `after`: waits so many seconds for one when there is none yet. 0 to 86,400. */
  readonly wait_seconds?: number;
}

/** What Events answers. */
export interface EventsAnswer {
  /** In the order in which they happened. */
  readonly events: readonly WatchEvent[];
  /** Pass as `after` to go on. */
  readonly position: string;
  /** There are more already. */
  readonly more: boolean;
}
