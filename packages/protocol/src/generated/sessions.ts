// Made from packages/contract by "make documents". Change the declaration, not this file.

/** What CreateSession is asked. */
export interface CreateSessionBody {
  /** Who asks, for people: shown to others in refusals and lists. 1 to 256 characters. */
  readonly client_id?: string;
  /** Seconds without a sign of life after which the session ends; the configured default when absent. 1 to 86,400. */
  readonly timeout?: number;
  /** The lock-delay: seconds for which its locks stay closed after it expired; 0 when absent. 0 to 3,600. */
  readonly lock_delay_seconds?: number;
  /**
   * With it a repeated request returns the same session. Unique for this client and hard to guess: a UUID. 1 to
   * 128 characters.
   */
  readonly request_id?: string;
}

/** What CreateSession answers. */
export interface CreateSessionAnswer {
  /** The session. */
  readonly session_id: string;
  /** Who it is, for people. */
  readonly client_id: string;
  /** Seconds without a sign of life after which it ends. */
  readonly timeout: number;
  /** Whole seconds between keepalives that a client should keep: a third of the timeout, at least 1. */
  readonly keepalive_interval: number;
}

/**
 * How current a read has to be. `linearizable`: The leader proves that it leads before it answers: nothing that
 * was answered before is missing. `stale`: What the asked node has applied so far. Needs no leader.
 */
export type Consistency = 'linearizable' | 'stale';

/** What GetSession is asked. */
export interface ReadSessionBody {
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id: string;
  /** `linearizable`, the default, proves leadership first; `stale` reads what the asked node has applied. */
  readonly consistency?: Consistency;
}

/** What GetSession answers. */
export interface SessionAnswer {
  /** The session. */
  readonly session_id: string;
  /** Who it is, for people. */
  readonly client_id: string;
  /** Seconds without a sign of life after which it ends. */
  readonly timeout: number;
  /** Wall clock, seconds since 1970, for people. */
  readonly created_at: number;
  /** Wall clock of the leader, seconds since 1970; after a leader change the time at which it took over. */
  readonly last_keepalive: number;
  /** The first locks that it holds, at most 100: session_locks has them all, by pages. */
  readonly locks_held: readonly string[];
  /** The first semaphores of which it has permits. */
  readonly semaphores_held: readonly string[];
  /** The first elections in which it leads. */
  readonly elections_led: readonly string[];
  /** The first barriers that it is inside of. */
  readonly barriers_inside: readonly string[];
  /** How many locks it holds. */
  readonly lock_count: number;
  /** How many holds of semaphores: each acquire of permits is one. */
  readonly permit_hold_count: number;
  /** In how many elections it leads. */
  readonly leadership_count: number;
  /** Inside of how many barriers it is. */
  readonly barrier_count: number;
  /** How current the answer is. */
  readonly consistency: Consistency;
}

/** What EndSession is asked. */
export interface EndSessionBody {
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id: string;
}

/** What EndSession answers. */
export interface EndSessionAnswer {
  /** The session. */
  readonly session_id: string;
  /** Always true: a refusal is an error. */
  readonly deleted: true;
}

/** What Keepalive is asked. */
export interface SessionRef {
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id: string;
}

/** What Keepalive answers. */
export interface KeepAliveAnswer {
  /** The session. */
  readonly session_id: string;
  /** Always true: a refusal is an error. */
  readonly success: true;
  /** Seconds from now after which it ends without another sign of life. */
  readonly timeout: number;
}

/** What SessionLocks is asked. */
export interface SessionLocksBody {
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id: string;
  /** `next_after` of the page before; from the beginning when absent. */
  readonly after?: number;
  /** Holds on a page; 1000 when absent. 0: only how many there are, and their digest. 0 to 1,000. */
  readonly limit?: number;
  /** `linearizable`, the default, proves leadership first; `stale` reads what the asked node has applied. */
  readonly consistency?: Consistency;
}

/** How a lock is held. `exclusive`: By one alone. `shared`: Together with others who share it. */
export type LockMode = 'exclusive' | 'shared';

/** What SessionLocks answers. */
export interface SessionLocksAnswer {
  /** Names of its locks on this page. */
  readonly locks: readonly string[];
  /** Locks on all pages. */
  readonly total_locks: number;
  /** Holds of all kinds on all pages. */
  readonly total_holds: number;
  /** Of all its holds: equal for equal sets of first tokens. */
  readonly digest: string;
  /** `after` of the next page; null on the last. */
  readonly next_after: number | null;
  /** Its locks on this page. */
  readonly holds: readonly {
    /** Name of the resource. */
    readonly resource: string;
    /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
    readonly fence_token: number;
    /** Exclusive or shared. */
    readonly mode: LockMode;
    /** How many acquires of this session were told of this hold. */
    readonly hold_count: number;
    /** Of the hold's first grant: an upgrade to exclusive brings a new token. */
    readonly first_fence_token: number;
  }[];
  /** Its permits on this page. */
  readonly permits: readonly {
    /** Name of the resource. */
    readonly resource: string;
    /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
    readonly fence_token: number;
    /** How many permits. */
    readonly permits: number;
  }[];
  /** Its leaderships on this page. */
  readonly leaderships: readonly {
    /** Name of the resource. */
    readonly resource: string;
    /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
    readonly fence_token: number;
  }[];
}

/** What SessionWaits is asked. */
export interface SessionWaitsBody {
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id: string;
  /** `next_after` of the page before; from the beginning when absent. */
  readonly after?: number;
  /** Places on a page; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
  /** `linearizable`, the default, proves leadership first; `stale` reads what the asked node has applied. */
  readonly consistency?: Consistency;
}

/** What SessionWaits answers. */
export interface SessionWaitsAnswer {
  /** Places on all pages. */
  readonly wait_count: number;
  /** `after` of the next page; null on the last. */
  readonly next_after: number | null;
  /** The places on this page. */
  readonly waits: readonly {
    /** What it waits for. */
    readonly kind: 'lock' | 'semaphore' | 'election';
    /** Name of the resource. */
    readonly resource: string;
    /** 1 is the next. */
    readonly position: number;
    /** Clients that wait ahead, the next one first; at most 100. */
    readonly ahead: readonly string[];
  }[];
}

/** What GiveUp is asked. */
export interface GiveUpBody {
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /** Instead of a session: who asks, for people. The hold then has a session of its own. 1 to 256 characters. */
  readonly client_id?: string;
  /** The number of the acquire. */
  readonly request_id: number;
  /** What it was for; of several, `many` with the first name. */
  readonly kind: 'lock' | 'semaphore' | 'election' | 'many' | 'barrier';
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
}

/** What GiveUp answers. */
export interface GiveUpAnswer {
  /** It holds nothing, and never will under this number. */
  readonly given_up: true;
}
