/** Limits of the state machine, for the configuration, which is read without an engine. */
export { primitiveLimits } from '@holdfast/state/limits';
export type { LimitOfPrimitive } from '@holdfast/state/limits';
