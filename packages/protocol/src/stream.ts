import type { Problem } from './errors.ts';
import type { WatchEvent } from './generated/events.ts';
import type { OperationName } from './generated/operations.ts';
import type { StreamFrameName } from './generated/stream-frames.ts';
import type { TraceContext } from './tracing.ts';

/** Path of the WebSocket that carries the client stream. */
export const streamPath = '/stream';

/** Bytes of one WebSocket message from a client: a node ends the connection at a longer one. */
export const longestMessageBytes: number = 1024 * 1024;
/** Bytes of the body of one HTTP request, or of one message of gRPC: a node refuses a longer one. */
export const longestBodyBytes: number = 64 * 1024;

/**
 * One WebSocket message from a client: a batch of requests, JSON text. Each is
 * `[id, operation, body]`; ids are chosen by the client and unique among its unanswered requests. Beside the operations there
 * are the frames of `StreamFrames`: `hello`, `cancel` and `ping` are about the stream itself, and docs/stream.md tells of them.
 * `[id, 'watch', WatchBody]` begins a watch, `[id, 'unwatch', { watch_id }]` ends it; its events are pushes.
 * `[id, 'cache_keep', CacheKeepBody]` reads a key of the cache, to answer it again from memory: until a push `cache` tells to
 * drop it, which is acknowledged by `[id, 'cache_dropped', CacheDroppedBody]`, and for no longer than its lease.
 * `ackedBelow` as a fourth element tells which numbered requests of the body's session have been answered; null: nothing.
 * `trace` as a fifth tells under which span of a trace it is executed, see tracing.ts.
 */
export type StreamRequest = readonly [
  id: number,
  operation: OperationName | StreamFrameName,
  body: unknown,
  ackedBelow?: number | null,
  trace?: TraceContext,
];

/**
 * One WebSocket message from a node: a batch of answers and pushes.
 * `[id, 0, answer]`, `[id, 1, problem]`, or a push `[0, kind, body]`.
 */
export type StreamAnswer =
  | readonly [id: number, failed: 0, answer: unknown]
  | readonly [id: number, failed: 1, problem: Problem]
  | readonly [id: 0, push: 'cluster', body: ClusterPush]
  | readonly [id: 0, push: 'watch', body: WatchPush]
  | readonly [id: 0, push: 'hold_ended', body: HoldEndedPush]
  | readonly [id: 0, push: 'cache', body: CachePush]
  | readonly [
      id: 0,
      push: 'session_ended',
      body: { readonly session_id: string; readonly reason: 'ended' | 'expired' },
    ];

/** Events of a watch of this stream, or, with `problem`, its end. */
export interface WatchPush {
  readonly watch_id: number;
  readonly events: readonly WatchEvent[];
  /** `compacted`: events were lost to it, and it is over. */
  readonly problem?: Problem;
}

/** Keys that a client has to drop from its memory before it acknowledges this. */
export interface CachePush {
  readonly memory_id: string;
  readonly seq: number;
  readonly keys: readonly string[];
  /** Not only these keys, but all that it has under this memory id: it is acknowledged without a number. */
  readonly all?: true;
}

/** A hold of a session that is used on this stream was ended by others. */
export interface HoldEndedPush {
  readonly session_id: string;
  readonly kind: 'lock' | 'semaphore' | 'election';
  readonly resource: string;
  readonly fence_token: number;
  readonly reason: 'forced' | 'max_hold';
  readonly note?: string;
}

/** Sent first on every stream and at each change of leader or members. */
export interface ClusterPush {
  /** A client that has met one cluster goes to no node of another. */
  readonly cluster_id: string;
  readonly node_id: string;
  readonly leader: string | null;
  /** Where clients reach each member; empty string while unknown. */
  readonly members: readonly { readonly node_id: string; readonly url: string }[];
}
