/** What a run of the benchmark tells, as tables. */
import { machineLine } from '../statistics/machine.ts';
import type { MachineDescription } from '../statistics/machine.ts';
import { milliseconds, table, whole } from '../statistics/table.ts';
import type { BareCommits } from './bare-commit.ts';
import type { Calibration } from './calibration.ts';
import type { LoadStats } from './plan.ts';
import type { Processors } from './plan.ts';

export interface MeasuredRow extends LoadStats {
  readonly processors: Processors | null;
}

export interface BenchReport {
  readonly machine: MachineDescription;
  readonly folder: string;
  readonly measuredSeconds: number;
  readonly calibration: Calibration;
  readonly bareCommits: readonly BareCommits[];
  readonly rows: readonly MeasuredRow[];
}

export function reportText(report: BenchReport): string {
  const { calibration } = report;
  const commits = calibration.fsyncedCommitsPerSecond;
  const lines = [
    `Machine: ${machineLine(report.machine)}`,
    `Three node processes, every write fsynced in ${report.folder}; ${String(report.measuredSeconds)} s a row.`,
    '',
    table(
      ['calibration, same run', 'per second', 'ms each'],
      [
        ['SQLite commit of 1 row, synchronous=FULL', whole(commits), milliseconds(1000 / commits)],
        [
          'WebSocket echo, 1 in flight',
          whole(calibration.echoesPerSecond),
          milliseconds(1000 / calibration.echoesPerSecond),
        ],
        ['WebSocket echo, 64 in flight', whole(calibration.echoesOf64PerSecond), ''],
      ],
    ),
    '',
    table(
      ['bare commit by two of three processes', 'per second', 'p50 ms', 'p99', 'processor µs'],
      report.bareCommits.map((bare) => [
        `${String(bare.messageBytes)} bytes, 1 in flight`,
        whole(bare.perSecond),
        milliseconds(bare.p50Ms),
        milliseconds(bare.p99Ms),
        whole(bare.processorMicros ?? NaN),
      ]),
    ),
    '',
    table(
      ['workers', 'cycles/s', 'per commit', 'acquire p50 ms', 'p95', 'p99', 'overlaps'],
      report.rows
        .filter((row) => row.locks === 'own')
        .map((row) => [
          workersOf(row),
          whole(row.cyclesPerSecond),
          (row.cyclesPerSecond / commits).toFixed(2),
          milliseconds(row.acquireMs.p50),
          milliseconds(row.acquireMs.p95),
          milliseconds(row.acquireMs.p99),
          String(row.overlaps),
        ]),
    ),
  ];
  lines.push(
    '',
    table(
      ['processor µs a cycle', 'leader', 'follower', 'follower', 'client', 'all'],
      report.rows.filter(({ locks }) => locks === 'own').map(processorCells),
    ),
  );
  const contended = report.rows.filter((row) => row.locks === 'one');
  if (contended.length > 0) {
    lines.push(
      '',
      table(
        [
          'one lock for all',
          'hand-overs/s',
          'per commit',
          'acquire p50 ms',
          'p95',
          'p99',
          'overlaps',
        ],
        contended.map((row) => [
          `${String(row.workers)} workers`,
          whole(row.handOversPerSecond ?? NaN),
          ((row.handOversPerSecond ?? NaN) / commits).toFixed(2),
          milliseconds(row.acquireMs.p50),
          milliseconds(row.acquireMs.p95),
          milliseconds(row.acquireMs.p99),
          String(row.overlaps),
        ]),
      ),
    );
  }
  lines.push(
    '',
    'A cycle is an acquire and a release, both acknowledged. "per commit": cycles for each commit that',
    'the calibration did in the same time; compare machines by it. Each worker has a session of its own;',
    'where nothing else is said all share the one connection of one client.',
  );
  return lines.join('\n');
}

const workersOf = ({ workers, connections }: LoadStats): string =>
  connections === 1 ? String(workers) : `${String(workers)} on ${String(connections)} connections`;

function processorCells(row: MeasuredRow): readonly string[] {
  const { processors } = row;
  if (processors === null) return [workersOf(row)];
  const { leader, followers, client } = processors;
  const all = followers.reduce((sum, one) => sum + one, leader + client);
  return [workersOf(row), ...[leader, ...followers, client, all].map(whole)];
}
