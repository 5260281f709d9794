/**
 * `make bench-queue`: messages a second, each pushed, taken and acknowledged, through three node processes that fsync
 * every write; through nodes that keep their queues in one Redis that fsyncs every write, and beside it BullMQ on that, where Redis is installed. As many push as consume,
 * each its next message when the one before is acknowledged, all in one process over one client; then pushes, pops and acknowledgements,
 * each by themselves (steps.ts). A last row of each
 * is one that pushes now and then to one that waits. Exit status 1 when messages of a key came out of order.
 */
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFlags } from '@holdfast/checker/flags';
import { startLocalCluster } from '@holdfast/server';
import { calibrate } from '../bench/calibration.ts';
import { freePorts } from '../free-ports.ts';
import { describeMachine, machineLine } from '../statistics/machine.ts';
import { milliseconds, table, whole } from '../statistics/table.ts';
import { isMessageStats } from './plan.ts';
import type { Carrier, MessagePlan, MessageStats } from './plan.ts';
import { startRedis } from './redis-server.ts';

const help = `Usage: npm run bench:queue -- [OPTION]…

  --seconds N     counted seconds of each row, and of its pushes, its pops and its acknowledgements at most (5)
  --workers LIST  that push, and as many that consume (1,16,64,256)
  --only NAME     holdfast, redis (nodes that keep their queues in it) or bullmq
  --folder PATH   where nodes and Redis keep their data (a new folder for temporary files)
  --profile PATH  write a CPU profile of every process into this folder
  --json          print one JSON document instead of tables
`;

const warmUpMs = 1500;
const calibrationMs = 1000;
const settleDeadlineMs = 30_000;
/** Of a row: messages from push to acknowledgement, then each step by itself. */
const phases = 4;
/** Of the row without a load. */
const calmPauseMs = 20;
/** What the nodes without Redis are to reach: as many messages as BullMQ, and this from push to consumer. */
const goals = { workers: 64, p99Ms: 10 };

