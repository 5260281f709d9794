// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Consistency } from './sessions.ts';

/** Request of CreateLatch. */
export interface CreateLatchBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Initial count. 1 to 1,000,000,000. */
  readonly count: number;
}

/** Status of a latch. */
export interface LatchAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** Remaining count; null when there is no such latch. */
  readonly count: number | null;
  /** The count is 0. */
  readonly open: boolean;
  /** Of a status: callers that wait for it at the node that answers. */
  readonly waiter_count?: number;
  /** How current a status is. */
  readonly consistency?: Consistency;
  /** Of a status: log index of the state that is reported. */
  readonly revision?: number;
}

/** Request of CountDown. */
export interface CountDownBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Amount to count down by; 1 when absent. 1 to 1,000,000,000. */
  readonly by?: number;
  /** With a session and a request id the count-down is applied once, however often it is sent. 1 to 128 characters. */
  readonly session_id?: string;
  /**
   * Number of this request, increasing within the session (or client). A retry with the same number gets the
   * stored (idempotent) response and is not executed again.
   */
  readonly request_id?: number;
}

/** Request of WaitLatch. */
export interface WaitLatchBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Longest wait in seconds; the configured maximum when absent. 0 to 86,400. */
  readonly wait_seconds?: number;
}

/** Request of LatchStatus. */
export interface LatchRef {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
}

/** Request of ListLatches. */
export interface ListLatchesBody {
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
}

/** What ListLatches answers. */
export interface ListLatchesAnswer {
  /** In the order of names; of each the first 10 of its lists. */
  readonly latches: readonly LatchAnswer[];
  /** `after` of the next page; null on the last. A page may have few rows, or none, and not be the last. */
  readonly next_after: string | null;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /** Log index of the state that is reported. */
  readonly revision: number;
}

/** Request of DeleteLatch. */
export interface DeleteLatchBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
}

/** What DeleteLatch answers. */
export interface DeleteLatchAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** Always true: a failure is an error response. */
  readonly deleted: true;
}
