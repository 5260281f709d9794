export { createRaftEngine } from './open.ts';
export { RestoreRefused } from './restore/refused.ts';
export { restoreBackup } from './restore/restore.ts';
export type { Restored, RestoreOptions, RestorePhase } from './restore/restore.ts';
export type * from './types.ts';
