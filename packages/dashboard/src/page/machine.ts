/** What the asked node stands on, and how long its work takes: from the metrics that it tells Prometheus as well. */
import { askText } from './asking.ts';
import { chart, withinWindow } from './chart.ts';
import type { Point } from './chart.ts';
import { useRead } from './hooks.ts';
import { html, useEffect, useState } from './library.ts';
import type { View } from './library.ts';
import { quantileBetween, readMetrics } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import { badge, bytes, duration, fact, shown, span } from './parts.ts';
import type { Cell } from './parts.ts';

const everyMs = 4000;
/** A quantile is of what was measured within so many reads: of a single one there may be a few values alone. */
const windowReads = 3;

const latencies = [
  ['Acquire', 'lock_acquisition_duration_seconds'],
  ['Commit, on the leader', 'consensus_commit_latency_seconds'],
  ['Durable write', 'holdfast_storage_commit_duration_seconds'],
] as const;

const shownNames = [
  ...latencies.map(([, metric]) => metric),
  'holdfast_disk_',
  'holdfast_storage_bytes',
  'holdfast_process_resident_memory_bytes',
  'holdfast_event_loop_longest_turn_seconds',
  'holdfast_certificate_not_after_timestamp_seconds',
];

interface Read {
  readonly atMs: number;
  readonly metrics: Metrics;
}

/** 99 of 100 took no longer: at each read, within the window before it. */
export const slowest = (reads: readonly Read[], name: string): readonly Point[] =>
  reads.slice(1).map(({ atMs, metrics }, index) => {
    const before = reads[Math.max(0, index + 1 - windowReads)];
    const value =
      before === undefined ? undefined : quantileBetween(before.metrics, metrics, name, 0.99);
    return { atMs, value };
  });

/** Below these the alerts of deploy/prometheus ask for space, and for certificates. */
const littleSpace = 0.1;
const endsSoonSeconds = 14 * 86_400;

function diskOf(metrics: Metrics): Cell {
  const free = metrics.get('holdfast_disk_free_bytes');
  const size = metrics.get('holdfast_disk_size_bytes');
  if (free === undefined || size === undefined) return '–';
  const text = `${bytes(free)} of ${bytes(size)}`;
  return free < littleSpace * size ? html`${text} ${badge('little', 'bad')}` : text;
}

function certificateOf(metrics: Metrics): View | null {
  const end = metrics.get('holdfast_certificate_not_after_timestamp_seconds{use="clients"}');
  if (end === undefined) return null;
  const leftSeconds = end - Date.now() / 1000;
  const text = leftSeconds <= 0 ? 'has ended' : `in ${span(leftSeconds)}`;
  return fact(
    'Certificate ends',
    leftSeconds < endsSoonSeconds ? html`${text} ${badge('soon', 'bad')}` : text,
  );
}

function facts(metrics: Metrics): View {
  const turn = metrics.get('holdfast_event_loop_longest_turn_seconds');
  const memory = metrics.get('holdfast_process_resident_memory_bytes');
  const kept = metrics.get('holdfast_storage_bytes');
  return html`<dl class="facts wide">
    ${fact('Disk free', diskOf(metrics))}
    ${fact('Log, snapshots, payloads', kept === undefined ? '–' : bytes(kept))}
    ${fact('Memory', memory === undefined ? '–' : bytes(memory))}
    ${fact('Longest turn in a minute', turn === undefined ? '–' : duration(turn))}
    ${certificateOf(metrics)}
  </dl>`;
}

function Latencies({ metrics }: { readonly metrics: Metrics }): View {
  const [reads, add] = useState<readonly Read[]>([]);
  useEffect(
    () => add((before) => withinWindow(before, { atMs: performance.now(), metrics })),
    [metrics],
  );
  return html`<h2>Latencies <span class="quiet">99th percentile</span></h2>
    <div class="charts">
      ${latencies.map(([name, metric]) => chart(name, slowest(reads, metric), duration))}
    </div>`;
}

export function Machine({ node }: { readonly node: string }): View {
  const asked = useRead<Metrics>(
    'metrics',
    async (signal) => readMetrics(await askText('metrics', signal), shownNames),
    everyMs,
  );
  return shown(
    asked,
    (metrics) =>
      html`<${Latencies} metrics=${metrics} />
        <h2>Machine <span class="quiet">of ${node}</span></h2>
        ${facts(metrics)}`,
  );
}
