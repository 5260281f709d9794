/** The node's parts, for a simulator that puts a clock and a disk of its own under them. */
export { LeaseHost } from './node/host.ts';
export type { HostClock, LeaseStore } from './node/host-options.ts';
export { LeaseNode } from './node/lease-node.ts';
export type { Changes, LeaseRow, RestoredVotes } from './node/lease-node.ts';
export { Recovery } from './node/recovery.ts';
export type { NodeStatement } from './node/recovery.ts';
export { Rejoin } from './node/rejoin.ts';
export { Membership } from './node/membership.ts';
export type { StoredSet } from './node/membership.ts';
export { changeSet } from './set/change-set.ts';
export type { SetChange, SetQuestion } from './set/change-set.ts';
