/**
 * The words of the state machine: commands in, results and events out.
 *
 * `apply` is a function of (state, index, time, commands) alone: no clock, no chance, no I/O.
 * Identities below are opaque strings made outside (uuid) and validated where they enter.
 */
export type SessionId = string & { readonly __brand: 'SessionId' };
export type ResourceName = string & { readonly __brand: 'ResourceName' };
/** One counter of the whole cluster; +1 for every grant; below 2^53. */
export type FenceToken = number & { readonly __brand: 'FenceToken' };
/** Cluster time in ms: set by the leader in each entry, never decreasing. Used for durations only, never shown as a time of day. */
export type ClusterTimeMs = number;
export type LogIndex = number;

/**
 * Names one request of a session, for deduplication and for finding one's place in a queue again.
 * A number is the client's own, increasing within its session (its order lets old ones be refused
 * once forgotten); a string is made by the node that received a request without one, and is unique.
 */
export type RequestId = number | string;

export type Mode = 'exclusive' | 'shared';
/** What is a pool of units. Each kind is a name space of its own. */
export type ResourceKind = 'lock' | 'semaphore' | 'election';
/** What several sessions meet at; name spaces of their own as well. */
export type MeetingKind = 'barrier' | 'latch';
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What an acquire of any kind may ask for beside its units. */
export interface Terms {
  /** Place in the queue: higher ones before lower ones, 0 to 9; 0 when absent. See queue.ts. */
  readonly priority?: number;
  /** The hold ends by itself so long after its grant, in cluster time. */
  readonly maxHoldMs?: number;
  /** What this session holds already does not depend on this wait: it closes no circle (deadlock.ts). */
  readonly independent?: boolean;
  /** Who, why, where: for people; shown with the hold. The value of a leader. */
  readonly metadata?: JsonValue;
}

/**
 * Makes a session of its own for a hold, in the same command (a hold by `client_id` and ttl). It ends
 * with the release, with a refused acquire and with an abandoned wait. Where a session of this id
 * exists already (a retry) it is entered instead.
 */
export interface OwnSession {
  readonly clientId: string;
  readonly timeoutMs: number;
  readonly lockDelayMs: number;
}

/** One of several resources that are acquired together. */
export type Wanted =
  | { readonly kind: 'lock'; readonly name: ResourceName; readonly mode: Mode }
  | {
      readonly kind: 'semaphore';
      readonly name: ResourceName;
      readonly permits: number;
      readonly limit?: number;
    };

