export { LogMissingError, StorageDamagedError } from './damage.ts';
export { FolderInUseError } from './disk.ts';
export { holdsFormerLog, lockFolder, openStorage } from './open.ts';
export type * from './types.ts';
export { inspectWal } from './wal.ts';
