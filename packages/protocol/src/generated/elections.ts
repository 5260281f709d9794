// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Json } from '../json.ts';
import type { Consistency } from './sessions.ts';

/** What Campaign is asked. */
export interface CampaignBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /** Instead of a session: who asks, for people. The hold then has a session of its own. 1 to 256 characters. */
  readonly client_id?: string;
  /**
   * With `client_id`: for how many seconds the hold stands without a renewal; the configured default when absent.
   * 1 to 86,400.
   */
  readonly ttl_seconds?: number;
  /** Ahead of those with a lower one in the queue; 0 when absent. Nobody is passed for ever. 0 to 9. */
  readonly priority?: number;
  /** The hold ends by itself after so many seconds, whatever its session does. 0.001 to 86,400. */
  readonly max_hold_seconds?: number;
  /**
   * What this session holds does not depend on this wait, as when several tasks share a session: it is left out of
   * the search for deadlocks.
   */
  readonly independent?: boolean;
  /** What the leader tells. Any JSON, at most 1024 bytes. */
  readonly value?: Json;
  /** Longest wait in seconds; 0, the default, tries once. 0 to 86,400. */
  readonly wait_seconds?: number;
  /** Number of this request, increasing in the session (or for the client): a repetition gets the first answer. */
  readonly request_id?: number;
}

/** What Campaign answers. */
export interface CampaignAnswer {
  /** Always true: a refusal is an error. */
  readonly elected: true;
  /** Name of the resource. */
  readonly resource: string;
  /** The epoch of this leadership: larger than that of any before. */
  readonly fence_token: number;
  /** How many campaigns of this session were told of this leadership. */
  readonly hold_count: number;
  /** The session. */
  readonly session_id: string;
  /** Log index of the election. */
  readonly revision: number;
  /** For how many seconds the hold stands without a renewal; told of a hold with a session of its own. */
  readonly ttl_seconds?: number;
}

/** What Observe is asked. */
export interface ObserveBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** Goes on after this position or revision; begins with who leads now when absent. 1 to 32 characters. */
  readonly after?: string;
}

/** One change of who leads, or of what it tells. */
export interface LeaderChange {
  /** Where it stands among all events: pass as `after` to go on, at any node. */
  readonly position: string;
  /** Log index of the change. */
  readonly revision: number;
  /** What changed. */
  readonly change: 'current' | 'elected' | 'proclaimed' | 'ended';
  /** Name of the resource. */
  readonly resource: string;
  /** Who leads; null when nobody does. */
  readonly leader: {
    /** Who it is, for people. */
    readonly client_id: string;
    /** The epoch of this leadership: larger than that of any before. */
    readonly fence_token: number;
    /** What it tells, any JSON; null when nothing. */
    readonly value: Json;
  } | null;
  /** Of an end: released, expired, forced or max_hold. */
  readonly reason?: string;
}

/** What Resign is asked. */
export interface ResignBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /** Instead of a session: who asks, for people. The hold then has a session of its own. 1 to 256 characters. */
  readonly client_id?: string;
  /** As told by the campaign. Needed with `client_id`; with a session it may be left out. */
  readonly fence_token?: number;
  /** Number of this request, increasing in the session (or for the client): a repetition gets the first answer. */
  readonly request_id?: number;
}

/** What Resign answers. */
export interface ResignAnswer {
  /** Always true: a refusal is an error. */
  readonly resigned: true;
  /** Name of the resource. */
  readonly resource: string;
  /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
  readonly fence_token: number;
}

/** What Proclaim is asked. */
export interface ProclaimBody {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** The session that asks, as told when it was created. 1 to 128 characters. */
  readonly session_id?: string;
  /** Instead of a session: who asks, for people. The hold then has a session of its own. 1 to 256 characters. */
  readonly client_id?: string;
  /** As told by the campaign. */
  readonly fence_token: number;
  /** What the leader tells. Any JSON, at most 1024 bytes. */
  readonly value: Json;
  /** Number of this request, increasing in the session (or for the client): a repetition gets the first answer. */
  readonly request_id?: number;
}

/** What Proclaim answers. */
export interface ProclaimAnswer {
  /** Always true: a refusal is an error. */
  readonly proclaimed: true;
  /** Name of the resource. */
  readonly resource: string;
  /** One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards. */
  readonly fence_token: number;
  /** Log index of the change. */
  readonly revision: number;
}

/** What ElectionLeader is asked. */
export interface ElectionRef {
  /** Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL. 1 to 256 characters. */
  readonly name: string;
  /** How many of each list to show; 100 when absent, fewer where they are large. 1 to 1,000. */
  readonly show?: number;
  /** `linearizable`, the default, proves leadership first; `stale` reads what the asked node has applied. */
  readonly consistency?: Consistency;
}

/** Who leads. */
export interface Leader {
  /** The session. */
  readonly session_id: string;
  /** Who it is, for people. */
  readonly client_id: string;
  /** The epoch of this leadership: larger than that of any before. */
  readonly fence_token: number;
  /** What the leader tells, any JSON. */
  readonly value: Json;
  /** Wall clock, seconds since 1970, for people. */
  readonly elected_at: number;
  /** Seconds until its longest time is over; null when it has none. */
  readonly ends_in_seconds: number | null;
}

/** What ElectionLeader answers. */
export interface ElectionAnswer {
  /** Name of the resource. */
  readonly resource: string;
  /** Who leads; null when nobody does. */
  readonly leader: Leader | null;
  /** All that wait: the next of them are shown. */
  readonly candidate_count: number;
  /** Who stands for it, the next of them first. */
  readonly candidates: readonly {
    /** The session. */
    readonly session_id: string;
    /** Who it is, for people. */
    readonly client_id: string;
    /** 1 is the next. */
    readonly position: number;
    /** 0 to 9; ahead of those with a lower one. */
    readonly priority: number;
  }[];
  /**
   * Wall clock, seconds since 1970, for people: in its lock-delay period until then, since its holder expired.
   * Null when it is not.
   */
  readonly delayed_until: number | null;
  /** Log index as of which this is so. */
  readonly revision: number;
  /** How current the answer is. */
  readonly consistency: Consistency;
}
