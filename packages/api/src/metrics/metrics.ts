/**
 * Figures for Prometheus. What happens often only adds to plain numbers here; the text is made when
 * somebody asks for it.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricObject } from 'prom-client';
import type { Engine } from '@holdfast/engine';
import type { Stats } from '@holdfast/state';

const acquisitionBuckets = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];
const commitBuckets = [
  0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
];

/** What the stream counts of itself. */
export interface StreamFigures {
  readonly connections: number;
  readonly requests: number;
}

export interface ApiMetrics {
  readonly registry: Registry;
  /** Told of every acquire: `granted` or an error code, and how long it took. */
  onAcquire(outcome: string, seconds: number): void;
  onHttpRequest(route: string, status: number, seconds: number): void;
  /** All figures as text. */
  text(): Promise<string>;
  /** What there is, without values: for the documentation. */
  described(): readonly MetricDescription[];
  close(): void;
}

export interface MetricDescription {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: string;
  readonly help: string;
}

export interface MetricsSources {
  readonly engine: Engine;
  readonly stream: () => StreamFigures;
  readonly waiting: () => number;
  /** Of the event loop, in the last minute. */
  readonly longestTurnSeconds: () => number;
}

let processRegistry: Registry | undefined;
/** Figures of the process: there is one, however many nodes run in it. */
function figuresOfProcess(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}

export function createMetrics(sources: MetricsSources): ApiMetrics {
  const registry = new Registry();
  const registers = [registry];
  const { engine } = sources;
  const acquired = new Map<string, number>();
  // oxlint-disable-next-line no-new -- a metric registers itself.
  new Counter({
    name: 'lock_acquisitions_total',
    help: 'Acquires answered by this node, by outcome: granted or an error code.',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      for (const [outcome, times] of acquired) this.inc({ outcome }, times);
    },
  });
  const acquisitionSeconds = new Histogram({
    name: 'lock_acquisition_duration_seconds',
    help: 'From the request to the grant, waits in the queue included, of acquires granted by this node.',
    buckets: acquisitionBuckets,
    registers,
  });
  const commitSeconds = new Histogram({
    name: 'consensus_commit_latency_seconds',
    help: 'From the proposal of a batch to its application, on the leader.',
    buckets: commitBuckets,
    registers,
  });
  const httpSeconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From the request line to the end of the answer.',
    labelNames: ['route', 'status'],
    buckets: acquisitionBuckets,
    registers,
  });
  addGauges(registers, sources);
  const forgetCommits = engine.figures().onCommit((seconds) => commitSeconds.observe(seconds));
  return {
    registry,
    onAcquire(outcome, seconds) {
      acquired.set(outcome, (acquired.get(outcome) ?? 0) + 1);
      if (outcome === 'granted') acquisitionSeconds.observe(seconds);
    },
    onHttpRequest: (route, status, seconds) => httpSeconds.observe({ route, status }, seconds),
    text: async () => (await registry.metrics()) + (await figuresOfProcess().metrics()),
    described: () => registry.getMetricsAsArray().map(describe),
    close: forgetCommits,
  };
}

/** Figures that are looked up when they are asked for. */
function addGauges(registers: Registry[], sources: MetricsSources): void {
  const { engine, stream, waiting, longestTurnSeconds } = sources;
  const gauge = (name: string, help: string, read: () => number): void => {
    // oxlint-disable-next-line no-new -- a metric registers itself.
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  const counter = (name: string, help: string, read: () => number): void => {
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
  };
  const ofState = (name: string, help: string, read: (stats: Stats) => number): void => {
    // oxlint-disable-next-line no-new -- a metric registers itself.
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const result = await engine.query({ type: 'stats' }, 'stale', { identity: 'metrics' });
        if (result.type === 'stats') this.set(read(result.stats));
      },
    });
  };
  const status = (): ReturnType<Engine['status']> => engine.status();
  const figures = (): ReturnType<Engine['figures']> => engine.figures();

  ofState('active_locks_gauge', 'Resources held now, as applied on this node.', (s) => s.heldLocks);
  ofState(
    'holdfast_sessions',
    'Sessions that live, as applied on this node.',
    (s) => s.activeSessions,
  );
  ofState(
    'holdfast_sessions_expired',
    'Sessions that expired since the cluster began, as applied on this node.',
    (s) => s.expiredSessions,
  );
  ofState('holdfast_waiters', 'Acquires in queues, as applied on this node.', (s) => s.waiters);
  ofState(
    'holdfast_fence_counter',
    'The latest fence token, as applied on this node.',
    (s) => s.fenceCounter,
  );

  counter(
    'leader_elections_total',
    'New leaders seen by this node since it started.',
    () => figures().leaderChanges,
  );
  gauge('holdfast_is_leader', '1 on the node that leads.', () =>
    status().leader === status().nodeId ? 1 : 0,
  );
  gauge('holdfast_is_ready', '1 while this node can have requests answered.', () =>
    status().ready ? 1 : 0,
  );
  gauge('holdfast_term', 'Term of this node.', () => status().term);
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
    'holdfast_commit_index',
    'Last log index known to be committed.',
    () => status().commitIndex,
  );
  gauge('holdfast_applied_index', 'Last log index applied.', () => status().appliedIndex);
  gauge('holdfast_log_entries', 'Entries kept in the log.', () =>
    Math.max(0, status().lastIndex - status().firstIndex + 1),
  );
  counter(
    'holdfast_proposed_batches_total',
    'Log entries proposed by this node.',
    () => figures().proposedBatches,
  );
  counter(
    'holdfast_proposed_commands_total',
    'Commands in them.',
    () => figures().proposedCommands,
  );
  gauge(
    'holdfast_pending_commands',
    'Commands not yet applied, on the leader.',
    () => figures().pendingCommands,
  );
  gauge(
    'holdfast_waiting_acquires',
    'Acquires that wait in a queue, on the leader.',
    () => figures().waitingAcquires,
  );
  gauge('holdfast_waiting_callers', 'Acquires that wait for callers of this node.', waiting);
  counter(
    'holdfast_storage_commits_total',
    'Durable writes of this node.',
    () => figures().storage.commits,
  );
  gauge(
    'holdfast_storage_pending_writes',
    'Writes that wait for the disk.',
    () => figures().storage.pendingWrites,
  );
  gauge(
    'holdfast_storage_last_commit_seconds',
    'How long the latest durable write took.',
    () => figures().storage.lastCommitMs / 1000,
  );
  gauge('holdfast_storage_bytes', 'Bytes on disk.', () => figures().storage.sizeBytes);
  gauge('holdfast_streams', 'Client streams open.', () => stream().connections);
  counter(
    'holdfast_stream_requests_total',
    'Requests received on client streams.',
    () => stream().requests,
  );
  gauge(
    'holdfast_event_loop_longest_turn_seconds',
    'Longest turn of the event loop in the last 60 s: for so long this node answered nobody. Above the election timeout it loses leadership.',
    longestTurnSeconds,
  );
}

function describe(metric: MetricObject): MetricDescription {
  const type =
    metric instanceof Counter ? 'counter' : metric instanceof Gauge ? 'gauge' : 'histogram';
  const labels: unknown = 'labelNames' in metric ? metric.labelNames : [];
  const names = Array.isArray(labels) ? labels.map((label) => `\`${String(label)}\``) : [];
  const { name, help } = metric as MetricObject & { readonly name: string; readonly help: string };
  return { name, type, labels: names.join(', '), help };
}
