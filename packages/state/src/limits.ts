/** What the state machine bounds: for those who have it set, and need nothing else of the state machine. */
export { configuredLimits } from './kernel/limits.ts';
export type { ConfiguredLimit } from './kernel/limits.ts';
export { primitiveLimits } from './primitives/declared.ts';
export type { LimitOfPrimitive } from './primitives/declared.ts';
