/**
 * Asks the tests that can notice a planted fault, the likeliest first, until a check fails.
 *
 * MUTANT-1: a file of tests is believed only where it passes in the same copy without a fault.
 * MUTANT-2: only a failed check is a find. What does not end, and errors beside the checks, are results of their own.
 * MUTANT-3: a find with real processes and clocks counts where it is there a second time.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Fault } from './fault.ts';
import type { Imports } from './imports.ts';
import type { Planted } from './plant.ts';
import type { TestsResult } from './results.ts';
import { runTestFile } from './test-file.ts';
import type { FileOutcome } from './test-file.ts';

/** A file without a fault has this, one with a fault a multiple of what it took without. */
const longestMs = 240_000;
const shortestLimitMs = 20_000;
const slower = 5;

export class TestAsker {
  readonly #folder: string;
  readonly #imports: Imports;
  /** By file, how it ended without a fault. */
  readonly #unmutated = new Map<string, FileOutcome>();

  constructor(folder: string, imports: Imports) {
    this.#folder = folder;
    this.#imports = imports;
  }

  /** Files that do not pass in the copy as it is: they prove nothing. */
  get unsound(): readonly (readonly [file: string, outcome: FileOutcome])[] {
    return [...this.#unmutated].filter(([, outcome]) => outcome.type !== 'passed');
  }

  /** The fault is planted, and planted again afterwards. */
  async ask(planted: Planted, known: TestsResult | undefined): Promise<TestsResult> {
    let doubtful: TestsResult | undefined;
    let files = 0;
    for (const file of this.#likeliestFirst(planted.fault, known)) {
      const limitMs = await this.#limitMs(planted, file);
      if (limitMs === undefined) continue;
      files += 1;
      const outcome = await runTestFile(this.#folder, file, limitMs);
      if (outcome.type === 'assertion') {
        if (await this.#isThereAgain(file, limitMs))
          return { type: 'found', file, test: outcome.test };
        // MUTANT-2
      } else if (outcome.type === 'not loaded')
        return { type: 'error', file, test: 'not loaded', message: line(outcome.message) };
      else if (outcome.type === 'time-out' && doubtful?.type !== 'error')
        doubtful = { type: 'time-out', file, test: outcome.test };
      else if (outcome.type === 'error')
        doubtful ??= { type: 'error', file, test: outcome.test, message: line(outcome.message) };
    }
    return doubtful ?? { type: 'not found', files };
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
  async #isThereAgain(file: string, limitMs: number): Promise<boolean> {
    if (!file.includes('/integration/')) return true;
    return (await runTestFile(this.#folder, file, limitMs)).type === 'assertion';
  }

  /**
   * What is there for it, and what found it before; then unit tests of the file's own name, those that name it, those of its package, by the
   * number of imports between; tests with real processes of its own package at last.
   */
  #likeliestFirst(fault: Fault, known: TestsResult | undefined): readonly string[] {
    const own = basename(fault.file, '.ts');
    const folder = fault.file.split('/')[1] ?? '';
    const likelihoods = new Map<string, number>();
    for (const [file, distance] of this.#imports.distancesFrom(fault.file)) {
      if (!file.endsWith('.test.ts') || file.startsWith('packages/simulator/')) continue;
      const isOwn = file.startsWith(`packages/${folder}/`);
      const isIntegration = file.includes('/integration/');
      if (isIntegration && !isOwn) continue;
      const names = readFileSync(join(this.#folder, file), 'utf8').includes(`/${own}.ts'`);
      let rank = distance + (isOwn ? 0 : 100) + (isIntegration ? 1000 : 0);
      if (basename(file) === `${own}.test.ts`) rank -= 50;
      if (names) rank -= 20;
      if (known !== undefined && 'file' in known && known.file === file) rank = -1000;
      if (fault.test === file) rank = -2000;
      likelihoods.set(file, rank);
    }
    return [...likelihoods]
      .sort(([a, left], [b, right]) => left - right || a.localeCompare(b))
      .map(([file]) => file);
  }
}

const line = (text: string): string => text.split('\n')[0]?.slice(0, 160) ?? '';