export type Command =
  | {
      readonly type: 'create_session';
      readonly sessionId: SessionId;
      readonly clientId: string;
      readonly timeoutMs: number;
      readonly lockDelayMs: number;
      /** Wall clock of the node that received it, for people only. */
      readonly createdAtMs: number;
    }
  | { readonly type: 'end_session'; readonly sessionId: SessionId }
  /** Guarded: does nothing when the session's `renewal` differs (rule 2.2). */
  | { readonly type: 'expire_session'; readonly sessionId: SessionId; readonly renewal: number }
  | {
      readonly type: 'acquire';
      readonly sessionId: SessionId;
      readonly requestId: RequestId;
      readonly name: ResourceName;
      readonly mode: Mode;
      /** 0: try once. Else the longest wait, in cluster time. */
      readonly waitMs: number;
      /** Wall clock, for people only. */
      readonly acquiredAtMs: number;
      readonly terms?: Terms;
      readonly ownSession?: OwnSession;
    }
  | {
      readonly type: 'release';
      readonly sessionId: SessionId;
      readonly requestId?: RequestId;
      readonly name: ResourceName;
      /** Absent: whatever hold this session has. */
      readonly fenceToken?: FenceToken;
    }
  /** Takes permits of a semaphore. Each acquire is a hold of its own, with a token of its own. */
  | {
      readonly type: 'acquire_permits';
      readonly sessionId: SessionId;
      readonly requestId: RequestId;
      readonly name: ResourceName;
      /** At least 1. */
      readonly permits: number;
      /** Makes the semaphore where there is none; has to be its limit where there is one. */
      readonly limit?: number;
      /** 0: try once. Else the longest wait, in cluster time. */
      readonly waitMs: number;
      /** Wall clock, for people only. */
      readonly acquiredAtMs: number;
      readonly terms?: Terms;
      readonly ownSession?: OwnSession;
    }
  /** Gives back what one acquire took. */
  | {
      readonly type: 'release_permits';
      readonly sessionId: SessionId;
      readonly requestId?: RequestId;
      readonly name: ResourceName;
      readonly fenceToken: FenceToken;
    }
  /** From exclusive to shared, in the same hold and under the same token. */
  | {
      readonly type: 'downgrade';
      readonly sessionId: SessionId;
      readonly name: ResourceName;
      /** The token of the exclusive hold: a repetition finds it lowered already. */
      readonly fenceToken: FenceToken;
    }
  /** Several locks and semaphores, all or none. */
  | {
      readonly type: 'acquire_many';
      readonly sessionId: SessionId;
      readonly requestId: RequestId;
      /** Of different names in each kind. */
      readonly wanted: readonly Wanted[];
      /** 0: try once. Else the longest wait, in cluster time. */
      readonly waitMs: number;
      /** Wall clock, for people only. */
      readonly acquiredAtMs: number;
      /** Without a priority: those who want several never pass each other. */
      readonly terms?: Omit<Terms, 'priority'>;
    }
  /** Stands in an election: leads when nobody else does, or queues. Its value is its metadata. */
  | {
      readonly type: 'campaign';
      readonly sessionId: SessionId;
      readonly requestId: RequestId;
      readonly name: ResourceName;
      readonly waitMs: number;
      /** Wall clock, for people only. */
      readonly acquiredAtMs: number;
      readonly terms?: Terms;
      readonly ownSession?: OwnSession;
    }
  | {
      readonly type: 'resign';
      readonly sessionId: SessionId;
      readonly requestId?: RequestId;
      readonly name: ResourceName;
      /** Absent: whatever leadership this session has. */
      readonly fenceToken?: FenceToken;
    }
  /** The leader tells another value. */
  | {
      readonly type: 'proclaim';
      readonly sessionId: SessionId;
      readonly requestId?: RequestId;
      readonly name: ResourceName;
      readonly fenceToken: FenceToken;
      readonly value: JsonValue;
    }
  /** Joins the round of a double barrier. The round is open once so many have joined. */
  | {
      readonly type: 'enter_barrier';
      readonly sessionId: SessionId;
      readonly requestId?: RequestId;
      readonly name: ResourceName;
      /** How many meet: fixed by the first of a round. */
      readonly parties: number;
    }
  /** Done with the round; or, `withdraw`, no longer waits for it to open. */
  | {
      readonly type: 'leave_barrier';
      readonly sessionId: SessionId;
      readonly requestId?: RequestId;
      readonly name: ResourceName;
      readonly withdraw: boolean;
      /** The request that entered, which is answered so from now on, unless the round has opened. */
      readonly instead?: {
        readonly of: RequestId;
        readonly code: 'wait_timeout' | 'wait_abandoned';
      };
    }
  /** Makes a latch, or keeps one of the same count that is there. */
  | { readonly type: 'create_latch'; readonly name: ResourceName; readonly count: number }
  | {
      readonly type: 'count_down';
      /** With a session and a request id it is counted once, however often it is sent. */
      readonly sessionId?: SessionId;
      readonly requestId?: RequestId;
      readonly name: ResourceName;
      readonly by: number;
    }
  | { readonly type: 'delete_latch'; readonly name: ResourceName }
  /** Makes a semaphore that stays until it is deleted, or keeps one that is there. */
  | { readonly type: 'create_semaphore'; readonly name: ResourceName; readonly limit: number }
  | { readonly type: 'resize_semaphore'; readonly name: ResourceName; readonly limit: number }
  | { readonly type: 'delete_semaphore'; readonly name: ResourceName }
  /** The asker of this acquire is gone: leave the queue, or give back what was granted to exactly this request. */
  | {
      readonly type: 'abandon';
      /** Of what the acquire was; a lock when absent. `many`: the name is that of the first. */
      readonly kind?: ResourceKind | 'many';
      readonly sessionId: SessionId;
      readonly name: ResourceName;
      readonly requestId: RequestId;
    }
  | {
      readonly type: 'force_release';
      /** A lock when absent. */
      readonly kind?: ResourceKind;
      readonly name: ResourceName;
      /** Told to those who watch. */
      readonly reason: string;
    }
  /** Nothing but the passing of time: waits that ran out and delays that ended are acted upon (as they are before every command). */
  | { readonly type: 'advance' }
  /** After a restore from backup: the token counter moves to the next multiple of 2^40. */
  | { readonly type: 'jump_fence_counter' }
  /** In force from here on, on every node alike: a limit that each node took from its own configuration would split the state. */
  | { readonly type: 'set_limits'; readonly limits: StateLimits };

