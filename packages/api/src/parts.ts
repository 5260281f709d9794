/** The api's parts, for a simulator that puts sockets of its own under them. */
export { sharesOf } from './callers.ts';
export type { OperationContext, Service } from './operations/context.ts';
export { PopRoom } from './operations/pop-room.ts';
export { QueueWaiters } from './operations/queue-waiters.ts';
export { WaitingCallers } from './operations/waiting.ts';
export { defaultApiLimits } from './limits.ts';
export type { ServerSocket } from './stream/host.ts';
export { ClientStreams } from './stream/streams.ts';
export { EventFeed } from './watch/feed.ts';
export { wireEvents } from './watch/wire-events.ts';
export { callerFrom } from './pipeline/caller.ts';
export { GivenBack } from './pipeline/given-back.ts';
