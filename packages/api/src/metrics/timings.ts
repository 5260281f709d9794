/** Histograms of what a node does over and over. */
import { Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Engine } from '@holdfast/engine';

type TimedWork = Parameters<Parameters<ReturnType<Engine['stats']>['onTiming']>[0]>[0];

/** A disk writes in a tenth of a millisecond, or in seconds where it is ill. */
const writeBuckets = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5];
const applyBuckets = [0.00002, 0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5];
/** As long as a round trip, or as a lease where somebody is silent. */
const invalidationBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 0.5, 1, 2, 2.5, 5];
const snapshotBuckets = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

const told: Readonly<Record<TimedWork, readonly [name: string, help: string, buckets: number[]]>> =
  {
    durable_write: [
      'holdfast_storage_commit_duration_seconds',
      'Duration of the durable writes of the log (fsync included).',
      writeBuckets,
    ],
    apply: [
      'holdfast_apply_duration_seconds',
      'Time that one log entry takes in the state machine, its events told.',
      applyBuckets,
    ],
    snapshot: [
      'holdfast_snapshot_duration_seconds',
      'Duration of the snapshots of its own state that this node saved; the event loop goes on meanwhile.',
      snapshotBuckets,
    ],
    cache_invalidation: [
      'holdfast_cache_invalidation_wait_seconds',
      'How long writes of the cache waited on the leader until nobody had their key any more; those that did not wait are left out.',
      invalidationBuckets,
    ],
  };

/** @returns Stops it. */
export function addTimings(registers: Registry[], engine: Engine): () => void {
  const histogramOf = (work: TimedWork): Histogram => {
    const [name, help, buckets] = told[work];
    return new Histogram({ name, help, buckets, registers });
  };
  const histograms: Readonly<Record<TimedWork, Histogram>> = {
    durable_write: histogramOf('durable_write'),
    apply: histogramOf('apply'),
    snapshot: histogramOf('snapshot'),
    cache_invalidation: histogramOf('cache_invalidation'),
  };
  return engine.stats().onTiming((work, seconds) => histograms[work].observe(seconds));
}
