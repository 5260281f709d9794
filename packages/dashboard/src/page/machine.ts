/** What the members stand on, as each of them tells; how long the work of the asked node takes, from its metrics for Prometheus. */
import type { ClusterMachinesAnswer, MachineAnswer } from '@holdfast/protocol';
import { ask, askText } from './asking.ts';
import { chart, withinWindow } from './chart.ts';
import type { Point } from './chart.ts';
import { useRead } from './hooks.ts';
import { html, useEffect, useState } from './library.ts';
import type { View } from './library.ts';
import { quantileBetween, readMetrics } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import { badge, bytes, duration, fact, number, shown, span, table } from './parts.ts';
import type { Cell } from './parts.ts';

const everyMs = 4000;
/** A quantile is of what was measured within so many reads: of a single one there may be a few values alone. */
const windowReads = 3;

const ofLeader = 'Commit, on the leader';
const latencies = [
  ['Acquire', 'lock_acquisition_duration_seconds'],
  [ofLeader, 'consensus_commit_latency_seconds'],
  ['Durable write', 'holdfast_storage_commit_duration_seconds'],
] as const;

const shownNames = [
  ...latencies.map(([, metric]) => metric),
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

function diskOf({ disk_free_bytes: free, disk_size_bytes: size }: MachineAnswer): Cell {
  if (free === null || size === null) return '–';
  const text = `${bytes(free)} of ${bytes(size)}`;
  return free < littleSpace * size ? html`${text} ${badge('little', 'bad')}` : text;
}

const inBytes = (value: number | null): string => (value === null ? '–' : bytes(value));

/** Whether members run different releases, as during a rolling upgrade. */
export const areMixed = (machines: readonly MachineAnswer[]): boolean =>
  new Set(machines.flatMap(({ version }) => version ?? [])).size > 1;

/**
 * How far a member is behind the one that has applied most, of one answer: all members were asked at
 * once. Compared with a commit index that was read at another time, every member of a busy cluster
 * would seem to be behind.
 */
export const behind = (
  { applied_index: applied }: Pick<MachineAnswer, 'applied_index'>,
  machines: readonly Pick<MachineAnswer, 'applied_index'>[],
): number | undefined =>
  applied === null
    ? undefined
    : machines.reduce((most, { applied_index: other }) => Math.max(most, other ?? 0), 0) - applied;

export function Machines(): View {
  // Not on each change: nothing of this changes with a lock.
  const asked = useRead(
    'cluster/machines',
    (signal) => ask<ClusterMachinesAnswer>('cluster/machines', signal),
    everyMs,
  );
  return html`<h2>Machines <span class="quiet">as each member tells</span></h2>
    ${shown(
      asked,
      ({ machines }) =>
        html`${
          areMixed(machines)
            ? html`<div class="notice warn">
                <strong>Members run different versions</strong>
                <p>What only the newer one can do begins when all have been upgraded.</p>
              </div>`
            : null
        }
        ${table<MachineAnswer>(
          'Machines',
          [
            {
              name: 'Member',
              cell: ({ node_id: id, answered }) =>
                html`<strong>${id}</strong
                  >${answered ? null : html` ${badge('no answer', 'bad')}`}`,
            },
            { name: 'Version', cell: ({ version }) => version ?? '–' },
            {
              name: 'Behind in entries',
              isNumber: true,
              cell: (machine) => number(behind(machine, machines)),
            },
            { name: 'Disk free', isNumber: true, cell: diskOf },
            {
              name: 'Log, snapshots, payloads',
              isNumber: true,
              cell: ({ stored_bytes: stored }) => inBytes(stored),
            },
            {
              name: 'Memory',
              isNumber: true,
              cell: ({ memory_bytes: memory }) => inBytes(memory),
            },
            {
              name: 'Longest turn in a minute',
              isNumber: true,
              cell: ({ longest_turn_seconds: turn }) => (turn === null ? '–' : duration(turn)),
            },
          ],
          machines,
          'No members.',
        )}`,
    )}`;
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

interface WorkProps {
  readonly node: string;
  /** As far as the node knows. */
  readonly leader: string | null | undefined;
}

/** What is measured on the leader is of an earlier term where the node does not lead now. */
export const titleOf = (latency: string, { node, leader }: WorkProps): string =>
  latency === ofLeader && leader !== undefined && leader !== node
    ? `${latency} (${node} does not lead)`
    : latency;

interface LatenciesProps extends WorkProps {
  readonly metrics: Metrics;
}

function Latencies({ node, leader, metrics }: LatenciesProps): View {
  const [reads, add] = useState<readonly Read[]>([]);
  useEffect(
    () => add((before) => withinWindow(before, { atMs: performance.now(), metrics })),
    [metrics],
  );
  return html`<h2>Latencies <span class="quiet">99th percentile, at ${node}</span></h2>
    <div class="charts">
      ${latencies.map(([name, metric]) =>
        chart(titleOf(name, { node, leader }), slowest(reads, metric), duration),
      )}
    </div>`;
}

export function Work({ node, leader }: WorkProps): View {
  const asked = useRead<Metrics>(
    'metrics',
    async (signal) => readMetrics(await askText('metrics', signal), shownNames),
    everyMs,
  );
  return shown(asked, (metrics) => {
    const certificate = certificateOf(metrics);
    return html`<${Latencies} node=${node} leader=${leader} metrics=${metrics} />
      ${certificate === null ? null : html`<dl class="facts wide">${certificate}</dl>`}`;
  });
}
