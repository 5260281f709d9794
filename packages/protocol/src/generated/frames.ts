// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { WatchEvent } from './events.ts';
import type { Problem } from '../errors.ts';

/** Says who asks, before anything else is asked on a client stream. */
export interface HelloBody {
  /** The API key, as a header `Authorization: Bearer` has it. */
  readonly api_key: string;
}

/** Who asks on this client stream from now on. */
export interface HelloAnswer {
  /** Identity of the caller; `anonymous` where it has proven none. */
  readonly identity: string;
}

/** Cancels a waiting request of the same client stream. */
export interface CancelWaitBody {
  /** Id of the request, as its frame has it. */
  readonly request: number;
}

/** Whether there was such a request. */
export interface CancelWaitAnswer {
  /**
   * True also where it crossed the grant, which is then given back; false where no such request waits or was
   * answered here lately.
   */
  readonly cancelled: boolean;
}

/** Asks a node for a sign of life. */
export type PingBody = Readonly<Record<string, never>>;

/** The node is there. */
export type PingAnswer = Readonly<Record<string, never>>;

/** Sent first on every stream and at each change of leader or members. */
export interface ClusterPush {
  /** A client that has met one cluster goes to no node of another. */
  readonly cluster_id: string;
  /** The node that has the stream. */
  readonly node_id: string;
  /** Node id of the leader; null while none is known. */
  readonly leader: string | null;
  /** The members, and where clients reach each. */
  readonly members: readonly {
    /** Its node id. */
    readonly node_id: string;
    /** Where clients reach it; empty while that is not known. */
    readonly url: string;
  }[];
}

/** Events of a watch of this stream, or, with `problem`, its end. */
export interface WatchPush {
  /** The watch. */
  readonly watch_id: number;
  /** In their order; none where the watch ends. */
  readonly events: readonly WatchEvent[];
  /** `compacted`: events were lost to it, and it is over. */
  readonly problem?: Problem;
}

/** A session that was named on this stream is over. */
export interface SessionEndedPush {
  /** The session. */
  readonly session_id: string;
  /** How it ended. */
  readonly reason: 'ended' | 'expired';
}

/** A hold of a session that is used on this stream was ended by others. */
export interface HoldEndedPush {
  /** The session. */
  readonly session_id: string;
  /** What was held. */
  readonly kind: 'lock' | 'semaphore' | 'election';
  /** Its name. */
  readonly resource: string;
  /** Fence token of the hold. */
  readonly fence_token: number;
  /** Why it ended. */
  readonly reason: 'forced' | 'max_hold';
  /** What the operator gave as the reason. */
  readonly note?: string;
}

/** Keys that a client has to drop from its memory before it acknowledges this. */
export interface CachePush {
  /** The memory of the client. */
  readonly memory_id: string;
  /** Number of this push, which is acknowledged. */
  readonly seq: number;
  /** The keys. */
  readonly keys: readonly string[];
  /** Not only these keys, but all that it has under this memory id: it is acknowledged without a number. */
  readonly all?: true;
}
