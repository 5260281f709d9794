/**
 * Asks the tests that can notice a planted fault, the likeliest first, until a check fails.
 *
 * MUTANT-1: a file of tests is believed only where it passes in the same copy without a fault.
 * MUTANT-2: only a failed check is a find. What does not end, and errors beside the checks, are results of their own.
 * MUTANT-3: a find with real processes and clocks, or by a check that something comes in time, counts where the same test
 *     fails a second time.
 * MUTANT-4: a replay of what was stored differs for nearly every fault: it is a find for those that name it alone.
 */
import type { Imports } from './imports.ts';
import { Likelihoods } from './likelihoods.ts';
import type { Planted } from './plant.ts';
import type { TestsResult } from './results.ts';
import { runTestFile } from './test-file.ts';
import type { FileOutcome } from './test-file.ts';

/** A file without a fault has this, one with a fault a multiple of what it took without. */
const longestMs = 240_000;
const shortestLimitMs = 20_000;
const slower = 5;
/** Of 400 faults that all files were asked for, the 25 likeliest found more than 99 %. */
const mostFiles = 25;
/** For all files of one fault; what they take without it, once for all faults, is not counted. */
const mostMs = 90_000;

/** By file, how it ended without a fault: of all copies, for they are the same. */
export type Unmutated = Map<string, FileOutcome>;

/** Files that do not pass in the copy as it is: they prove nothing. */
export const unsoundOf = (
  unmutated: Unmutated,
): readonly (readonly [file: string, outcome: FileOutcome])[] =>
  [...unmutated].filter(([, outcome]) => outcome.type !== 'passed');

export class TestAsker {
  readonly #folder: string;
  readonly #likelihoods: Likelihoods;
  readonly #unmutated: Unmutated;
  readonly #mostMs: number;

  constructor(folder: string, imports: Imports, unmutated: Unmutated = new Map(), ms = mostMs) {
    this.#folder = folder;
    this.#likelihoods = new Likelihoods(folder, imports);
    this.#unmutated = unmutated;
    this.#mostMs = ms;
  }

  /** The fault is planted, and planted again afterwards. */
  async ask(planted: Planted, known: TestsResult | undefined): Promise<TestsResult> {
    let doubtful: TestsResult | undefined;
    let files = 0;
    let leftMs = this.#mostMs;
    const all = this.#likelihoods.filesFor(planted.fault, known);
    for (const file of all) {
      if (files === mostFiles || leftMs <= 0) break;
      const limitMs = await this.#limitMs(planted, file);
      if (limitMs === undefined) continue;
      files += 1;
      const startedAtMs = performance.now();
      const outcome = await runTestFile(this.#folder, file, limitMs);
      if (outcome.type === 'assertion') {
        if (await this.#isThereAgain(file, outcome, limitMs))
          return { type: 'found', file, test: outcome.test };
        // MUTANT-2
      } else if (outcome.type === 'not loaded')
        return { type: 'error', file, test: 'not loaded', message: line(outcome.message) };
      else if (outcome.type === 'time-out' && doubtful?.type !== 'error')
        doubtful = { type: 'time-out', file, test: outcome.test };
      else if (outcome.type === 'error')
        doubtful ??= { type: 'error', file, test: outcome.test, message: line(outcome.message) };
      leftMs -= performance.now() - startedAtMs;
    }
    if (doubtful !== undefined) return doubtful;
    const ofFiles = Math.min(all.length, mostFiles);
    return { type: 'not found', files, ...(leftMs <= 0 && files < ofFiles ? { ofFiles } : {}) };
  }

  /** MUTANT-1. Undefined: the file proves nothing. */
  async #limitMs(planted: Planted, file: string): Promise<number | undefined> {
    let outcome = this.#unmutated.get(file);
    if (outcome === undefined) {
      planted.heal();
      outcome = await runTestFile(this.#folder, file, longestMs);
      this.#unmutated.set(file, outcome);
      planted.plant();
    }
    return outcome.type === 'passed' ? Math.max(shortestLimitMs, outcome.ms * slower) : undefined;
  }

  /** MUTANT-3. */
  async #isThereAgain(
    file: string,
    { test, isOfTime }: Extract<FileOutcome, { readonly type: 'assertion' }>,
    limitMs: number,
  ): Promise<boolean> {
    if (!isOfTime && !file.includes('/integration/') && !file.includes('/slow/')) return true;
    const again = await runTestFile(this.#folder, file, limitMs);
    return again.type === 'assertion' && again.test === test;
  }
}

const line = (text: string): string => text.split('\n')[0]?.slice(0, 160) ?? '';
