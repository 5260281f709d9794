/** What coherent memories of clients and nodes have in common. */
export { Lines } from './lines.ts';
export type {
  PendingFetch,
  FetchAnswer,
  Line,
  LineLease,
  LineStore,
  LineStatistics,
} from './lines.ts';
export { cacheLeaseMs, certainMs, clientLeaseMs, grantorLeaseMs, turnMs } from './terms.ts';
export type { LineGrant, Invalidation, LineState } from './terms.ts';
