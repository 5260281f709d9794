/** Statistics that are looked up when they are asked for, by what they tell of. */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Engine, PayloadStatistics } from '@holdfast/engine';
import type { Stats } from '@holdfast/state';
import { addMachineStats } from './machine.ts';
import { addCacheDelays, addCacheLines, addCacheStats } from './cache-stats.ts';
import { addMessageStats } from './queue-stats.ts';
import type { StatSources } from './sources.ts';

/** How a metric is registered: what it is called, what it tells, where it is read. */
type Add<Source> = (name: string, help: string, read: (source: Source) => number) => void;

interface Adders<Source = void> {
  readonly gauge: Add<Source>;
  readonly counter: Add<Source>;
}

export function addStats(registers: Registry[], sources: StatSources): void {
  const { engine } = sources;
  const adders: Adders = {
    gauge: (name, help, read) => {
      // oxlint-disable-next-line no-new -- a metric registers itself.
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
    counter: (name, help, read) => {
      // oxlint-disable-next-line no-new -- a metric registers itself.
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(read());
        },
      });
    },
  };
  const read = async (): Promise<Stats | undefined> => {
    const result = await engine.query({ type: 'stats' }, 'stale', { identity: 'metrics' });
    return result.type === 'stats' ? result.stats : undefined;
  };
  addStateStats({
    gauge: (name, help, metricOf) => {
      // oxlint-disable-next-line no-new -- a metric registers itself.
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          const stats = await read();
          if (stats !== undefined) this.set(metricOf(stats));
        },
      });
    },
    counter: (name, help, metricOf) => {
      // oxlint-disable-next-line no-new -- a metric registers itself.
      new Counter({
        name,
        help,
        registers,
        async collect() {
          const stats = await read();
          if (stats === undefined) return;
          this.reset();
          this.inc(metricOf(stats));
        },
      });
    },
  });
  addClusterStats(engine, adders);
  addQueueStats(sources, adders);
  addStorageStats(engine, adders);
  addPayloadStats(engine, adders);
  addNodeStats(sources, adders);
  addCacheStats(() => engine.stats().cache, adders);
  addCacheLines(() => engine.stats().cache, registers);
  addCacheDelays(() => engine.stats().cache, registers);
  addMachineStats(registers, sources);
  addMessageStats(registers, sources);
}

function addStateStats({ gauge: ofState, counter: countOfState }: Adders<Stats>): void {
  ofState('active_locks_gauge', 'Resources held now, as applied on this node.', (s) => s.heldLocks);
  ofState(
    'holdfast_remembered_sessions',
    'Tombstones: ended sessions that are remembered, so that late requests do not recreate them.',
    (s) => s.rememberedSessions,
  );
  ofState(
    'holdfast_remembered_session_bytes',
    'Memory taken by ended sessions that are remembered.',
    (s) => s.rememberedBytes,
  );
  ofState('holdfast_sessions', 'Live sessions, as applied on this node.', (s) => s.activeSessions);
  countOfState(
    'holdfast_sessions_expired_total',
    'Sessions that expired since the cluster was created, as applied on this node.',
    (s) => s.expiredSessions,
  );
  ofState(
    'holdfast_waiters',
    'Waiting acquires in all wait queues, as applied on this node.',
    (s) => s.waiters,
  );
  ofState(
    'holdfast_cache_keys',
    'Keys of the cache that have a value, as applied on this node.',
    (s) => s.cacheKeys,
  );
  ofState(
    'holdfast_cache_bytes',
    'What keys and values of the cache take, as applied on this node.',
    (s) => s.cacheBytes,
  );
  ofState(
    'holdfast_latest_fence_token',
    'The latest fence token, as applied on this node.',
    (s) => s.fenceCounter,
  );
}

function addClusterStats(engine: Engine, { gauge, counter }: Adders): void {
  const status = (): ReturnType<Engine['status']> => engine.status();
  counter(
    'leader_elections_total',
    'New leaders seen by this node since it started.',
    () => engine.stats().leaderChanges,
  );
  gauge('holdfast_is_leader', '1 on the leader, 0 on all other nodes.', () =>
    status().leader === status().nodeId ? 1 : 0,
  );
  gauge('holdfast_is_ready', '1 while this node can serve requests.', () =>
    status().ready ? 1 : 0,
  );
  gauge('holdfast_term', 'Raft term of this node.', () => status().term);
  gauge(
    'holdfast_members',
    'Members of the cluster, learners included.',
    () => status().members.length,
  );
  gauge(
    'holdfast_members_connected',
    'Members that this node has a connection to, itself included.',
    () => status().members.filter((member) => member.connected).length,
  );
  gauge(
    'holdfast_feature_level',
    'Feature level of the cluster, as applied on this node.',
    () => status().featureLevel,
  );
  gauge(
    'holdfast_supported_feature_level',
    'The highest feature level that the program of this node supports.',
    () => status().supportedFeatureLevel,
  );
  gauge(
    'holdfast_commit_index',
    'Last log index known to be committed.',
    () => status().commitIndex,
  );
  gauge('holdfast_applied_index', 'Last log index applied.', () => status().appliedIndex);
  gauge('holdfast_log_entries', 'Entries kept in the log.', () =>
    Math.max(0, status().lastIndex - status().firstIndex + 1),
  );
}

