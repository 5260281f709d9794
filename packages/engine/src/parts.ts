/** The engine's parts, for packages that put another clock, disk or network under them. */
export { assembleEngine } from './assemble.ts';
export type { AssembledEngine, EngineParts } from './assemble.ts';
export type { Batch } from './batch.ts';
export { turnMs } from './cache/fills.ts';
export { noCacheStatistics } from './cache/statistics.ts';
export { noPayloadStatistics } from './payloads/payload-statistics.ts';
export { cancelReasons, isCancelled, submitCancellable } from './caller-signal.ts';
export { cancelCommandOf, copiesLiveMs, isAcquire, nameOf } from './waits.ts';
export type { Acquire } from './waits.ts';
export { FeatureLevelError } from './feature-levels.ts';
export { answerQuery } from './queries.ts';
export { systemClock } from './clock.ts';
export type { Clock } from './clock.ts';
export { FrameError, FrameReader } from './transport/frames.ts';
export { decodeMessage, encodeMessageFrame } from './transport/messages.ts';
export { CallFailed } from './transport/types.ts';
export type { Transport, TransportHandlers } from './transport/types.ts';
export { TurnSlices } from './turn-slices.ts';
