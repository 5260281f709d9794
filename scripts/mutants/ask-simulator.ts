/**
 * Asks whole simulated runs for a planted fault, until one breaks a promise.
 *
 * MUTANT-5: that run counts only where it breaks none without the fault.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { abouts, scenarioFor } from './abouts.ts';
import type { Fault } from './fault.ts';
import type { Imports } from './imports.ts';
import type { Planted } from './plant.ts';
import type { SimulatorResult } from './results.ts';

const main = 'packages/simulator/src/main.ts';
/** So many runs at most; those of lease nodes are shorter. */
const maxRuns = { cluster: 600, leaders: 60, quorum: 3000, scenarios: 600 } as const;
/** What one run may take beyond the time for all of them. */
const lastRunMs = 60_000;
/** For one run without a fault. */
const baselineSeconds = 60;

/** Whether the file is part of what a run does. */
export const runsReach = (imports: Imports, { file }: Fault): boolean =>
  imports.distancesFrom(file).has(main);

interface Summary {
  readonly runs: number;
  readonly broken: readonly {
    readonly seed: string;
    readonly message: string;
    readonly isPromise: boolean;
  }[];
  readonly undecided: readonly unknown[];
}

export interface AskSimulatorOptions {
  readonly folder: string;
  readonly imports: Imports;
  readonly threads: number;
  readonly maxSeconds: number;
}

/** The fault is planted, and planted again afterwards. */
export async function askSimulator(
  options: AskSimulatorOptions,
  planted: Planted,
): Promise<SimulatorResult> {
  const { fault } = planted;
  if (fault.hiddenFromRuns !== undefined) return { type: 'out of reach' };
  if (!runsReach(options.imports, fault)) return { type: 'out of reach' };
  const endsAtMs = performance.now() + options.maxSeconds * 1000;
  const kind = fault.runs ?? 'cluster';
  const scenario = scenarioFor[fault.name];
  const about = abouts[fault.name];
  const series: readonly Series[] = [
    ...(scenario === undefined ? [] : [{ kind: 'scenarios', about: scenario } as const]),
    ...(about === undefined ? [] : [{ kind, about }]),
    { kind, ...(about === undefined ? {} : { but: about }) },
  ];
  let result: NotFound = { type: 'time-out', runs: 0 };
  for (const one of series) {
    const maxSeconds = (endsAtMs - performance.now()) / 1000;
    if (maxSeconds < 1) break;
    const told = await runOf({ ...options, maxSeconds }, one);
    if (told.type === 'found') return await soundOf(options, planted, one, told);
    // What is told is of all that were asked. An error stays: runs about something else do not explain it.
    result = sumOf(result, told);
  }
  return result;
}

type Told = Exclude<SimulatorResult, { type: 'out of reach' }>;
type Found = Extract<SimulatorResult, { type: 'found' }>;
type NotFound = Exclude<Told, Found>;

function sumOf(before: NotFound, told: NotFound): NotFound {
  const runs = before.runs + told.runs;
  if (before.type === 'error') return { ...before, runs };
  if (told.type === 'error') return { ...told, runs };
  const undecided = (before.undecided ?? 0) + (told.undecided ?? 0);
  return { ...told, runs, ...(undecided === 0 ? {} : { undecided }) };
}

/** MUTANT-5: the very run that found it, without it. */
async function soundOf(
  options: AskSimulatorOptions,
  planted: Planted,
  { kind, about }: Series,
  found: Found,
): Promise<Told> {
  planted.heal();
  try {
    const { type, ...without } = await runOf(
      { ...options, maxSeconds: baselineSeconds },
      { kind, first: found.runs, runs: 1 },
    );
    if (type === 'not found')
      return kind === 'scenarios' ? { ...found, scenario: about ?? '' } : found;
    const said = 'promise' in without ? without.promise : type;
    const message = `without the fault run ${String(found.runs)} breaks a promise or does not end, too: ${said}`;
    return { type: 'error', runs: found.runs, message };
  } finally {
    planted.plant();
  }
}

interface Series {
  readonly kind: keyof typeof maxRuns;
  readonly about?: string;
  /** What runs are about that were asked before. */
  readonly but?: string;
  /** Default: from seed 1 on as many as may be asked. */
  readonly first?: number;
  readonly runs?: number;
}

async function runOf(
  { folder, threads, maxSeconds }: AskSimulatorOptions,
  { kind, about, but, first = 1, runs = maxRuns[kind] }: Series,
): Promise<Told> {
  const startedAtMs = performance.now();
  const child = spawn(
    process.execPath,
    [
      '--conditions=source',
      main,
      '--json',
      '--until-broken',
      `--first=${String(first)}`,
      `--seeds=${String(runs)}`,
      `--kind=${kind}`,
      ...(about === undefined ? [] : [`--about=${about}`]),
      ...(but === undefined ? [] : [`--but=${but}`]),
      `--threads=${String(threads)}`,
      `--seconds=${String(Math.ceil(maxSeconds))}`,
    ],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Types are stripped once for all faults.
      env: { ...process.env, NODE_COMPILE_CACHE: `${folder}/.cache/compile` },
    },
  );
  const timer = setTimeout(() => child.kill('SIGKILL'), maxSeconds * 1000 + lastRunMs);
  const [out, errors] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  clearTimeout(timer);
  if (child.signalCode !== null) return { type: 'time-out', runs: 0 };
  return resultOf(out, errors, performance.now() - startedAtMs < maxSeconds * 1000);
}

function resultOf(out: string, errors: string, areAll: boolean): Told {
  let summary: Summary;
  try {
    summary = JSON.parse(out) as Summary;
  } catch {
    return { type: 'error', runs: 0, message: firstLine(errors) };
  }
  const { runs, broken, undecided } = summary;
  const promise = broken.find(({ isPromise }) => isPromise);
  // Seeds are counted from 1: of runs about one thing, too, it tells how many there are until then.
  if (promise !== undefined)
    return { type: 'found', runs: Number(promise.seed), promise: firstLine(promise.message) };
  const [error] = broken;
  if (error !== undefined) return { type: 'error', runs, message: firstLine(error.message) };
  return {
    type: areAll ? 'not found' : 'time-out',
    runs,
    ...(undecided.length === 0 ? {} : { undecided: undecided.length }),
  };
}

/** Without what differs from run to run. */
const firstLine = (message: string): string => message.split('\n')[0]?.slice(0, 140) ?? '';
