/**
 * `make bench`: acquire-release cycles a second and the times of an acquire, through the client, against
 * three node processes that fsync every write.
 *
 * Rows: 1, 16, 64 and 256 workers, each with a session and a lock of its own, all over the one connection
 * of one client, as the tasks of one program would; 64 workers over 64 connections, as 64 programs would; and
 * 64 workers that fight for one lock. Exit status 1 when two workers held a lock at once or a token fell.
 *
 * With `--against` two builds are measured in turns and compared pair by pair.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFlags } from '@holdfast/checker/flags';
import { startLocalCluster } from '@holdfast/server';
import { freePorts } from '../free-ports.ts';
import { describeMachine, machineLine } from '../statistics/machine.ts';
import { compare, comparisonText } from './compare.ts';
import { bareCommits } from './bare-commit.ts';
import type { BareCommits } from './bare-commit.ts';
import { calibrate } from './calibration.ts';
import { measureProcessors } from './processors.ts';
import { reportText } from './report.ts';
import type { MeasuredRow, BenchReport } from './report.ts';
import { generate } from './generate.ts';
import type { LoadPlan } from './plan.ts';

const help = `Usage: npm run bench -- [OPTION]…

  --seconds N     counted seconds of each row (5)
  --workers LIST  workers of the rows with a lock for each (1,16,64,256)
  --only-own      leave out the rows with many connections and with one lock
  --folder PATH   where the nodes keep their data (a new folder for temporary files)
  --profile PATH  write a CPU profile of every process into this folder
  --against PATH  compare with the build of another checkout, in turns
  --pairs N       so many runs of each build (5)
  --json          print one JSON document instead of tables
`;

interface Options {
  readonly measureMs: number;
  readonly workers: readonly number[];
  readonly onlyOwn: boolean;
  readonly folder: string | undefined;
  readonly profile: string | undefined;
  readonly against: string | undefined;
  readonly pairs: number;
  readonly json: boolean;
}

/** Of one command, and of 64 in one entry. */
const bareMessageBytes = [200, 6400];
const warmUpMs = 1500;
const calibrationMs = 1000;
const settleDeadlineMs = 30_000;

function readOptions(): Options | undefined {
  const { values } = readFlags({
    options: {
      seconds: { type: 'string', default: '5' },
      workers: { type: 'string', default: '1,16,64,256' },
      'only-own': { type: 'boolean', default: false },
      folder: { type: 'string' },
      profile: { type: 'string' },
      against: { type: 'string' },
      pairs: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const seconds = Number(values.seconds);
  const workers = values.workers.split(',').map(Number);
  if (!(seconds > 0 && seconds <= 600)) {
    throw new Error(`--seconds is ${values.seconds}; give a number above 0 and up to 600.`);
  }
  if (!workers.every((count) => Number.isInteger(count) && count >= 1 && count <= 10_000)) {
    throw new Error(
      `--workers is ${values.workers}; give whole numbers from 1 to 10000, as in 1,16.`,
    );
  }
  const pairs = Number(values.pairs);
  if (!(Number.isInteger(pairs) && pairs >= 1 && pairs <= 100)) {
    throw new Error(`--pairs is ${values.pairs}; give a whole number from 1 to 100.`);
  }
  return {
    measureMs: seconds * 1000,
    workers,
    onlyOwn: values['only-own'],
    folder: values.folder,
    profile: values.profile,
    against: values.against,
    pairs,
    json: values.json,
  };
}

type Row = Pick<LoadPlan, 'workers' | 'connections' | 'locks'>;

function rowsOf(options: Options): readonly Row[] {
  const own = options.workers.map((workers) => ({
    workers,
    connections: 1,
    locks: 'own' as const,
  }));
  if (options.onlyOwn) return own;
  return [
    ...own,
    { workers: 64, connections: 64, locks: 'own' },
    { workers: 64, connections: 1, locks: 'one' },
  ];
}

async function measure(
  options: Options,
  folder: string,
  tell: (text: string) => void,
): Promise<BenchReport> {
  tell('Measuring what the machine can do at this moment.');
  const calibration = await calibrate(folder, calibrationMs);
  const bare: BareCommits[] = [];
  for (const bytes of bareMessageBytes) bare.push(await bareCommits(folder, bytes, calibrationMs));
  const environment: Record<string, string> =
    options.profile === undefined
      ? {}
      : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${options.profile}` };
  const cluster = await startLocalCluster({ ports: await freePorts(3), folder, environment });
  const rows: MeasuredRow[] = [];
  try {
    for (const row of rowsOf(options)) {
      const what = row.locks === 'one' ? 'one lock' : 'a lock for each';
      tell(`${String(row.workers)} workers, ${what}, ${String(row.connections)} connection(s).`);
      const plan = { ...row, endpoints: cluster.urls, warmUpMs, measureMs: options.measureMs };
      const processors = measureProcessors(cluster, await cluster.leader(), plan);
      const stats = await generate(plan, options.profile, processors.start);
      rows.push({ ...stats, processors: processors.ofCycle(stats.cyclesPerSecond) });
    }
  } finally {
    await cluster.close();
  }
  const measuredSeconds = options.measureMs / 1000;
  return {
    machine: describeMachine(),
    folder,
    measuredSeconds,
    calibration,
    bareCommits: bare,
    rows,
  };
}

/** Runs this build and another one in turns; a run that is not safe is an error. */
async function runComparison(options: Options, against: string): Promise<void> {
  const rows = rowsOf(options).length;
  const compared = await compare(
    {
      own: fileURLToPath(new URL('../../../../', import.meta.url)),
      against,
      pairs: options.pairs,
      options: [
        '--seconds',
        String(options.measureMs / 1000),
        '--workers',
        options.workers.join(','),
        ...(options.onlyOwn ? ['--only-own'] : []),
      ],
      folder: options.folder,
      runDeadlineMs: settleDeadlineMs + rows * (warmUpMs + options.measureMs + settleDeadlineMs),
    },
    (text) => process.stderr.write(`${text}\n`),
  );
  const machine = describeMachine();
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ machine, against, compared }, null, 2)}\n`
      : `Machine: ${machineLine(machine)}\n\n${comparisonText(compared)}\n\nA ratio is this build divided by the other one in the same pair.\n`,
  );
}

async function main(): Promise<boolean> {
  const options = readOptions();
  if (options === undefined) {
    process.stdout.write(help);
    return true;
  }
  if (options.against !== undefined) {
    await runComparison(options, options.against);
    return true;
  }
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'holdfast-bench-')));
  try {
    const report = await measure(options, folder, (text) => process.stderr.write(`${text}\n`));
    if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    else process.stdout.write(`${reportText(report)}\n`);
    return report.rows.every((row) => row.overlaps === 0 && row.tokensNotRisen === 0);
  } finally {
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = (await main()) ? 0 : 1;