export interface Envelope {
  /** Who asked, as authenticated; `anonymous` until there is authentication. */
  readonly identity: string;
  readonly command: Command;
  /** Results of this session's numbered requests below this id may be forgotten: their answers have arrived. */
  readonly answeredBelow?: number;
}

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
  /** In the queue; a `wait_ended` event with the same session and request tells the outcome later. */
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
    };

export interface Applied {
  /** One per command, in order. */
  readonly results: readonly CommandResult[];
  readonly events: readonly Event[];
}

export interface SessionView {
  readonly sessionId: SessionId;
  readonly clientId: string;
  readonly timeoutMs: number;
  readonly lockDelayMs: number;
  readonly createdAtMs: number;
  /** Counts the logged commands of this session: what `expire_session` is guarded by. */
  readonly renewal: number;
  /** Made by an acquire for its own hold. */
  readonly own: boolean;
  /** Waiting in at least one queue. */
  readonly waiting: boolean;
  readonly holds: readonly {
    readonly name: ResourceName;
    readonly fenceToken: FenceToken;
    readonly mode: Mode;
    readonly holdCount: number;
    /** Of the hold's first grant: a raise brings a new one. */
    readonly firstToken: FenceToken;
  }[];
  readonly permits: readonly {
    readonly name: ResourceName;
    readonly fenceToken: FenceToken;
    readonly permits: number;
  }[];
  readonly leads: readonly { readonly name: ResourceName; readonly fenceToken: FenceToken }[];
  readonly barriers: readonly ResourceName[];
}

/** A place in a queue. */
export interface PlaceView {
  readonly kind: ResourceKind;
  readonly name: ResourceName;
  readonly requestId: RequestId;
  /** 1 is the next. */
  readonly position: number;
  /** Clients that wait ahead, the next one first; at most 100. */
  readonly ahead: readonly string[];
}

/** What a leader's lease table needs of a session; cheap to tell. */
export interface SessionLease {
  readonly sessionId: SessionId;
  readonly timeoutMs: number;
  readonly renewal: number;
  readonly own: boolean;
  /** It waits and holds nothing. */
  readonly onlyWaits: boolean;
}

export interface HolderView {
  readonly sessionId: SessionId;
  readonly clientId: string;
  readonly mode: Mode;
  readonly fenceToken: FenceToken;
  readonly holdCount: number;
  readonly acquiredAtMs: number;
  readonly metadata: JsonValue | undefined;
  /** Ms until its longest time is over; undefined when it has none. */
  readonly endsInMs: number | undefined;
}

export interface WaiterView {
  readonly sessionId: SessionId;
  readonly clientId: string;
  readonly requestId: RequestId;
  readonly mode: Mode;
  /** 1 is the next. */
  readonly position: number;
  readonly priority: number;
}

export interface LockView {
  readonly name: ResourceName;
  readonly holders: readonly HolderView[];
  readonly waiters: readonly WaiterView[];
  readonly waiterCount: number;
  /** Ms until a lock delay ends, 0 when there is none. */
  readonly delayedForMs: number;
}

export interface SemaphoreView {
  readonly name: ResourceName;
  readonly limit: number;
  /** Permits that can be had now; below 0 while holders have more than a limit that was lowered. */
  readonly free: number;
  /** It was created by name, and stays when nobody uses it. */
  readonly stays: boolean;
  readonly holders: readonly {
    readonly sessionId: SessionId;
    readonly clientId: string;
    readonly permits: number;
    readonly fenceToken: FenceToken;
    readonly acquiredAtMs: number;
    readonly metadata: JsonValue | undefined;
    readonly endsInMs: number | undefined;
  }[];
  readonly waiters: readonly {
    readonly sessionId: SessionId;
    readonly clientId: string;
    readonly requestId: RequestId;
    readonly permits: number;
    /** 1 is the next. */
    readonly position: number;
    readonly priority: number;
  }[];
}

