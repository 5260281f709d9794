export { SnapshotFormatError } from './fields.ts';
export { StateInvariantError } from './invariant.ts';
export { createStateMachine, restoreStateMachine } from './machine.ts';
export type * from './types.ts';
