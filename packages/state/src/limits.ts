/** How many there may be of each primitive: for those who have them set, and need nothing else of the state machine. */
export { primitiveLimits } from './primitives/declared.ts';
export type { LimitOfPrimitive } from './primitives/declared.ts';
