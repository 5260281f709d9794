/** What `make bench-state` found, and how it is shown. */
import { machineLine } from '../statistics/machine.ts';
import type { MachineDescription } from '../statistics/machine.ts';
import { milliseconds, table, whole } from '../statistics/table.ts';
import type { LongestTurns } from './turn-records.ts';

export interface PhaseStats {
  readonly name: string;
  readonly seconds: number;
  /** By node, leader first as it was when the phase began; a node that did not run at the end is left out. */
  readonly turns: Readonly<Record<string, LongestTurns>>;
  readonly leader: string | undefined;
  readonly longestAcquireMs: number;
  readonly longestSilenceMs: number;
  readonly probeCycles: number;
  readonly note: string;
  /** Why the phase did not come to its end. */
  readonly failed: string | undefined;
}

export interface MemoryStats {
  readonly nodeId: string;
  readonly residentMiB: number | undefined;
}

export interface CountStats {
  readonly after: string;
  readonly sessions: number;
  readonly sessionsActive: number;
  readonly holdsOfClient: number;
  readonly holdsHeld: number;
  readonly locksInCluster: number;
  readonly sampled: number;
  readonly sampledWrong: number;
}

export interface StateReport {
  readonly machine: MachineDescription;
  /** The checkout whose build was measured; undefined: this one. */
  readonly checkout: string | undefined;
  readonly locks: number;
  readonly sessions: number;
  readonly locksPerSecond: number;
  readonly memory: readonly MemoryStats[];
  readonly phases: readonly PhaseStats[];
  readonly counts: readonly CountStats[];
}

/** Whether every phase came to its end and nothing that was held is missing. */
export function isSound(report: StateReport): boolean {
  return (
    report.phases.every((phase) => phase.failed === undefined) &&
    report.counts.every(
      (count) =>
        count.sessionsActive === count.sessions &&
        count.holdsHeld === count.holdsOfClient &&
        count.sampledWrong === 0 &&
        count.locksInCluster >= count.holdsOfClient,
    )
  );
}

export function reportText(report: StateReport): string {
  return [
    `Machine: ${machineLine(report.machine)}`,
    `Three node processes; ${whole(report.locks)} locks in ${String(report.sessions)} sessions, loaded at ${whole(report.locksPerSecond)} a second${report.checkout === undefined ? '' : `; build of ${report.checkout}`}.`,
    '',
    phaseTable(report.phases),
    '',
    table(
      ['memory after the load', 'resident MiB'],
      report.memory.map(({ nodeId, residentMiB }) => [nodeId, whole(residentMiB ?? NaN)]),
    ),
    '',
    table(
      ['held after', 'sessions', 'of', 'holds', 'of', 'locks in the cluster', 'wrong of sampled'],
      report.counts.map((count) => [
        count.after,
        whole(count.sessionsActive),
        whole(count.sessions),
        whole(count.holdsHeld),
        whole(count.holdsOfClient),
        whole(count.locksInCluster),
        `${whole(count.sampledWrong)} of ${whole(count.sampled)}`,
      ]),
    ),
    '',
    '"turn": the longest turn of the event loop of the node that led at the end of the phase, and of the other nodes.',
    '"own", "collector", "waiting", "rest": what the longest turn of any node consists of: processor time of its main thread',
    'outside the collector (at least) and in the collector, ready to run without a processor, and blocked.',
    '"most own": the most of that in any turn of any node; "most collector": the longest pause of the collector, by the clock.',
    '"acquire": the longest acquire of a client with a lock of its own; "no lock": its longest time between two grants.',
    '',
  ].join('\n');
}

function phaseTable(phases: readonly PhaseStats[]): string {
  return table(
    [
      'phase',
      's',
      'turn, leader ms',
      'turn, others ms',
      'own',
      'collector',
      'waiting',
      'rest',
      'most own',
      'most collector',
      'acquire ms',
      'no lock ms',
      'notes',
    ],
    phases.map((phase) => {
      const { leader, turns } = phase;
      const led = leader === undefined ? undefined : turns[leader];
      const others = Object.entries(turns).filter(([node]) => node !== leader);
      const all = Object.values(turns);
      const wallMs = longest(all.map((turn) => turn.longest.wallMs));
      const worst = all.find((turn) => turn.longest.wallMs === wallMs)?.longest;
      return [
        phase.name,
        phase.seconds.toFixed(1),
        milliseconds(led?.longest.wallMs ?? NaN),
        milliseconds(longest(others.map(([, turn]) => turn.longest.wallMs))),
        milliseconds(worst?.ownMs ?? NaN),
        milliseconds(worst?.collectorMs ?? NaN),
        milliseconds(worst?.waitingMs ?? NaN),
        milliseconds(worst?.restMs ?? NaN),
        milliseconds(longest(all.map(({ mostOwnMs }) => mostOwnMs))),
        milliseconds(longest(all.map(({ mostCollectorMs }) => mostCollectorMs))),
        milliseconds(phase.longestAcquireMs),
        milliseconds(phase.longestSilenceMs),
        phase.failed === undefined ? phase.note : `failed: ${phase.failed}`,
      ];
    }),
  );
}

/** NaN without any. */
const longest = (ofNodes: readonly number[]): number =>
  ofNodes.length === 0 ? NaN : ofNodes.reduce((most, one) => Math.max(most, one));
