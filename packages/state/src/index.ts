export { SnapshotFormatError } from './fields.ts';
export { StateInvariantError } from './invariant.ts';
export { initialLimits } from './limits.ts';
export { beginRestore, createStateMachine, restoreStateMachine } from './machine.ts';
export { isSignOfLife } from './sign-of-life.ts';
export { formatVersion as snapshotFormatVersion } from './snapshot.ts';
export type * from './commands.ts';
export type * from './contract.ts';
export type * from './view-types.ts';
export type * from './names.ts';
export type * from './outcomes.ts';
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