const { values } = readFlags({
  options: {
    seconds: { type: 'string', default: '5' },
    workers: { type: 'string', default: '1,16,64,256' },
    only: { type: 'string' },
    folder: { type: 'string' },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

type Row = Pick<MessagePlan, 'carrier' | 'keys' | 'workers' | 'pauseMs'>;
type MeasuredRow = Row & MessageStats;

function numberFrom(name: string, text: string, most: number): number {
  const value = Number(text);
  if (value > 0 && value <= most) return value;
  console.error(`${name} is a number above 0 and up to ${String(most)}, not "${text}".`);
  process.exit(2);
}

function rowsOf(workers: readonly number[]): readonly Row[] {
  const calm = { workers: 1, pauseMs: calmPauseMs };
  const loaded = workers.map((count) => ({ workers: count, pauseMs: 0 }));
  const all = [...loaded, calm];
  const rows: readonly Row[] = [
    ...all.map((row) => ({ ...row, carrier: 'holdfast' as const, keys: 'own' as const })),
    ...all.map((row) => ({ ...row, carrier: 'holdfast' as const, keys: 'none' as const })),
    ...all.map((row) => ({ ...row, carrier: 'redis' as const, keys: 'own' as const })),
    ...all.map((row) => ({ ...row, carrier: 'redis' as const, keys: 'none' as const })),
    ...all.map((row) => ({ ...row, carrier: 'bullmq' as const, keys: 'none' as const })),
  ];
  return rows.filter(({ carrier }) => values.only === undefined || values.only === carrier);
}

/** Runs a load in a process of its own. */
async function generate(plan: MessagePlan): Promise<MessageStats> {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const file = fileURLToPath(new URL(`./load-entry.${ending}`, import.meta.url));
  const profile =
    values.profile === undefined
      ? []
      : [
          '--cpu-prof',
          `--cpu-prof-dir=${values.profile}`,
          `--cpu-prof-name=load-${plan.queue}.cpuprofile`,
        ];
  const child = fork(file, [JSON.stringify(plan)], { execArgv: [...process.execArgv, ...profile] });
  const deadline = setTimeout(
    () => child.kill('SIGKILL'),
    plan.warmUpMs + phases * plan.measureMs + settleDeadlineMs,
  );
  try {
    return await new Promise<MessageStats>((resolve, reject) => {
      let stats: MessageStats | undefined;
      child.on('message', (message) => {
        if (isMessageStats(message)) stats = message;
      });
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        if (stats !== undefined) resolve(stats);
        else reject(new Error(`A load ended without stats (${String(code ?? signal)}).`));
      });
    });
  } finally {
    clearTimeout(deadline);
  }
}

async function measure(
  rows: readonly Row[],
  measureMs: number,
  folder: string,
  tell: (text: string) => void,
): Promise<readonly MeasuredRow[]> {
  const measured: MeasuredRow[] = [];
  const run = async (row: Row, urls: readonly string[]): Promise<void> => {
    tell(`${nameOf(row)}, ${workersOf(row)}.`);
    const queue = `bench-${row.carrier}-${row.keys}-${String(row.workers)}-${String(row.pauseMs)}`;
    const stats = await generate({ ...row, urls, queue, warmUpMs, measureMs });
    measured.push({ ...row, ...stats });
  };
  const of = (carrier: Carrier): readonly Row[] => rows.filter((row) => row.carrier === carrier);
  const withNodes = async (
    some: readonly Row[],
    name: string,
    settings: Readonly<Record<string, string>>,
  ): Promise<void> => {
    if (some.length === 0) return;
    const profiled = { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${values.profile ?? ''}` };
    const cluster = await startLocalCluster({
      ports: await freePorts(3),
      folder: join(folder, name),
      environment: { ...settings, ...(values.profile === undefined ? {} : profiled) },
    });
    try {
      await cluster.leader();
      for (const row of some) await run(row, cluster.urls);
    } finally {
      await cluster.close();
    }
  };
  await withNodes(of('holdfast'), 'nodes', {});
  const inRedis = [...of('redis'), ...of('bullmq')];
  const redis = inRedis.length > 0 ? await startRedis(folder) : undefined;
  if (redis === undefined) return measured;
  try {
    await withNodes(of('redis'), 'redis-nodes', {
      HOLDFAST_QUEUES_STORE: 'redis',
      HOLDFAST_QUEUES_REDIS_URLS: redis.url,
    });
    for (const row of of('bullmq')) await run(row, [redis.url]);
  } finally {
    await redis.close();
  }
  return measured;
}

const nameOf = ({ carrier, keys }: Row): string => {
  if (carrier === 'bullmq') return 'BullMQ';
  const order = keys === 'own' ? 'keys' : 'no keys';
  return carrier === 'redis' ? `${order}, in Redis` : order;
};
const workersOf = ({ workers, pauseMs }: Row): string =>
  pauseMs > 0 ? 'no load' : String(workers);

const rateOf = (perSecond: number | undefined): string =>
  perSecond === undefined ? '' : whole(perSecond);

function resultTable(rows: readonly MeasuredRow[], commits: number): string {
  return table(
    [
      '',
      'workers',
      'push/s',
      'pop/s',
      'ack/s',
      'messages/s',
      'per commit',
      'push to consumer p50 ms',
      'p95',
      'p99',
    ],
    rows.map((row) => [
      nameOf(row),
      workersOf(row),
      rateOf(row.steps?.pushesPerSecond),
      rateOf(row.steps?.takesPerSecond),
      rateOf(row.steps?.acknowledgementsPerSecond),
      row.pauseMs > 0 ? '' : whole(row.messagesPerSecond),
      row.pauseMs > 0 ? '' : (row.messagesPerSecond / commits).toFixed(2),
      milliseconds(row.deliveredMs.p50),
      milliseconds(row.deliveredMs.p95),
      milliseconds(row.deliveredMs.p99),
    ]),
  );
}

/** Whether the goals are met, as far as their rows were measured. */
function goalLines(rows: readonly MeasuredRow[]): readonly string[] {
  const isLoaded = ({ workers, pauseMs }: Row): boolean =>
    workers === goals.workers && pauseMs === 0;
  const told = (what: string, isMet: boolean, numbers: string): string =>
    `${what}: ${isMet ? 'met' : 'missed'} (${numbers}).`;
  const bullmq = rows.find((row) => row.carrier === 'bullmq' && isLoaded(row));
  return rows
    .filter((row) => row.carrier === 'holdfast' && (isLoaded(row) || row.pauseMs > 0))
    .flatMap((row) => {
      const { messagesPerSecond, deliveredMs } = row;
      const name = `${nameOf(row)}, ${isLoaded(row) ? `${workersOf(row)} workers` : workersOf(row)}`;
      const latency = told(
        `${name}: p99 from push to consumer below ${String(goals.p99Ms)} ms`,
        deliveredMs.p99 < goals.p99Ms,
        milliseconds(deliveredMs.p99),
      );
      if (bullmq === undefined || !isLoaded(row)) return [latency];
      const rates = `${whole(messagesPerSecond)} and ${whole(bullmq.messagesPerSecond)} a second`;
      const isFaster = messagesPerSecond >= bullmq.messagesPerSecond;
      return [told(`${name}: at least the rate of BullMQ`, isFaster, rates), latency];
    });
}

async function bench(): Promise<void> {
  const measureMs = 1000 * numberFrom('--seconds', values.seconds, 600);
  const workers = values.workers.split(',').map((text) => numberFrom('--workers', text, 10_000));
  const folder = values.folder ?? (await mkdtemp(join(tmpdir(), 'holdfast-bench-queue-')));
  const tell = (text: string): void => {
    if (!values.json) console.error(text);
  };
  try {
    tell('Measuring what the machine can do at this moment.');
    const calibration = await calibrate(folder, calibrationMs);
    const rows = await measure(rowsOf(workers), measureMs, folder, tell);
    const machine = describeMachine();
    const commits = calibration.fsyncedCommitsPerSecond;
    if (values.json) console.log(JSON.stringify({ machine, calibration, rows }));
    else {
      console.log(`Machine: ${machineLine(machine)}`);
      console.log(`One SQLite commit with synchronous=FULL: ${whole(commits)} a second.\n`);
      console.log(resultTable(rows, commits));
      for (const line of goalLines(rows)) console.log(`\n${line}`);
      if (!rows.some(({ carrier }) => carrier === 'bullmq') && values.only !== 'holdfast')
        console.log('\nThere is no redis-server on this machine: nothing to compare with.');
    }
    process.exitCode = rows.every(({ outOfOrder }) => outOfOrder === 0) ? 0 : 1;
  } finally {
    if (values.folder === undefined) await rm(folder, { recursive: true, force: true });
  }
}

if (values.help) console.log(help);
else await bench();
