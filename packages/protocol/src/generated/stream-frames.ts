// Made from packages/contract by "make documents". Change the declaration, not this file.
import type {
  CacheDroppedAnswer,
  CacheDroppedBody,
  CacheKeepAnswer,
  CacheKeepBody,
} from './cache.ts';
import type { UnwatchAnswer, UnwatchBody, WatchAnswer, WatchBody } from './events.ts';
import type {
  CachePush,
  CancelWaitAnswer,
  CancelWaitBody,
  ClusterPush,
  HelloAnswer,
  HelloBody,
  HoldEndedPush,
  PingAnswer,
  PingBody,
  SessionEndedPush,
  WatchPush,
} from './frames.ts';
import type { OperationName } from './operations.ts';

/** What a client stream has beside `Operations`: name → body and answer. */
export interface StreamFrames {
  readonly hello: { readonly body: HelloBody; readonly answer: HelloAnswer };
  readonly cancel: { readonly body: CancelWaitBody; readonly answer: CancelWaitAnswer };
  readonly ping: { readonly body: PingBody | null; readonly answer: PingAnswer };
  readonly cache_keep: { readonly body: CacheKeepBody; readonly answer: CacheKeepAnswer };
  readonly cache_dropped: { readonly body: CacheDroppedBody; readonly answer: CacheDroppedAnswer };
  readonly watch: { readonly body: WatchBody; readonly answer: WatchAnswer };
  readonly unwatch: { readonly body: UnwatchBody; readonly answer: UnwatchAnswer };
}
export type StreamFrameName = keyof StreamFrames;

/** What a node tells unasked: kind → body. */
export interface StreamPushes {
  readonly cluster: ClusterPush;
  readonly watch: WatchPush;
  readonly session_ended: SessionEndedPush;
  readonly hold_ended: HoldEndedPush;
  readonly cache: CachePush;
}

export const streamFrameNames: ReadonlySet<string> = new Set<StreamFrameName>([
  'hello',
  'cancel',
  'ping',
  'cache_keep',
  'cache_dropped',
  'watch',
  'unwatch',
]);

/**
 * What keeps, cancels or gives back. Clients send it before what wants, and both sides have room for it above
 * the room of all others: however much is wanted, what is held can be kept, and given back.
 */
export const ofHolders: ReadonlySet<string> = new Set<OperationName | StreamFrameName>([
  'hello',
  'cancel',
  'ping',
  'end_session',
  'keepalive',
  'cancel_request',
  'release',
  'renew',
  'release_permits',
  'renew_permits',
  'resign',
  'renew_leadership',
  'queue_ack',
  'queue_nack',
  'queue_extend',
  'cache_dropped',
  'cache_fill_end',
]);

/** What is asked all the time, or only keeps a connection: programs have no spans of it. */
export const untraced: ReadonlySet<string> = new Set<OperationName | StreamFrameName>([
  'hello',
  'cancel',
  'ping',
  'keepalive',
  'cache_dropped',
  'unwatch',
]);
