/** Every planted fault. */
import { accessFaults } from './access-faults.ts';
import { addressFaults } from './address-faults.ts';
import { auditFaults, limitFaults, restoredAccessFaults } from './audit-faults.ts';
import { callerFaults } from './caller-faults.ts';
import { chaosFaults } from './chaos-faults.ts';
import { clientFaults } from './client-faults.ts';
import { commandFaults } from './command-faults.ts';
import { diskFaults } from './disk-faults.ts';
import type { Fault } from './fault.ts';
import { grantFaults } from './grant-faults.ts';
import { hostileFaults } from './hostile-faults.ts';
import { identityFaults } from './identity-faults.ts';
import { interfaceFaults } from './interface-faults.ts';
import { leaseFaults } from './lease-faults.ts';
import { levelFaults } from './level-faults.ts';
import { listeningFaults } from './listening-faults.ts';
import { logFaults } from './log-faults.ts';
import { memoryFaults } from './memory-faults.ts';
import { outcomeFaults } from './outcome-faults.ts';
import { pageFaults } from './page-faults.ts';
import { payloadFaults } from './payload-faults.ts';
import { peerFaults } from './peer-faults.ts';
import { quorumFaults } from './quorum-faults.ts';
import { cacheFaults } from './cache-faults.ts';
import { cacheWriteFaults } from './cache-write-faults.ts';
import { queueFaults } from './queue-faults.ts';
import { raftFaults } from './raft-faults.ts';
import { redisFaults } from './redis-faults.ts';
import { replicaFaults } from './replica-faults.ts';
import { restoreFaults } from './restore-faults.ts';
import { serviceFaults } from './service-faults.ts';
import { shortageFaults } from './shortage-faults.ts';
import { sessionFaults } from './session-faults.ts';
import { snapshotFaults } from './snapshot-faults.ts';
import { inspectFaults } from './inspect-faults.ts';
import { storageFaults } from './storage-faults.ts';
import { tlsFaults } from './tls-faults.ts';

export interface FaultGroup {
  readonly title: string;
  readonly faults: readonly Fault[];
}

/** What Raft, sessions and primitives promise: whole runs of clusters are to find these. */
const core: ReadonlySet<string> = new Set([
  'vote-not-persisted',
  'old-term-committed-by-counting',
  'own-disk-not-waited-for',
  'acknowledged-before-durable',
  'fsync-skipped',
  'stale-append-truncates',
  'log-not-compared-in-votes',
  'membership-not-one-at-a-time',
  'keepalive-without-proof',
  'read-without-proof',
  'read-proof-counts-older-rounds',
  'leases-kept-across-leaderships',
  'expiry-not-guarded',
  'commands-do-not-renew',
  'fence-counter-not-in-snapshot',
  'queue-order-lost-on-restore',
  'first-answers-not-in-snapshot',
  'first-answer-not-remembered',
  'queue-is-passed',
  'waits-outlive-their-session',
  'token-not-renewed-by-grant',
  'lease-counted-from-the-answer',
  'client-trusts-its-timers',
  'late-ticks-ignored',
  'older-snapshot-replaces-newer',
  'replaced-change-told-as-done',
  'change-without-majority',
  'strangers-not-answered',
  'learner-keeps-a-dead-leader',
  'unreachable-leader-tried-for-ever',
  'removed-voter-does-not-campaign',
  'permits-passed-in-the-queue',
  'permits-beyond-the-limit',
  'permits-not-in-the-sessions-end',
  'two-leaders',
  'election-not-in-the-sessions-end',
  'several-out-of-turn',
  'several-left-behind',
  'barrier-opens-early',
  'barrier-over-early',
  'latch-counted-twice',
  'latch-open-at-one',
  'longest-time-not-in-snapshots',
  'longest-time-starts-anew',
  'urgent-passes-for-ever',
  'cycle-not-seen',
  'cycle-through-a-try-not-seen',
  'late-downgrade-undoes-an-upgrade',
  'downgrade-believed-late',
  'watch-goes-on-at-the-end',
  'watch-loses-the-rest-of-an-entry',
  'gap-not-told-to-watchers',
]);

const clusterFaults: readonly Fault[] = [
  ...raftFaults,
  ...replicaFaults,
  ...peerFaults,
  ...logFaults,
  ...grantFaults,
  ...restoreFaults,
  ...serviceFaults,
  ...sessionFaults,
  ...commandFaults,
];

/** As docs/safety.md shows them. */
export const faultGroups: readonly FaultGroup[] = [
  { title: 'Of the core', faults: clusterFaults.filter(({ name }) => core.has(name)) },
  {
    title: 'Of the rest of the cluster and its clients',
    faults: clusterFaults.filter(({ name }) => !core.has(name)),
  },
  { title: 'Of leases under changing leaders', faults: leaseFaults },
  { title: 'Of snapshots', faults: snapshotFaults },
  { title: 'Of the log and the disk', faults: storageFaults },
  { title: 'Of looking into a folder', faults: inspectFaults },
  { title: 'Of addresses and who is who', faults: addressFaults },
  { title: 'Of what clients believe', faults: clientFaults },
  { title: 'Of what programs are told, and hand their client', faults: callerFaults },
  { title: 'Of requests whose outcome is unknown', faults: outcomeFaults },
  { title: 'Of the disk of a machine, and of backups', faults: diskFaults },
  { title: 'Of where nodes listen', faults: listeningFaults },
  { title: 'Of what is remembered, and of the limits of one caller', faults: memoryFaults },
  { title: 'Of queues', faults: [...queueFaults, ...redisFaults] },
  { title: 'Of payloads beside the state', faults: payloadFaults },
  { title: 'Of shortages of room, and of what waits for others', faults: shortageFaults },
  { title: 'Of the cache', faults: [...cacheFaults, ...cacheWriteFaults] },
  { title: 'Of members of different releases', faults: levelFaults },
  { title: 'Of who may do what, and of declarations', faults: accessFaults },
  { title: 'Of keys, identities and rules', faults: identityFaults },
  { title: 'Of the audit', faults: auditFaults },
  { title: 'Of limits and hostile input', faults: [...limitFaults, ...hostileFaults] },
  { title: 'Of keys after a restore', faults: restoredAccessFaults },
  { title: 'Of HTTP, gRPC, metrics and the command line', faults: interfaceFaults },
  { title: 'Of the quorum lease', faults: quorumFaults },
  { title: 'Of what people are shown of nodes', faults: pageFaults },
  { title: 'Of TLS', faults: tlsFaults },
  { title: 'Of chaos runs', faults: chaosFaults },
];

export const allFaults: readonly Fault[] = faultGroups.flatMap(({ faults: some }) => some);
