export { ChaosCluster } from './cluster/cluster.ts';
export { runLockSet } from './lockset/run.ts';
export type { LockSetOutcome } from './lockset/run.ts';
export { report } from './report.ts';
export { nemesisNames, recoveryBoundMs, runChaos } from './run.ts';
export type { RunOptions, RunOutcome, Strike } from './run.ts';
