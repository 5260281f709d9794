export { NotALeaseFileError } from './store/own-file.ts';
export { startLeaseNode } from './start.ts';
export type { LeaseNodeLog, LeaseNodeOptions, RunningLeaseNode } from './start.ts';
