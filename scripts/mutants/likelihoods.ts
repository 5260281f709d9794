/**
 * Which files of tests are asked for a fault, and which of them first: most faults are found by the first that is
 * asked, and each other one costs seconds.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Fault } from './fault.ts';
import type { Imports } from './imports.ts';
import { replays } from './replays.ts';
import type { TestsResult } from './results.ts';

/** How many words that are frequent in a file count no more, and how long a file of average length is. */
const saturation = 2;
const averageWords = 400;

export class Likelihoods {
  readonly #folder: string;
  readonly #imports: Imports;
  /** By file: how often each word stands in it. */
  readonly #words = new Map<string, ReadonlyMap<string, number>>();

  constructor(folder: string, imports: Imports) {
    this.#folder = folder;
    this.#imports = imports;
  }

  /**
   * Tests that import the faulty file on some way: the one that is there for the fault, the one that found it
   * before, then unit tests of its package and of others by the words that they share with the fault and by the
   * number of imports between; tests with real processes, of its own package alone, at last. Replays of what was
   * stored are asked for their own faults alone.
   */
  filesFor(fault: Fault, known: TestsResult | undefined): readonly string[] {
    const folder = fault.file.split('/')[1] ?? '';
    const own = basename(fault.file, '.ts');
    const before = known !== undefined && 'file' in known ? known.file : undefined;
    const candidates = this.#candidatesFor(fault, folder, before);
    const shared = this.#sharedWords(fault, [...candidates.keys()]);
    const ranks = new Map<string, number>();
    for (const [file, distance] of candidates) {
      let rank = 0.3 * distance - 5 * (shared.get(file) ?? 0);
      if (!file.startsWith(`packages/${folder}/`)) rank += 3;
      if (file.includes('/integration/')) rank += 1000;
      if (basename(file) === `${own}.test.ts`) rank -= 2;
      if (this.#textOf(file).includes(`/${own}.ts'`)) rank -= 2;
      if (file === before) rank = -1000;
      if (fault.test === file) rank = -2000;
      ranks.set(file, rank);
    }
    return [...ranks]
      .sort(([a, left], [b, right]) => left - right || a.localeCompare(b))
      .map(([file]) => file);
  }

  #candidatesFor(
    fault: Fault,
    folder: string,
    before: string | undefined,
  ): ReadonlyMap<string, number> {
    const files = [...this.#imports.distancesFrom(fault.file)].filter(([file]) => {
      if (!file.endsWith('.test.ts')) return false;
      if (file === fault.test) return true;
      if (file.startsWith('packages/simulator/')) return false;
      if (replays.has(file)) return false; // MUTANT-4
      if (file === before) return true;
      if (file.includes('/test/unit/')) return true;
      return file.includes('/test/integration/') && file.startsWith(`packages/${folder}/`);
    });
    const found = new Map(files);
    // Also where a browser reads the faulty file, which no test imports.
    if (fault.test !== undefined && !found.has(fault.test)) found.set(fault.test, 0);
    return found;
  }

  /** By file, from 0: as a search engine ranks pages, where the fault's own words are what is searched for. */
  #sharedWords(fault: Fault, files: readonly string[]): ReadonlyMap<string, number> {
    const asked = new Set(wordsOf([fault.name, fault.breaks, fault.find, fault.put].join(' ')));
    const rarities = new Map<string, number>();
    let most = 0;
    for (const word of asked) {
      const having = files.filter((file) => this.#wordsIn(file).has(word)).length;
      if (having === 0) continue;
      const rarity = Math.log(files.length / having);
      rarities.set(word, rarity);
      most += rarity;
    }
    const scoreOf = (file: string): number => {
      const words = this.#wordsIn(file);
      const halfway = saturation * (0.3 + (0.7 * words.size) / averageWords);
      let score = 0;
      for (const [word, rarity] of rarities) {
        const times = words.get(word) ?? 0;
        score += (rarity * 2 * times) / (times + halfway);
      }
      return most === 0 ? 0 : score / most;
    };
    return new Map(files.map((file) => [file, scoreOf(file)]));
  }

  #wordsIn(file: string): ReadonlyMap<string, number> {
    let words = this.#words.get(file);
    if (words === undefined) {
      const counted = new Map<string, number>();
      for (const word of wordsOf(this.#textOf(file)))
        counted.set(word, (counted.get(word) ?? 0) + 1);
      words = counted;
      this.#words.set(file, words);
    }
    return words;
  }

  #textOf(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8');
  }
}

/** Also those that names are made of, without most of what English puts at their ends. */
function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/[A-Za-z][a-z]+|[A-Z]{2,}/g)) {
    const stem = word.toLowerCase().replace(/(ing|ed|es|s)$/, '');
    if (stem.length > 2) words.push(stem);
  }
  return words;
}
