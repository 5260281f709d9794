export { SnapshotFormatError } from './fields.ts';
export { StateInvariantError } from './invariant.ts';
export { createStateMachine, initialLimits, restoreStateMachine } from './machine.ts';
export type * from './types.ts';
export {
  holdEvents,
  holdLifecycle,
  holdStates,
  sessionEvents,
  sessionLifecycle,
  sessionStates,
} from './lifecycle.ts';
export type {
  Answered,
  HoldEvent,
  HoldState,
  SessionEvent,
  SessionState,
  Transition,
} from './lifecycle.ts';
