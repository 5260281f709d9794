export { createRaftEngine } from './open.ts';
export { RestoreError } from './restore/restore-error.ts';
export { restoreBackup } from './restore/restore.ts';
export type { Restored, RestoreOptions, RestorePhase } from './restore/restore.ts';
export type * from './types.ts';
