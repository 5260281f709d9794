/** What is asked of the state machine. */
import type { StateLimits } from './contract.ts';
import type { QueueCommand } from '../primitives/queue/commands.ts';
import type {
  ClusterTimeMs,
  FenceToken,
  JsonValue,
  Mode,
  RequestId,
  ResourceKind,
  ResourceName,
  SessionId,
} from './names.ts';

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
 * When a node submitted a request that makes a session, and how long copies of it may be carried out: see
 * ended-sessions.ts. Logs of earlier versions have none.
 */
export interface Stamp {
  /** A time that the log had reached: never ahead of the entry that carries this. */
  readonly madeAtMs: ClusterTimeMs;
  readonly liveMs: number;
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
  readonly stamp?: Stamp;
  /** Who makes it, for the limit of sessions of one caller. */
  readonly caller?: string;
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
  | QueueCommand
  | {
      readonly type: 'create_session';
      readonly sessionId: SessionId;
      readonly clientId: string;
      readonly timeoutMs: number;
      readonly lockDelayMs: number;
      /** Wall clock of the node that received it, for people only. */
      readonly createdAtMs: number;
      readonly stamp?: Stamp;
      /** Who makes it, for the limit of sessions of one caller. */
      readonly caller?: string;
    }
  | { readonly type: 'end_session'; readonly sessionId: SessionId }
  /** A sign of life that is logged: the first one of a session under each leader (HEARD-1). */
  | { readonly type: 'keep_alive'; readonly sessionId: SessionId }
  /** The first entry of a leader: its leadership begins at the time of the entry (leaderships.ts). */
  | { readonly type: 'begin_leadership' }
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
  /** The asker of this acquire wants it no more: leave the queue, or give back what was granted to exactly this request; one that has not come yet is never granted. */
  | {
      readonly type: 'abandon';
      /** Of what the acquire was; a lock when absent. `many`: the name is that of the first. */
      readonly kind?: ResourceKind | 'many' | 'barrier';
      readonly sessionId: SessionId;
      readonly name: ResourceName;
      readonly requestId: RequestId;
      /** Of a barrier: its wait ran out; where the round has opened it stays inside. */
      readonly unlessOpen?: boolean;
      /** Of an acquire that would make a session of its own: how long copies of it may be carried out. */
      readonly liveMs?: number;
      /** Who gives it up: of whose share it is remembered, where it would make a session of its own. */
      readonly caller?: string;
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
  /** Every member takes a snapshot as of this entry. */
  | { readonly type: 'checkpoint' }
  /** After a restore from backup: the token counter moves to the next multiple of 2^40. */
  | { readonly type: 'jump_fence_counter' }
  /** In force from here on, on every node alike: a limit that each node took from its own configuration would split the state. */
  | { readonly type: 'set_limits'; readonly limits: StateLimits }
  /** From here on what belongs to this level may be logged (FEATURE-1). Of a lower one: nothing. */
  | { readonly type: 'raise_feature_level'; readonly level: number };

export interface Envelope {
  /** Who asked, as authenticated; `anonymous` until there is authentication. */
  readonly identity: string;
  /** How that was proven, and from where it asked: told from feature level 2 on (`callerLevel`). */
  readonly proof?: string;
  readonly address?: string;
  readonly command: Command;
  /** Results of this session's numbered requests below this id may be forgotten: their answers have arrived. */
  readonly answeredBelow?: number;
  /** A node asks again, under another leader, for what its client asked for once: see sign-of-life.ts. */
  readonly repeated?: true;
}
