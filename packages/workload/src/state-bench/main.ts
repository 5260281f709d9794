/**
 * `make bench-state`: what a large state costs. Three node processes, a client whose sessions hold a million locks,
 * and a second client that takes and gives back one lock all the time. For each phase: the longest turn of the
 * nodes' event loops and the longest acquire. Exit status 1 when a phase failed or a hold is missing.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '@holdfast/checker/flags';
import { freePorts } from '../free-ports.ts';
import { describeMachine } from '../statistics/machine.ts';
import { openBuild } from './build.ts';
import { runPhases } from './phases.ts';
import type { StatePlan } from './phases.ts';
import type { BenchClientPlan } from './plan.ts';
import { isSound, reportText } from './report.ts';
import type { StateReport } from './report.ts';
import { startClientProcess } from './requests.ts';

const help = `Usage: npm run bench:state -- [OPTION]…

  --locks N        locks that are held (1000000)
  --sessions N     sessions that hold them (20)
  --checkout PATH  measure the build of another checkout, its nodes and its client
  --folder PATH    where the nodes keep their data (a new folder for temporary files)
  --minutes N      time out after so long (20)
  --json           print one JSON document instead of tables
`;

interface Options {
  readonly plan: StatePlan;
  readonly checkout: string | undefined;
  readonly folder: string | undefined;
  readonly totalMs: number;
  readonly json: boolean;
}

/** From this size on the phases are as long as they are for a million. */
const fullSize = 1_000_000;
const fullSteadyMs = 10_000;
const leastSteadyMs = 300;
const fullSnapshotLogBytes = 64 * 2 ** 20;
const leastSnapshotLogBytes = 2 ** 20;
const mostHoldsPerSession = 1_000_000;
const mostLocks = 10_000_000;
const phaseDeadlineMs = 300_000;

function readOptions(): Options | undefined {
  const { values } = readFlags({
    options: {
      locks: { type: 'string', default: '1000000' },
      sessions: { type: 'string', default: '20' },
      checkout: { type: 'string' },
      folder: { type: 'string' },
      minutes: { type: 'string', default: '20' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const locks = wholeNumber('locks', values.locks, 5_000_000);
  const sessions = wholeNumber('sessions', values.sessions, 10_000);
  return {
    plan: {
      locks,
      sessions,
      // Twice what the others have, so that what grows with the session is seen.
      largeSessionLocks: Math.ceil((2 * locks) / sessions),
      steadyMs: Math.max(leastSteadyMs, Math.round(scaled(locks, fullSteadyMs))),
    },
    checkout: values.checkout,
    folder: values.folder,
    totalMs: wholeNumber('minutes', values.minutes, 600) * 60_000,
    json: values.json,
  };
}

function wholeNumber(name: string, text: string, most: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most) {
    throw new Error(`--${name} is ${text}; give a whole number from 1 to ${String(most)}.`);
  }
  return number;
}

const scaled = (locks: number, full: number): number => Math.min(1, locks / fullSize) * full;

function environmentOf(plan: StatePlan, turnFolder: string): Record<string, string> {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const recorder = new URL(`./turn-recorder-entry.${ending}`, import.meta.url).href;
  const snapshotLogBytes = Math.max(
    leastSnapshotLogBytes,
    Math.round(scaled(plan.locks, fullSnapshotLogBytes)),
  );
  return {
    NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import ${recorder}`.trim(),
    TURN_RECORDS: turnFolder,
    HOLDFAST_LIMITS_MAX_LOCKS: String(mostLocks),
    HOLDFAST_LIMITS_MAX_HOLDS_PER_SESSION: String(mostHoldsPerSession),
    // All sessions of the load are of one caller.
    HOLDFAST_LIMITS_MAX_HOLDS_PER_CALLER: String(mostLocks),
    HOLDFAST_STORAGE_SNAPSHOT_LOG_BYTES: String(snapshotLogBytes),
  };
}

async function measure(
  options: Options,
  folder: string,
  stop: Promise<never>,
): Promise<StateReport> {
  const { plan, checkout } = options;
  const startMs = performance.now();
  const tell = (text: string): void => {
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1).padStart(6);
    process.stderr.write(`${seconds} s  ${text}\n`);
  };
  const { startLocalCluster } = await openBuild(checkout);
  const turnFolder = join(folder, 'turns');
  await mkdir(turnFolder, { recursive: true });
  const environment = environmentOf(plan, turnFolder);
  const cluster = await startLocalCluster({ ports: await freePorts(3), folder, environment });
  const clientPlan: BenchClientPlan = { checkout, endpoints: cluster.urls };
  await cluster.leader();
  const loader = startClientProcess('load-entry', clientPlan);
  const probe = startClientProcess('probe-entry', clientPlan);
  try {
    const bench = { cluster, loader, probe, turnFolder, tell, deadlineMs: phaseDeadlineMs };
    const stats = await Promise.race([runPhases(bench, plan), stop]);
    const { locks, sessions } = plan;
    return { machine: describeMachine(), checkout, locks, sessions, ...stats };
  } finally {
    loader.close();
    probe.close();
    // Their data goes with them: a stop in order would only take longer.
    const ids = cluster.nodes.map(({ nodeId }) => nodeId);
    await Promise.all(ids.map((nodeId) => cluster.kill(nodeId, 'SIGKILL')));
  }
}

/** Rejects when the whole time is over or somebody interrupts. */
function stopper(totalMs: number): Promise<never> {
  return new Promise((_, reject) => {
    const give = (why: string) => (): void => reject(new Error(why));
    setTimeout(give(`Timed out after ${String(totalMs / 60_000)} minutes.`), totalMs).unref();
    process.once('SIGINT', give('Interrupted.'));
    process.once('SIGTERM', give('Interrupted.'));
  });
}

async function main(): Promise<boolean> {
  const options = readOptions();
  if (options === undefined) {
    process.stdout.write(help);
    return true;
  }
  const stop = stopper(options.totalMs);
  stop.catch(() => undefined);
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'holdfast-state-')));
  try {
    const report = await measure(options, folder, stop);
    process.stdout.write(
      options.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report),
    );
    return isSound(report);
  } finally {
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  }
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  // A phase that was cancelled may still wait for an answer; the nodes and the clients are gone already.
  process.exit(1);
}
