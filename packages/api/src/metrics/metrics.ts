/**
 * Metrics for Prometheus. What happens often only adds to plain numbers here; the text is made when
 * somebody asks for it.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricObject } from 'prom-client';
import { addLiveHeap } from './live-heap.ts';
import { addStats } from './stats.ts';
import type { StatSources } from './sources.ts';
import { addTimings } from './timings.ts';

const acquisitionBuckets = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];
const commitBuckets = [
  0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
];

export interface ApiMetrics {
  readonly registry: Registry;
  /** Told of every acquire: `granted` or an error code, how long it took, and whether it would have waited. */
  onAcquire(outcome: string, seconds: number, mayWait: boolean): void;
  onHttpRequest(request: HttpRequest, seconds: number): void;
  /** All stats as text. */
  text(): Promise<string>;
  /** What there is, without values: for the documentation. */
  described(): readonly MetricDescription[];
  close(): void;
}

/** How a request is counted: its route is a declared path, so that no caller can make new ones. */
export interface HttpRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
}

export interface MetricDescription {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: string;
  readonly help: string;
}

/** Gauges with the suffix of counters: the library has them by kind, too. */
const misnamed = ['handles', 'requests', 'resources'].map(
  (what) => `holdfast_nodejs_active_${what}_total`,
);

let processRegistry: Registry | undefined;
/** Statistics of the process: there is one, however many nodes run in it. */
function metricsOfProcess(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry, prefix: 'holdfast_' });
    for (const name of misnamed) processRegistry.removeSingleMetric(name);
    addLiveHeap(processRegistry);
  }
  return processRegistry;
}

export function createMetrics(sources: StatSources): ApiMetrics {
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
    help: 'Time from the request to the grant, including the time in the wait queue, of acquires granted by this node.',
    buckets: acquisitionBuckets,
    registers,
  });
  const waitSeconds = new Histogram({
    name: 'holdfast_acquire_wait_duration_seconds',
    help: 'Duration of the acquires of this node that were allowed to wait, whether they were granted or not.',
    buckets: acquisitionBuckets,
    registers,
  });
  const commitSeconds = new Histogram({
    name: 'consensus_commit_latency_seconds',
    help: 'Time from the proposal of a batch until it is applied, on the leader.',
    buckets: commitBuckets,
    registers,
  });
  const httpSeconds = new Histogram({
    name: 'holdfast_http_request_duration_seconds',
    help: 'Time from the request line to the end of the response.',
    labelNames: ['method', 'route', 'status'],
    buckets: acquisitionBuckets,
    registers,
  });
  addStats(registers, sources);
  const forgetTimings = addTimings(registers, engine);
  const forgetCommits = engine.stats().onCommit((seconds) => commitSeconds.observe(seconds));
  return {
    registry,
    onAcquire(outcome, seconds, mayWait) {
      acquired.set(outcome, (acquired.get(outcome) ?? 0) + 1);
      if (outcome === 'granted') acquisitionSeconds.observe(seconds);
      if (mayWait) waitSeconds.observe(seconds);
    },
    onHttpRequest: ({ method, route, status }, seconds) =>
      httpSeconds.observe({ method, route, status }, seconds),
    text: async () => (await registry.metrics()) + (await metricsOfProcess().metrics()),
    described: () => registry.getMetricsAsArray().map(describe),
    close() {
      forgetCommits();
      forgetTimings();
    },
  };
}

function describe(metric: MetricObject): MetricDescription {
  const type =
    metric instanceof Counter ? 'counter' : metric instanceof Gauge ? 'gauge' : 'histogram';
  const labels: unknown = 'labelNames' in metric ? metric.labelNames : [];
  const names = Array.isArray(labels) ? labels.map((label) => `\`${String(label)}\``) : [];
  const { name, help } = metric as MetricObject & { readonly name: string; readonly help: string };
  return { name, type, labels: names.join(', '), help };
}
