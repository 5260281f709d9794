/** Limits of the state machine, for the configuration, which is read without an engine. */
export { configuredLimits, primitiveLimits } from '@holdfast/state/limits';
export type { ConfiguredLimit, LimitOfPrimitive } from '@holdfast/state/limits';
