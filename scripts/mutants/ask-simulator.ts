/** Asks whole simulated runs for a planted fault, until one breaks a promise. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { abouts, scenarioFor } from './abouts.ts';
import type { Fault } from './fault.ts';
import type { Imports } from './imports.ts';
import type { SimulatorResult } from './results.ts';

const main = 'packages/simulator/src/main.ts';
/** So many runs at most; those of lease nodes are shorter. */
const maxRuns = { cluster: 600, leaders: 60, quorum: 3000, scenarios: 600 } as const;
/** What one run may take beyond the time for all of them. */
const lastRunMs = 60_000;

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
}

export interface AskSimulatorOptions {
  readonly folder: string;
  readonly imports: Imports;
  readonly threads: number;
  readonly maxSeconds: number;
}

export async function askSimulator(
  options: AskSimulatorOptions,
  fault: Fault,
): Promise<SimulatorResult> {
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
  let result: Told = { type: 'time-out', runs: 0 };
  for (const one of series) {
    const maxSeconds = (endsAtMs - performance.now()) / 1000;
    if (maxSeconds < 1) break;
    const told = await runOf({ ...options, maxSeconds }, one);
    if (told.type === 'found')
      return one.kind === 'scenarios' ? { ...told, scenario: one.about ?? '' } : told;
    // What is told is of all that were asked. An error stays: runs about something else do not explain it.
    result = { ...(result.type === 'error' ? result : told), runs: result.runs + told.runs };
  }
  return result;
}

type Told = Exclude<SimulatorResult, { type: 'out of reach' }>;

interface Series {
  readonly kind: keyof typeof maxRuns;
  readonly about?: string;
  /** What runs are about that were asked before. */
  readonly but?: string;
}

async function runOf(
  { folder, threads, maxSeconds }: AskSimulatorOptions,
  { kind, about, but }: Series,
): Promise<Told> {
  const startedAtMs = performance.now();
  const child = spawn(
    process.execPath,
    [
      '--conditions=source',
      main,
      '--json',
      '--until-broken',
      '--first=1',
      `--seeds=${String(maxRuns[kind])}`,
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
  const { runs, broken } = summary;
  const promise = broken.find(({ isPromise }) => isPromise);
  // Seeds are counted from 1: of runs about one thing, too, it tells how many there are until then.
  if (promise !== undefined)
    return { type: 'found', runs: Number(promise.seed), promise: firstLine(promise.message) };
  const [error] = broken;
  if (error !== undefined) return { type: 'error', runs, message: firstLine(error.message) };
  return { type: areAll ? 'not found' : 'time-out', runs };
}

/** Without what differs from run to run. */
const firstLine = (message: string): string => message.split('\n')[0]?.slice(0, 140) ?? '';
