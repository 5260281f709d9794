export { startLeaseNode } from './start.ts';
export type { LeaseNodeLog, LeaseNodeOptions, RunningLeaseNode } from './start.ts';
