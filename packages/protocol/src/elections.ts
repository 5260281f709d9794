/** Elections as they cross the wire. */
import type { AcquireTerms, Json, Who } from './acquiring.ts';
import type { Consistency } from './operations.ts';

export interface CampaignBody extends Who, Omit<AcquireTerms, 'metadata'> {
  readonly name: string;
  /** What the leader tells; at most 1024 bytes as JSON. `proclaim` changes it. */
  readonly value?: Json;
  /** Longest wait in the queue; 0, the default, tries once. */
  readonly wait_seconds?: number;
  readonly request_id?: number;
}
export interface CampaignAnswer {
  readonly elected: true;
  readonly resource: string;
  /** The epoch of this leadership: larger than that of any before. */
  readonly fence_token: number;
  /** How many campaigns of this session have been told of this leadership. */
  readonly hold_count: number;
  readonly session_id: string;
  readonly revision: number;
  readonly ttl_seconds?: number;
}
export interface ResignBody extends Who {
  readonly name: string;
  /** Required with `client_id`; with a session it may be left out. */
  readonly fence_token?: number;
  readonly request_id?: number;
}
export interface ResignAnswer {
  readonly resigned: true;
  readonly resource: string;
  readonly fence_token: number;
}
export interface ProclaimBody extends Who {
  readonly name: string;
  readonly fence_token: number;
  readonly value: Json;
  readonly request_id?: number;
}
export interface ProclaimAnswer {
  readonly proclaimed: true;
  readonly resource: string;
  readonly fence_token: number;
  readonly revision: number;
}
export interface ElectionRef {
  readonly name: string;
  /** Candidates to show: 1 to 1000, 100 by default; fewer where they are large. */
  readonly show?: number;
  readonly consistency?: Consistency;
}
export interface Leader {
  readonly session_id: string;
  readonly client_id: string;
  readonly fence_token: number;
  readonly value: Json;
  /** Wall clock, seconds since 1970, for people. */
  readonly elected_at: number;
  readonly ends_in_seconds: number | null;
}
export interface ElectionAnswer {
  readonly resource: string;
  readonly leader: Leader | null;
  /** All that wait; `candidates` shows the next of them. */
  readonly candidate_count: number;
  readonly candidates: readonly {
    readonly session_id: string;
    readonly client_id: string;
    readonly position: number;
    readonly priority: number;
  }[];
  /** Wall clock, seconds since 1970, for people; null when there is no lock delay. */
  readonly delayed_until: number | null;
  /** Log index as of which this is so. */
  readonly revision: number;
  readonly consistency: Consistency;
}

export interface ObserveBody {
  readonly name: string;
  /** Goes on after this position or revision; begins with who leads now when absent. */
  readonly after?: string;
}
/** One change of who leads, or of what it tells. */
export interface LeaderChange {
  /** Where it stands among all events, to resume after it. */
  readonly position: string;
  readonly revision: number;
  /** `current`: how it is when the observing begins. */
  readonly change: 'current' | 'elected' | 'proclaimed' | 'ended';
  readonly resource: string;
  /** Null: nobody leads. */
  readonly leader: {
    readonly client_id: string;
    readonly fence_token: number;
    readonly value: Json;
  } | null;
  /** Of an end: `released`, `expired`, `forced` or `max_hold`. */
  readonly reason?: string;
}
