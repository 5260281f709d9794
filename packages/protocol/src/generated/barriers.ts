// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Consistency } from './sessions.ts';

/** Request of EnterBarrier. */
export interface EnterBarrierBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id: string;
  /** Number of parties; set by the first that enters a round. 1 to 100,000. */
  readonly parties: number;
  /**
   * Longest wait in seconds for the other parties, after which this session has left again (`wait_timeout`). 0
   * (the default): enters, returns at once and remains inside. 0 to 86,400.
   */
  readonly wait_seconds?: number;
  /**
   * Number of this request, increasing within the session (or client). A retry with the same number gets the
   * stored (idempotent) response and is not executed again.
   */
  readonly request_id?: number;
  /**
   * A UUID made for this request, by which any node can cancel it. Instead of `request_id`, in a session whose
   * requests another program numbers. The request is not to be repeated: when the connection is lost the node
   * cancels it, too. At most 36 characters.
   */
  readonly cancel_id?: string;
}

/** What EnterBarrier answers. */
export interface EnterBarrierAnswer {
  /** Always true: a failure is an error response. */
  readonly entered: true;
  /** Name of the resource. */
  readonly resource: string;
  /** Number of the barrier's round. */
  readonly round: number;
  /** All parties have entered. */
  readonly open: boolean;
}

/** Request of LeaveBarrier. */
export interface LeaveBarrierBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session on whose behalf the request is made, as returned when it was created. 1 to 128 characters. */
  readonly session_id: string;
  /** Longest wait in seconds until all parties have left; 0 (the default) returns at once. 0 to 86,400. */
  readonly wait_seconds?: number;
  /**
   * Number of this request, increasing within the session (or client). A retry with the same number gets the
   * stored (idempotent) response and is not executed again.
   */
  readonly request_id?: number;
}

/** What LeaveBarrier answers. */
export interface LeaveBarrierAnswer {
  /** Always true: a failure is an error response. */
  readonly left: true;
  /** Name of the resource. */
  readonly resource: string;
  /** Number of the barrier's round. */
  readonly round: number;
  /** All parties have left. */
  readonly over: boolean;
}

/** Request of BarrierStatus. */
export interface BarrierRef {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Largest number of entries of each list; 100 when absent, fewer where entries are large. 1 to 1,000. */
  readonly show?: number;
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
}

/** What BarrierStatus answers. */
export interface BarrierAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** Number of the barrier's round; null when no session is inside. */
  readonly round: number | null;
  /** Number of parties; null when no session is inside. */
  readonly parties: number | null;
  /** All parties have entered. */
  readonly open: boolean;
  /** Sessions inside a barrier that has not opened: they wait for the others. */
  readonly waiter_count: number;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /** Log index of the state that is reported. */
  readonly revision: number;
  /** Number of sessions inside; the first of them are listed. */
  readonly member_count: number;
  /** The first sessions inside. */
  readonly members: readonly {
    /** The session. */
    readonly session_id: string;
    /** Name of the client, for people. */
    readonly client_id: string;
  }[];
}

/** Request of ListBarriers. */
export interface ListBarriersBody {
  /** Only names with this prefix. At most 256 characters. */
  readonly prefix?: string;
  /** `next_after` of the page before. 1 to 256 characters. */
  readonly after?: string;
  /** Rows on a page, at most; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
  /** Only barriers that this client is inside of. 1 to 256 characters. */
  readonly client_id?: string;
}

/** What ListBarriers answers. */
export interface ListBarriersAnswer {
  /** In the order of names; of each the first 10 of its lists. */
  readonly barriers: readonly BarrierAnswer[];
  /** `after` of the next page; null on the last. A page may have few rows, or none, and not be the last. */
  readonly next_after: string | null;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /** Log index of the state that is reported. */
  readonly revision: number;
}
