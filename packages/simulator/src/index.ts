export { BrokenLife, live } from './run/life.ts';
export type { LifeResult } from './run/life.ts';
export { entriesWhileIdle, liveWithLeaders } from './leaders/leader-life.ts';
export { liveQuorum } from './quorum/quorum-life.ts';
export { runSeries } from './run/series.ts';
export type { Broken, SeriesOptions, Summary } from './run/series.ts';
export { liveCrowd } from './quorum/quorum-crowd.ts';
export type { CrowdStats, CrowdOptions } from './quorum/quorum-crowd.ts';
