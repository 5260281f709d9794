/** The storage's parts, for a simulator that puts a disk of its own under them. */
export { openLogFile } from './log-file.ts';
export type { LogFile, LogFileOptions } from './log-file.ts';
export type { FromWriter, ToWriter } from './messages.ts';
export { inspectWal } from './wal.ts';
export { WriterStorage } from './writer-storage.ts';
export type { WriterPort } from './writer-storage.ts';
