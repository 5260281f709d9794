export { NotALeaseFileError } from './store/own-file.ts';
export { startLeaseNode } from './start.ts';
export type { LeaseNodeLog, LeaseNodeOptions, LeaseNodeTls, RunningLeaseNode } from './start.ts';
export { askOfSet } from './http/ask-of-set.ts';
export { changeSet } from './set/change-set.ts';
