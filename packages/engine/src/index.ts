export { inspectFolder } from './inspect/inspect.ts';
export type {
  InspectedFolder,
  InspectedLog,
  InspectedState,
  InspectOptions,
} from './inspect/inspect.ts';
export { createRaftEngine } from './open.ts';
export { RestoreError } from './restore/restore-error.ts';
export { restoreBackup } from './restore/restore.ts';
export type { Restored, RestoreOptions, RestorePhase } from './restore/restore.ts';
export type * from './types.ts';
