export { BrokenRun } from './run/broken-run.ts';
export { simulateCluster } from './run/cluster-run.ts';
export type { RunResult } from './run/cluster-run.ts';
export { entriesWhileIdle, simulateLeaders } from './leaders/leader-run.ts';
export { simulateQuorum } from './quorum/quorum-run.ts';
export { runSeries } from './run/series.ts';
export type { Broken, SeriesOptions, Summary } from './run/series.ts';
export { runContention } from './quorum/quorum-contention.ts';
export type { ContentionStats, ContentionOptions } from './quorum/quorum-contention.ts';
