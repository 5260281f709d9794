/** Barriers and latches as they cross the wire. */
import type { Consistency } from './operations.ts';

export interface EnterBarrierBody {
  readonly name: string;
  readonly session_id: string;
  /** How many meet; the first of a round decides. */
  readonly parties: number;
  /**
   * How long to wait for the others; who is not joined by them in time is out again (`wait_timeout`). 0, the
   * default: enters, answers at once, and stays inside.
   */
  readonly wait_seconds?: number;
  readonly request_id?: number;
}
export interface EnterBarrierAnswer {
  readonly entered: true;
  readonly resource: string;
  /** Which meeting at this barrier. */
  readonly round: number;
  /** All have come. */
  readonly open: boolean;
}
export interface LeaveBarrierBody {
  readonly name: string;
  readonly session_id: string;
  /** How long to wait until all have left; 0, the default, answers at once. */
  readonly wait_seconds?: number;
  readonly request_id?: number;
}
export interface LeaveBarrierAnswer {
  readonly left: true;
  readonly resource: string;
  readonly round: number;
  /** All have left. */
  readonly over: boolean;
}
export interface BarrierRef {
  readonly name: string;
  /** Members to show: 1 to 1000, 100 by default; fewer where they are large. */
  readonly show?: number;
  readonly consistency?: Consistency;
}
export interface BarrierAnswer {
  readonly resource: string;
  /** Null when nobody is inside. */
  readonly round: number | null;
  readonly parties: number | null;
  readonly open: boolean;
  /** All that are inside; `members` shows the first of them. */
  readonly member_count: number;
  readonly members: readonly { readonly session_id: string; readonly client_id: string }[];
}

export interface CreateLatchBody {
  readonly name: string;
  readonly count: number;
}
export interface CountDownBody {
  readonly name: string;
  /** 1 when absent. */
  readonly by?: number;
  /** With a session and a request id it is counted once, however often it is sent. */
  readonly session_id?: string;
  readonly request_id?: number;
}
export interface LatchRef {
  readonly name: string;
  readonly consistency?: Consistency;
}
export interface WaitLatchBody {
  readonly name: string;
  /** The configured longest wait when absent. */
  readonly wait_seconds?: number;
}
export interface LatchAnswer {
  readonly resource: string;
  /** How much is left. */
  readonly count: number;
  /** The count is 0. */
  readonly open: boolean;
}
export interface DeleteLatchBody {
  readonly name: string;
}
export interface DeleteLatchAnswer {
  readonly resource: string;
  readonly deleted: true;
}
