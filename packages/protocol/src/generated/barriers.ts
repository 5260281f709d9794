// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Consistency } from './sessions.ts';

/** What EnterBarrier is asked. */
export interface EnterBarrierBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id: string;
  /** How many meet; the first of a round decides. 1 to 100,000. */
  readonly parties: number;
  /**
   * How many seconds to wait for the others, after which this session is out again (`wait_timeout`). 0, the
   * default: enters, answers at once, stays inside. 0 to 86,400.
   */
  readonly wait_seconds?: number;
  /** Number of this request, increasing in the session (or for the client): a repetition gets the first answer. */
  readonly request_id?: number;
}

/** What EnterBarrier answers. */
export interface EnterBarrierAnswer {
  /** Always true: a refusal is an error. */
  readonly entered: true;
  /** Name of the resource. */
  readonly resource: string;
  /** Which meeting at this barrier. */
  readonly round: number;
  /** All have come. */
  readonly open: boolean;
}

/** What LeaveBarrier is asked. */
export interface LeaveBarrierBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id: string;
  /** How many seconds to wait until all have left; 0, the default, answers at once. 0 to 86,400. */
  readonly wait_seconds?: number;
  /** Number of this request, increasing in the session (or for the client): a repetition gets the first answer. */
  readonly request_id?: number;
}

/** What LeaveBarrier answers. */
export interface LeaveBarrierAnswer {
  /** Always true: a refusal is an error. */
  readonly left: true;
  /** Name of the resource. */
  readonly resource: string;
  /** Which meeting at this barrier. */
  readonly round: number;
  /** All have left. */
  readonly over: boolean;
}

/** What BarrierStatus is asked. */
export interface BarrierRef {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** How many of each list to show; 100 when absent, fewer where they are large. 1 to 1,000. */
  readonly show?: number;
  /** `linearizable`, the default, proves leadership first; `stale` reads what the asked node has applied. */
  readonly consistency?: Consistency;
}

/** What BarrierStatus answers. */
export interface BarrierAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** Which meeting at this barrier; null when nobody is inside. */
  readonly round: number | null;
  /** How many meet; null when nobody is inside. */
  readonly parties: number | null;
  /** All have come. */
  readonly open: boolean;
  /** All that are inside: the first of them are shown. */
  readonly member_count: number;
  /** The first that are inside. */
  readonly members: readonly {
    /** The session. */
    readonly session_id: string;
    /** Who it is, for people. */
    readonly client_id: string;
  }[];
}