/** Of what this node proposes, and of those who wait for it. */
function addQueueStats({ engine, waiting }: StatSources, { gauge, counter }: Adders): void {
  const stats = (): ReturnType<Engine['stats']> => engine.stats();
  counter(
    'holdfast_proposed_batches_total',
    'Log entries proposed by this node.',
    () => stats().proposedBatches,
  );
  counter(
    'holdfast_proposed_commands_total',
    'Commands in the log entries proposed by this node.',
    () => stats().proposedCommands,
  );
  gauge(
    'holdfast_pending_commands',
    'Commands not yet applied, on the leader.',
    () => stats().pendingCommands,
  );
  gauge(
    'holdfast_waiting_acquires',
    'Acquires in wait queues, on the leader.',
    () => stats().waitingAcquires,
  );
  gauge('holdfast_waiting_callers', 'Waiting acquires of callers of this node.', waiting);
}

function addStorageStats(engine: Engine, { gauge, counter }: Adders): void {
  const stats = (): ReturnType<Engine['stats']> => engine.stats();
  counter(
    'holdfast_storage_commits_total',
    'Durable writes of this node.',
    () => stats().storage.commits,
  );
  gauge(
    'holdfast_storage_pending_writes',
    'Writes queued for the disk.',
    () => stats().storage.pendingWrites,
  );
  gauge(
    'holdfast_storage_last_commit_seconds',
    'Duration of the latest durable write (fsync).',
    () => stats().storage.lastCommitMs / 1000,
  );
  gauge(
    'holdfast_storage_bytes',
    'Bytes of log, snapshots and payloads on disk.',
    () => stats().storage.sizeBytes,
  );
  gauge('holdfast_log_bytes', 'Bytes of the log on disk.', () => stats().storage.logBytes);
  gauge(
    'holdfast_log_memory_bytes',
    'Bytes of the log in memory: the entries since the last snapshot of this node, and some before it.',
    () => stats().storage.logMemoryBytes,
  );
  counter(
    'holdfast_snapshot_failures_total',
    'Snapshots of this node that were not saved for want of room or of a descriptor. Until one is saved its log grows.',
    () => stats().storage.snapshotFailures,
  );
}

/** Of payloads of messages, which stand beside the state. */
function addPayloadStats(engine: Engine, { gauge, counter }: Adders): void {
  const stats = (): PayloadStatistics => engine.stats().storage.payloads;
  gauge('holdfast_queue_payloads', 'Payloads in files on the disk.', () => stats().count);
  gauge('holdfast_queue_payload_bytes', 'Bytes of the files of payloads.', () => stats().sizeBytes);
  gauge(
    'holdfast_queue_payload_live_bytes',
    'Bytes in the files of payloads that are needed.',
    () => stats().liveBytes,
  );
  gauge(
    'holdfast_queue_payload_waiting_bytes',
    'Bytes of payloads in memory that are not written yet.',
    () => stats().waitingBytes,
  );
  counter(
    'holdfast_queue_payload_shortages_total',
    'Times that payloads could not be written for want of room or of a descriptor. They are tried again; until then no snapshot is saved.',
    () => stats().shortages,
  );
  gauge(
    'holdfast_queue_payloads_missing',
    'Payloads that this node should have and has not, as far as it knows. They are fetched from other members.',
    () => stats().missing,
  );
  counter(
    'holdfast_queue_payload_repairs_total',
    'Payloads that were missing or damaged on this node and were fetched from other members.',
    () => stats().repaired,
  );
  counter(
    'holdfast_queue_payloads_lost_total',
    'Payloads that no member had any more: their messages are dead letters without payload.',
    () => stats().lost,
  );
  counter(
    'holdfast_queue_payloads_damaged_total',
    'Payloads that were found damaged when their file was made smaller. They are fetched from other members, or lost.',
    () => stats().damaged,
  );
  counter(
    'holdfast_queue_payload_file_errors_total',
    'Times that a file of payloads could not be read, or not be removed.',
    () => stats().fileErrors,
  );
}

/** Of this node's streams and its event loop. */
function addNodeStats(
  { stream, longestTurnSeconds }: StatSources,
  { gauge, counter }: Adders,
): void {
  gauge('holdfast_streams', 'Open client streams.', () => stream().connections);
  gauge(
    'holdfast_stream_callers',
    'Callers (addresses) that have client streams or watches, see limits.max_streams_per_caller.',
    () => stream().callers,
  );
  counter(
    'holdfast_stream_requests_total',
    'Requests received on client streams.',
    () => stream().requests,
  );
  gauge(
    'holdfast_event_loop_longest_turn_seconds',
    'Longest turn of the event loop in the last 60 s, during which this node answered no request. A leader loses leadership when it exceeds the election timeout.',
    longestTurnSeconds,
  );
}
