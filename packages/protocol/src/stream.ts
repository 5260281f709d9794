import type { Problem } from './errors.ts';
import type { OperationName } from './generated/operations.ts';
import type { StreamFrameName, StreamPushes } from './generated/stream-frames.ts';
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
  | {
      readonly [Kind in keyof StreamPushes]: readonly [id: 0, push: Kind, body: StreamPushes[Kind]];
    }[keyof StreamPushes];
