/** Many runs, on all cores. */
import { Worker } from 'node:worker_threads';
import type { RunKind } from './kinds.ts';
import type { RunResult } from './cluster-run.ts';
import { scenarioOf } from '../scenarios/scenario-run.ts';
import { focusOf } from './plan.ts';
import type { FromThread, ToThread } from './thread.ts';

export interface SeriesOptions {
  /** Of what. Default: of clusters. */
  readonly kind?: RunKind;
  /** The first seed; the others follow it. */
  readonly first: bigint;
  readonly runs: number;
  /** Of the seeds only those whose runs are about this (a focus, of clusters), or are this scenario. */
  readonly about?: string;
  /** Not those of the seeds whose runs are about this. */
  readonly but?: string;
  readonly threads: number;
  /** No run is begun after so long. */
  readonly maxSeconds?: number;
  /** Ends at the first run that breaks a promise, or when many have ended with errors beside the checks. */
  readonly stopAtFirst?: boolean;
  readonly onProgress?: (summary: Summary) => void;
}

export interface Broken {
  readonly seed: bigint;
  readonly message: string;
  /** False: the run ended with an error beside the checks. */
  readonly isPromise: boolean;
}

export interface Undecided {
  readonly seed: bigint;
  readonly keys: readonly string[];
}

/** Of a hundred runs one may have a history that is not decided; with more, a series shows less than it says. */
export const mostUndecided = (runs: number): number => Math.max(1, Math.floor(runs / 100));

export interface Summary {
  readonly runs: number;
  readonly seconds: number;
  readonly virtualHours: number;
  readonly events: number;
  readonly commands: number;
  readonly grants: number;
  readonly operations: number;
  readonly refusedWrites: number;
  /** Runs of which a history could not be decided, and the keys of these. */
  readonly undecided: readonly Undecided[];
  /** Runs in which a mended majority was to go on, and how long it took, in ms. */
  readonly recoveredMs: readonly number[];
  readonly broken: readonly Broken[];
}

class Tally {
  readonly #startedMs = performance.now();
  readonly #recoveredMs: number[] = [];
  readonly #broken: Broken[] = [];
  #runs = 0;
  #virtualMs = 0;
  #events = 0;
  #commands = 0;
  #grants = 0;
  #operations = 0;
  #refusedWrites = 0;
  readonly #undecided: Undecided[] = [];

  get seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  addRun(result: RunResult): void {
    this.#runs += 1;
    this.#virtualMs += result.virtualMs;
    this.#events += result.events;
    this.#commands += result.commands;
    this.#grants += result.grants;
    this.#operations += result.operations;
    this.#refusedWrites += result.refusedWrites;
    const { seed, undecided } = result;
    if (undecided.length > 0) this.#undecided.push({ seed, keys: undecided });
    if (result.recoveredMs !== null) this.#recoveredMs.push(result.recoveredMs);
  }

  addBroken(broken: Broken): void {
    this.#runs += 1;
    this.#broken.push(broken);
  }

  summary(): Summary {
    return {
      runs: this.#runs,
      seconds: this.seconds,
      virtualHours: this.#virtualMs / 3_600_000,
      events: this.#events,
      commands: this.#commands,
      grants: this.#grants,
      operations: this.#operations,
      refusedWrites: this.#refusedWrites,
      undecided: this.#undecided,
      recoveredMs: this.#recoveredMs,
      broken: this.#broken,
    };
  }
}

export async function runSeries(options: SeriesOptions): Promise<Summary> {
  const { first, runs, threads, maxSeconds = Infinity, stopAtFirst = false } = options;
  const { kind = 'cluster', about, but } = options;
  const tally = new Tally();
  let next = 0;
  const aboutOf = kind === 'scenarios' ? scenarioOf : focusOf;
  const isLeftOut = (seed: bigint): boolean =>
    (about !== undefined && aboutOf(seed) !== about) ||
    (but !== undefined && aboutOf(seed) === but);
  const nextRun = (): ToThread | undefined => {
    while (next < runs && isLeftOut(first + BigInt(next))) next += 1;
    if (next >= runs || tally.seconds > maxSeconds) return undefined;
    if (stopAtFirst && isEnough(tally.summary().broken)) return undefined;
    return { seed: first + BigInt(next++), kind };
  };
  const takeIn = (message: FromThread): void => {
    if (message.type === 'finished') tally.addRun(message.result);
    else tally.addBroken(message);
    options.onProgress?.(tally.summary());
  };
  const count = Math.max(1, Math.min(threads, runs));
  await Promise.all(Array.from({ length: count }, () => runThread(nextRun, takeIn)));
  return tally.summary();
}

const manyErrors = 20;
const isEnough = (broken: readonly Broken[]): boolean =>
  broken.length >= manyErrors || broken.some(({ isPromise }) => isPromise);

/** One thread until there are no more seeds. */
function runThread(
  nextRun: () => ToThread | undefined,
  takeIn: (message: FromThread) => void,
): Promise<void> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./thread.${extension}`, import.meta.url));
  return new Promise((resolve, reject) => {
    const goOn = (): void => {
      const run = nextRun();
      if (run === undefined) void worker.terminate().then(() => resolve());
      else worker.postMessage(run);
    };
    worker.on('message', (message: FromThread) => {
      takeIn(message);
      goOn();
    });
    worker.on('error', reject);
    goOn();
  });
}
