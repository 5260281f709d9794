export { StorageDamagedError } from './damage.ts';
export { openStorage } from './open.ts';
export type * from './types.ts';
export { inspectWal } from './wal.ts';
