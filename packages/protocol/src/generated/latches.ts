// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Consistency } from './sessions.ts';

/** What CreateLatch is asked. */
export interface CreateLatchBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** From how many it counts down. 1 to 1,000,000,000. */
  readonly count: number;
}

/** A latch as it is. */
export interface LatchAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** How much is left. */
  readonly count: number;
  /** The count is 0. */
  readonly open: boolean;
}

/** What CountDown is asked. */
export interface CountDownBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** How far; 1 when absent. 1 to 1,000,000,000. */
  readonly by?: number;
  /** With it and a request id it is counted once, however often it is sent. 1 to 128 characters. */
  readonly session_id?: string;
  /** Number of this request, increasing in the session (or for the client): a repetition gets the first answer. */
  readonly request_id?: number;
}

/** What WaitLatch is asked. */
export interface WaitLatchBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Longest wait in seconds; the configured longest one when absent. 0 to 86,400. */
  readonly wait_seconds?: number;
}

/** What LatchStatus is asked. */
export interface LatchRef {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** `linearizable`, the default, proves leadership first; `stale` reads what the asked node has applied. */
  readonly consistency?: Consistency;
}

/** What DeleteLatch is asked. */
export interface DeleteLatchBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
}

/** What DeleteLatch answers. */
export interface DeleteLatchAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** Always true: a refusal is an error. */
  readonly deleted: true;
}
