/**
 * `make bench-quorum`: acquire-release cycles a second through the client against three independent lease
 * nodes, each a process that fsyncs every vote; and how a lock goes from hand to hand among ten that wait,
 * told by the nodes and by plain polling; and among very many that wait for it at once. Exit status 1 when two held a lock at once or a token fell.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '@holdfast/checker/flags';
import { calibrate } from '../bench/calibration.ts';
import { describeMachine, machineLine } from '../statistics/machine.ts';
import { milliseconds, table, whole } from '../statistics/table.ts';
import { measureContention } from './contention.ts';
import type { BenchContentionStats } from './contention.ts';
import { startLeaseNodes } from './lease-nodes.ts';
import { measureHandOver, measureOwn } from './load.ts';
import type { HandOverStats, OwnStats } from './load.ts';

const help = `Usage: npm run bench:quorum -- [OPTION]…

  --seconds N     counted seconds of each row (5)
  --workers LIST  workers, each with a lock of its own (1,16,64,256)
  --contenders LIST  that want one lock at once (1000,2000,10000)
  --only contention   nothing else
  --folder PATH   where the nodes keep their files (a new folder for temporary files)
  --json          print one JSON document instead of tables
`;

const warmUpMs = 1000;
const calibrationMs = 1000;
const waiters = 10;
/** All have asked once by then. */
const contentionWarmUpMs = 5000;
const holdMs = 5;

const { values } = readFlags({
  options: {
    seconds: { type: 'string', default: '5' },
    workers: { type: 'string', default: '1,16,64,256' },
    contenders: { type: 'string', default: '1000,2000,10000' },
    only: { type: 'string' },
    folder: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) console.log(help);
else await bench();

async function bench(): Promise<void> {
  const measureMs = 1000 * numberFrom('--seconds', values.seconds, 600);
  const all = values.only !== 'contention';
  const workers = all ? numbersFrom('--workers', values.workers, 10_000) : [];
  const sizes = numbersFrom('--contenders', values.contenders, 50_000);
  const folder = values.folder ?? (await mkdtemp(join(tmpdir(), 'holdfast-bench-quorum-')));
  const tell = (text: string): void => {
    if (!values.json) console.error(text);
  };
  tell('Measuring what the machine can do at this moment.');
  const calibration = await calibrate(folder, calibrationMs);
  const nodes = await startLeaseNodes(3, folder);
  const own: OwnStats[] = [];
  const handOvers: HandOverStats[] = [];
  const contention: BenchContentionStats[] = [];
  try {
    const times = { warmUpMs, measureMs };
    for (const count of workers) {
      tell(`${String(count)} workers, a lock for each.`);
      own.push(await measureOwn(nodes, count, times));
    }
    for (const how of all ? (['told', 'polling'] as const) : []) {
      tell(`${String(waiters)} that want one lock, ${how}.`);
      handOvers.push(await measureHandOver(nodes, how, waiters, times, holdMs));
    }
    for (const count of sizes) {
      tell(`${String(count)} that want one lock.`);
      contention.push(
        await measureContention(nodes, count, { warmUpMs: contentionWarmUpMs, measureMs, holdMs }),
      );
    }
  } finally {
    await nodes.close();
    if (values.folder === undefined) await rm(folder, { recursive: true, force: true });
  }
  const machine = describeMachine();
  const commits = calibration.fsyncedCommitsPerSecond;
  if (values.json)
    console.log(JSON.stringify({ machine, calibration, own, handOvers, contention }));
  else {
    console.log(`Machine: ${machineLine(machine)}`);
    console.log(`One SQLite commit with synchronous=FULL: ${whole(commits)} a second, same run.\n`);
    if (all) console.log(`${ownTable(own, commits)}\n\n${handOverTable(handOvers)}\n`);
    console.log(contentionTable(contention));
  }
  const faults = [
    ...own.map((row) => row.tokensNotRisen),
    ...handOvers.map((row) => row.overlaps),
    ...contention.map((row) => row.overlaps + row.lost),
  ];
  process.exitCode = faults.every((count) => count === 0) ? 0 : 1;
}

function numbersFrom(name: string, list: string, most: number): readonly number[] {
  return list.split(',').map((text) => numberFrom(name, text, most));
}

function numberFrom(name: string, text: string, most: number): number {
  const value = Number(text);
  if (value > 0 && value <= most) return value;
  console.error(`${name} is a number above 0 and up to ${String(most)}, not "${text}".`);
  process.exit(2);
}

function ownTable(rows: readonly OwnStats[], commits: number): string {
  return table(
    ['workers', 'cycles/s', 'per commit', 'requests/cycle', 'acquire p50 ms', 'p95', 'p99'],
    rows.map((row) => [
      String(row.workers),
      whole(row.cyclesPerSecond),
      (row.cyclesPerSecond / commits).toFixed(2),
      row.requestsPerCycle.toFixed(2),
      milliseconds(row.acquireMs.p50),
      milliseconds(row.acquireMs.p95),
      milliseconds(row.acquireMs.p99),
    ]),
  );
}

function handOverTable(rows: readonly HandOverStats[]): string {
  return table(
    [
      'ten that wait',
      'hand-overs',
      'p50 ms',
      'p95',
      'p99',
      'requests each',
      'waited p50 ms',
      'longest',
    ],
    rows.map((row) => [
      row.how,
      whole(row.handOvers),
      milliseconds(row.handOverMs.p50),
      milliseconds(row.handOverMs.p95),
      milliseconds(row.handOverMs.p99),
      row.requestsPerHandOver.toFixed(1),
      milliseconds(row.waitedMs.p50),
      milliseconds(row.waitedMs.longest),
    ]),
  );
}

function contentionTable(rows: readonly BenchContentionStats[]): string {
  return table(
    ['that wait', 'grants/s', 'hand-over p50 ms', 'p99', 'lost'],
    rows.map((row) => [
      String(row.waiters),
      row.grantsPerSecond.toFixed(1),
      milliseconds(row.handOverMs.p50),
      milliseconds(row.handOverMs.p99),
      String(row.lost),
    ]),
  );
}
