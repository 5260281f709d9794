/** Private files and the reasons of a disk, for programs that keep no log: reading this reads no storage engine. */
export { DiskError, diskError } from './disk-error.ts';
export { makeFolders, openPrivateFile, writePrivateFile } from './private-files.ts';
