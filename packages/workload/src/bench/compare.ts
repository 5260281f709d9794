/**
 * `make bench AGAINST=PATH`: two builds in turns. Each run of a build is that build's own benchmark program with its
 * own client and its own nodes, so that nothing of one has to fit the other; only the JSON that it prints is shared.
 * A B B A: what the machine does slowly meets both alike, neither build always follows the other one, and the ratio is
 * taken pair by pair.
 */
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { median } from '../statistics/median.ts';
import { milliseconds, table, whole } from '../statistics/table.ts';
import { isLoadStats } from './plan.ts';
import type { LoadStats } from './plan.ts';

export interface ComparePlan {
  /** Root of a built checkout: the build that is judged. */
  readonly own: string;
  /** Root of a built checkout: what it is compared with. */
  readonly against: string;
  readonly pairs: number;
  /** For the benchmark of either build. */
  readonly options: readonly string[];
  /** Where each run gets a folder of its own for its data; undefined: a new one for temporary files. */
  readonly folder: string | undefined;
  readonly runDeadlineMs: number;
}

/** One metric of one row in both builds, a value for each pair. */
export interface ComparedStat {
  readonly row: string;
  readonly metric: StatName;
  readonly own: readonly number[];
  readonly against: readonly number[];
  /** Of each pair: own divided by against. */
  readonly ratios: readonly number[];
  readonly medianRatio: number;
}

export type StatName = 'cycles/s' | 'acquire p50 ms' | 'p95 ms' | 'p99 ms' | 'processor µs';

const stats: Readonly<Record<StatName, (row: LoadStats) => number>> = {
  'cycles/s': (row) => row.cyclesPerSecond,
  'acquire p50 ms': (row) => row.acquireMs.p50,
  'p95 ms': (row) => row.acquireMs.p95,
  'p99 ms': (row) => row.acquireMs.p99,
  // Of all processes, for a cycle: other work on the machine moves it far less than the rate.
  'processor µs': ({ processors }) =>
    processors === undefined || processors === null
      ? NaN
      : processors.leader + processors.client + processors.followers.reduce((a, b) => a + b, 0),
};
const statNames: readonly StatName[] = [
  'cycles/s',
  'acquire p50 ms',
  'p95 ms',
  'p99 ms',
  'processor µs',
];

/** @throws Error when a run fails; the message names the build. */
export async function compare(
  plan: ComparePlan,
  tell: (text: string) => void,
): Promise<readonly ComparedStat[]> {
  const own: (readonly LoadStats[])[] = [];
  const against: (readonly LoadStats[])[] = [];
  const runOwn = async (pair: number): Promise<void> => {
    tell(`Pair ${String(pair)} of ${String(plan.pairs)}: this build.`);
    own.push(await runBench(plan.own, plan, `own-${String(pair)}`));
  };
  const runOther = async (pair: number): Promise<void> => {
    tell(`Pair ${String(pair)} of ${String(plan.pairs)}: ${plan.against}.`);
    against.push(await runBench(plan.against, plan, `against-${String(pair)}`));
  };
  for (let pair = 1; pair <= plan.pairs; pair++) {
    const turns = pair % 2 === 1 ? [runOwn, runOther] : [runOther, runOwn];
    for (const run of turns) await run(pair);
  }
  return compareRuns(own, against);
}

/** @param own and `against`: the rows of each run, in the order of the pairs. */
export function compareRuns(
  own: readonly (readonly LoadStats[])[],
  against: readonly (readonly LoadStats[])[],
): readonly ComparedStat[] {
  const rows = own[0]?.map(nameOf) ?? [];
  return rows.flatMap((row) =>
    statNames.map((metric) => {
      const valuesOf = (runs: readonly (readonly LoadStats[])[]): readonly number[] =>
        runs.map((run) => {
          const found = run.find((one) => nameOf(one) === row);
          return found === undefined ? NaN : stats[metric](found);
        });
      const ownValues = valuesOf(own);
      const againstValues = valuesOf(against);
      const ratios = ownValues.map((value, pair) => value / (againstValues[pair] ?? NaN));
      return {
        row,
        metric,
        own: ownValues,
        against: againstValues,
        ratios,
        medianRatio: median(ratios),
      };
    }),
  );
}

function nameOf({ workers, connections, locks }: LoadStats): string {
  const whole = `${String(workers)} ${workers === 1 ? 'worker' : 'workers'}`;
  if (locks === 'one') return `${whole}, one lock`;
  return connections === 1 ? whole : `${whole} on ${String(connections)} connections`;
}

/** Runs a build's own benchmark and reads the rows it prints. */
async function runBench(
  checkout: string,
  { options, folder, runDeadlineMs }: ComparePlan,
  run: string,
): Promise<readonly LoadStats[]> {
  const folderOptions: string[] = [];
  if (folder !== undefined) {
    await mkdir(join(folder, run), { recursive: true });
    folderOptions.push('--folder', join(folder, run));
  }
  const program = join(resolve(checkout), 'packages/workload/dist/bench/main.js');
  const child = spawn(process.execPath, [program, '--json', ...options, ...folderOptions], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // SIGTERM ends the program; its nodes end with it, for they watch their parent.
  const deadline = setTimeout(() => child.kill('SIGTERM'), runDeadlineMs);
  const end = (): void => void child.kill('SIGTERM');
  process.once('exit', end);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  try {
    const how = await new Promise<string>((settle, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => settle(signal ?? `status ${String(code)}`));
    });
    return rowsIn(output, `${program} (${how})`);
  } finally {
    clearTimeout(deadline);
    process.off('exit', end);
  }
}

function rowsIn(output: string, program: string): readonly LoadStats[] {
  let report: unknown;
  try {
    report = JSON.parse(output);
  } catch (error) {
    throw new Error(`${program} printed no stats. Is that checkout built (make build)?`, {
      cause: error,
    });
  }
  if (
    typeof report !== 'object' ||
    report === null ||
    !('rows' in report) ||
    !Array.isArray(report.rows) ||
    !report.rows.every(isLoadStats)
  ) {
    throw new Error(`${program} printed stats of another kind.`);
  }
  const rows: readonly LoadStats[] = report.rows;
  const unsafe = rows.find((row) => row.overlaps > 0);
  if (unsafe !== undefined) {
    throw new Error(`${program}: ${String(unsafe.overlaps)} overlaps, two held one lock at once.`);
  }
  return rows;
}

/** A table for people: medians of both builds, the median of the ratios, and each pair's ratio. */
export function comparisonText(compared: readonly ComparedStat[]): string {
  const shown = (metric: StatName, value: number): string =>
    metric.endsWith(' ms') ? milliseconds(value) : whole(value);
  return table(
    ['medians', 'metric', 'this build', 'the other', 'ratio', 'pair by pair'],
    compared.map(({ row, metric, own, against, ratios, medianRatio }) => [
      row,
      metric,
      shown(metric, median(own)),
      shown(metric, median(against)),
      medianRatio.toFixed(2),
      ratios.map((ratio) => ratio.toFixed(2)).join(' '),
    ]),
    2,
  );
}
