/** What comes of a command: its result, and the events that others see. */
import type { QueueReady, QueueResult } from '../primitives/queue/commands.ts';
import type { SemaphoreView, SessionView } from './view-types.ts';
import type {
  FenceToken,
  JsonValue,
  LogIndex,
  Mode,
  RequestId,
  ResourceKind,
  ResourceName,
  SessionId,
} from './names.ts';

/** Codes here are the wire's error codes of the same name. */
export type RefusalCode =
  | 'session_not_found'
  | 'session_expired'
  | 'session_exists'
  | 'lock_held'
  | 'lock_delayed'
  | 'wait_timeout'
  | 'wait_abandoned'
  | 'not_holder'
  | 'stale_fence_token'
  | 'lock_not_found'
  | 'request_forgotten'
  | 'request_reused'
  | 'deadlock'
  | 'no_permits'
  | 'limit_mismatch'
  | 'semaphore_not_found'
  | 'semaphore_in_use'
  | 'not_elected'
  | 'barrier_closed'
  | 'not_entered'
  | 'latch_not_found'
  | 'queue_not_found'
  | 'queue_order'
  | 'queue_not_empty'
  | 'stale_receipt'
  | 'limit_exceeded';

export interface Refusal {
  readonly ok: false;
  readonly code: RefusalCode;
  /** With the values that matter: what happened, to what. */
  readonly message: string;
  readonly details?: { readonly [key: string]: JsonValue };
}

export type CommandResult =
  | { readonly ok: true; readonly type: 'session'; readonly session: SessionView }
  | { readonly ok: true; readonly type: 'session_ended'; readonly releasedCount: number }
  /** The session lives on. */
  | { readonly ok: true; readonly type: 'kept_alive'; readonly timeoutMs: number }
  /** `expire_session` whose guard did not hold. */
  | { readonly ok: true; readonly type: 'unchanged' }
  | {
      readonly ok: true;
      readonly type: 'granted';
      readonly fenceToken: FenceToken;
      /** How many times this session now holds the resource. */
      readonly holdCount: number;
      readonly revision: LogIndex;
    }
  /**
   * In the queue; a `wait_ended` event with the same session and request tells the outcome later. In the
   * middle of a long queue `position` is the lowest that it can be (queue.ts L5).
   */
  | { readonly ok: true; readonly type: 'queued'; readonly position: number }
  | {
      readonly ok: true;
      readonly type: 'released';
      readonly fenceToken: FenceToken;
      readonly remainingHoldCount: number;
    }
  | { readonly ok: true; readonly type: 'abandoned' }
  | { readonly ok: true; readonly type: 'forced'; readonly releasedCount: number }
  | { readonly ok: true; readonly type: 'semaphore'; readonly semaphore: SemaphoreView }
  | { readonly ok: true; readonly type: 'downgraded'; readonly fenceToken: FenceToken }
  /** In the order of what was wanted. */
  | {
      readonly ok: true;
      readonly type: 'granted_many';
      readonly grants: readonly { readonly fenceToken: FenceToken; readonly holdCount: number }[];
      readonly revision: LogIndex;
    }
  | {
      readonly ok: true;
      readonly type: 'proclaimed';
      readonly fenceToken: FenceToken;
      readonly revision: LogIndex;
    }
  /** Of a round of a barrier: `open` tells whether all have come, `over` whether all have left. */
  | {
      readonly ok: true;
      readonly type: 'barrier';
      readonly round: number;
      readonly open: boolean;
      readonly over: boolean;
    }
  | { readonly ok: true; readonly type: 'latch'; readonly count: number }
  | QueueResult
  | { readonly ok: true; readonly type: 'advanced' }
  | Refusal;

export type EndReason = 'released' | 'expired' | 'forced' | 'max_hold' | 'session_ended';
/** Ends that the holder did not bring about; they are remembered for a while. */
export type EndedByOthers = Exclude<EndReason, 'released' | 'session_ended'>;

/** Of whom a change tells. */
interface Whose {
  readonly sessionId: SessionId;
  readonly clientId: string;
}
/** Of which lock or election; a lock when the kind is absent. */
interface OfHold {
  readonly kind?: 'election';
  readonly name: ResourceName;
}

export type Event =
  | ({ readonly type: 'session_created'; readonly timeoutMs: number } & Whose)
  | ({ readonly type: 'session_ended'; readonly reason: 'ended' | 'expired' } & Whose)
  | ({
      readonly type: 'granted';
      readonly requestId: RequestId;
      readonly mode: Mode;
      readonly fenceToken: FenceToken;
      readonly metadata?: JsonValue;
    } & OfHold &
      Whose)
  | ({
      readonly type: 'hold_ended';
      readonly fenceToken: FenceToken;
      readonly reason: EndReason;
      /** Why an administrator forced it. */
      readonly note?: string;
    } & OfHold &
      Whose)
  /** Exclusive before, now shared, under the same token: by a downgrade, or its raise was given back. */
  | ({
      readonly type: 'hold_lowered';
      readonly name: ResourceName;
      readonly fenceToken: FenceToken;
    } & Whose)
  | ({
      readonly type: 'permits_granted';
      readonly name: ResourceName;
      readonly requestId: RequestId;
      readonly permits: number;
      readonly fenceToken: FenceToken;
      readonly metadata?: JsonValue;
    } & Whose)
  | ({
      readonly type: 'permits_ended';
      readonly name: ResourceName;
      readonly fenceToken: FenceToken;
      readonly permits: number;
      readonly reason: EndReason;
      readonly note?: string;
    } & Whose)
  | ({
      readonly type: 'waiting';
      /** A lock when absent. */
      readonly kind?: ResourceKind;
      readonly name: ResourceName;
      readonly requestId: RequestId;
    } & Whose)
  /**
   * A queued acquire has its outcome: granted (also told by `granted`) or refused (timeout, session
   * ended, abandoned). One for each resource of an acquire of several.
   */
  | ({
      readonly type: 'wait_ended';
      /** A lock when absent. */
      readonly kind?: ResourceKind;
      readonly name: ResourceName;
      readonly requestId: RequestId;
      readonly result: CommandResult;
    } & Whose)
  | ({
      readonly type: 'proclaimed';
      readonly name: ResourceName;
      readonly fenceToken: FenceToken;
      readonly value: JsonValue;
    } & Whose)
  | {
      readonly type: 'semaphore_changed';
      readonly name: ResourceName;
      readonly change: 'created' | 'resized' | 'deleted';
      readonly limit: number;
    }
  | ({
      readonly type: 'barrier_joined' | 'barrier_left';
      readonly name: ResourceName;
      readonly round: number;
    } & Whose)
  /** All have come, or all have left: those who wait go on. */
  | {
      readonly type: 'barrier_opened' | 'barrier_over';
      readonly name: ResourceName;
      readonly round: number;
    }
  | {
      readonly type: 'latch_changed';
      readonly name: ResourceName;
      readonly change: 'created' | 'counted' | 'opened' | 'deleted';
      readonly count: number;
    }
  | QueueReady;

export interface Applied {
  /** One per command, in order. */
  readonly results: readonly CommandResult[];
  readonly events: readonly Event[];
}
