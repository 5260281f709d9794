/** What a lease node says of itself to people. */
import { createHash } from 'node:crypto';
import type {
  QuorumLeaseRow,
  QuorumOverviewAnswer,
  QuorumSetAnswer,
  QuorumStatusAnswer,
} from '@holdfast/protocol';
import { version } from '../version.ts';
import type { HeldPage } from './held-leases.ts';
import type { StandingLease } from './lease-node.ts';

export interface OverviewParts {
  /** Of no resource. */
  readonly status: QuorumStatusAnswer;
  readonly set: QuorumSetAnswer;
  readonly held: HeldPage;
  readonly runningMs: number;
  readonly waitersOf: (resource: string) => number;
  readonly released: { readonly count: number; readonly most: number };
}

export function overviewOf(parts: OverviewParts): QuorumOverviewAnswer {
  const { status, set, held, runningMs, waitersOf, released } = parts;
  return {
    name: set.name,
    version,
    voting: status.voting,
    epoch: status.epoch,
    set: status.set,
    waits_ms: status.waits_ms,
    running_ms: Math.floor(runningMs),
    wall_ms: Date.now(),
    leases: held.count,
    leases_ms: set.leases_ms,
    released: released.count,
    most_released: released.most,
    page: held.page.map((lease) => rowOf(lease, waitersOf(lease.resource))),
    more: held.more,
  };
}

const rowOf = (lease: StandingLease, waiters: number): QuorumLeaseRow => ({
  resource: lease.resource,
  lease: nameOfLease(lease.leaseId),
  client_id: lease.clientId,
  token: lease.token,
  remaining_ms: Math.ceil(lease.remainingMs),
  waiters,
});

/** Whoever knows the id of a lease can act for its client: it is told as what cannot be turned back into it. */
const nameOfLease = (id: string): string =>
  createHash('sha256').update(id).digest('base64url').slice(0, 16);