export interface ElectionView {
  readonly name: ResourceName;
  readonly leader: HolderView | undefined;
  readonly candidates: readonly WaiterView[];
  readonly delayedForMs: number;
}

export interface BarrierView {
  readonly name: ResourceName;
  readonly round: number;
  readonly parties: number;
  readonly open: boolean;
  /** Those inside, in the order in which they came. */
  readonly members: readonly { readonly sessionId: SessionId; readonly clientId: string }[];
}

export interface LatchView {
  readonly name: ResourceName;
  /** How much is left to count; 0: open. */
  readonly count: number;
  readonly initialCount: number;
}

/** A hold that ended by the doing of others. */
export interface EndedHold {
  readonly fenceToken: FenceToken;
  readonly kind: ResourceKind;
  readonly name: ResourceName;
  readonly clientId: string;
  readonly reason: EndedByOthers;
  readonly revision: LogIndex;
}

export interface Stats {
  readonly activeSessions: number;
  /** Sessions that expired since the cluster began. */
  readonly expiredSessions: number;
  /** Sessions ever created. */
  readonly totalSessions: number;
  readonly fenceCounter: number;
  /** Resources held now. */
  readonly heldLocks: number;
  readonly waiters: number;
}

export interface StateLimits {
  readonly maxSessions: number;
  readonly maxHoldsPerSession: number;
  readonly maxWaitersPerResource: number;
  readonly maxLocks: number;
  readonly maxSemaphores: number;
  readonly maxElections: number;
  readonly maxBarriers: number;
  readonly maxLatches: number;
  /** Remembered answers per session. */
  readonly maxResultsPerSession: number;
}

/** Contract of the state machine, implemented by `createStateMachine`. */
export interface StateMachine {
  /** In force now; `initialLimits` until the first `set_limits`. */
  readonly limits: StateLimits;
  readonly index: LogIndex;
  readonly time: ClusterTimeMs;
  /** Applies one log entry. `index` is above the last one; `time` not below the last one (asserted). */
  apply(entry: {
    readonly index: LogIndex;
    readonly time: ClusterTimeMs;
    readonly commands: readonly Envelope[];
  }): Applied;
  /** An entry without commands (no-op, membership) was applied. */
  skipTo(index: LogIndex): void;
  /** The earliest time at which something is due by itself (a wait's end, a delay's end). */
  nextDueTime(): ClusterTimeMs | undefined;
  session(id: SessionId): SessionView | undefined;
  /** Cheap existence check with the guard value, for the lease table. */
  renewalOf(id: SessionId): number | undefined;
  /** Ended sessions are remembered for a while (bounded), to tell `session_expired` from `session_not_found`. */
  endedReason(id: SessionId): 'ended' | 'expired' | undefined;
  sessions(): Iterable<SessionView>;
  /** Of one session, for the lease table: no view is made. */
  leaseOf(id: SessionId): SessionLease | undefined;
  leases(): Iterable<SessionLease>;
  /** Where a session waits; at most 1000 places. */
  waitsOf(id: SessionId): readonly PlaceView[];
  lock(name: ResourceName): LockView;
  /** Undefined: there is none of this name. */
  semaphore(name: ResourceName): SemaphoreView | undefined;
  election(name: ResourceName): ElectionView;
  /** Undefined: nobody is there. */
  barrier(name: ResourceName): BarrierView | undefined;
  latch(name: ResourceName): LatchView | undefined;
  /** Undefined: it stands, its holder ended it, or it is too long ago (the latest 10,000 are known). */
  endedHold(fenceToken: FenceToken): EndedHold | undefined;
  /**
   * The own session that gave back the hold of this token by a numbered request and ended with it, as
   * long as that is remembered: a repetition of that request is answered there. Looks at all that are
   * remembered: for the rare case that nobody has the token.
   */
  ownSessionOf(name: ResourceName, fenceToken: FenceToken): SessionId | undefined;
  /** Held or queued locks with this prefix, in order of name, after `after`. */
  locks(
    prefix: string,
    after: string | undefined,
    limit: number,
  ): { readonly locks: readonly LockView[]; readonly more: boolean };
  stats(): Stats;
  /** A consistent picture as of now; may be pulled while `apply` goes on (at most one at a time). Begins with a format version. */
  snapshot(): IterableIterator<Uint8Array>;
  /** Hash of everything that must be equal on all nodes at the same index. */
  digest(): string;
}
