/** The storage's parts, for a simulator that puts a disk of its own under them. */
export type { Disk, DiskFile, FoundFile } from './disk.ts';
export { removeDurably, renameDurably } from './durable-names.ts';
export { delayed, fileDisk } from './file-disk.ts';
export { openStorageOn } from './open.ts';
export type { SegmentSettings } from './open.ts';
export { openPayloads, writeRestored } from './restored-log.ts';
export { framesIn } from './scan.ts';
export { logIdBytes } from './frame.ts';
export { segmentOf, snapshotOf } from './layout.ts';
export { MemoryFiles } from './memory-disk.ts';
export type { CutLeaves, DelayedOperation, WriteUnderWay } from './memory-disk.ts';
export { lookAtLog } from './look.ts';
export { lookAtPayloads } from './look-payloads.ts';
export type { SeenPayloads } from './look-payloads.ts';
export type { SeenLog, SeenSegment, SeenSnapshot } from './look.ts';
