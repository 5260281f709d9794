/** What coherent memories of clients and nodes have in common. */
export { Lines } from './lines.ts';
export type { Fetch, FetchAnswer, Line, Lease, LineStore, LineStatistics } from './lines.ts';
export { cacheLeaseMs, certainMs, clientLeaseMs, grantorLeaseMs, turnMs } from './terms.ts';
export type { Grant, Invalidation, LineState } from './terms.ts';
