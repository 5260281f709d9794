export { LogMissingError, StorageDamagedError } from './damage.ts';
export { asDiskError, askedDiskError, DiskError, diskError } from './disk-error.ts';
export type { DiskOperation } from './disk-error.ts';
export { FolderInUseError } from './disk.ts';
export { holdsFormerLog, lockFolder, openStorage } from './open.ts';
export {
  makeFolders,
  makePrivateFile,
  openPrivateFile,
  openToOthers,
  privateFileMode,
} from './private-files.ts';
export { SnapshotNotSavedError } from './snapshot-not-saved.ts';
export { decodeHead, encodeHead, maxHeadBytes } from './snapshot-head.ts';
export type { SnapshotPoint } from './snapshot-head.ts';
export type * from './types.ts';
export { inspectWal } from './wal.ts';
