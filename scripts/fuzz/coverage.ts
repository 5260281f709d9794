/**
 * Which code of this project was executed, as V8 counts it: an input that reaches some for the first time is worth changing further.
 *
 * COVERAGE-1: what is told is what was executed since it was told last, of the project's own sources alone: what fuzzes, and what
 *     libraries do, says nothing about an input.
 * COVERAGE-2: a script is compared byte by byte only where one of its functions was executed in a way that it never was before: by
 *     the same ranges the same bytes are executed. After some inputs hardly any is.
 */
import { Session } from 'node:inspector';
import type { Profiler } from 'node:inspector';

const root = new URL('../..', import.meta.url).href;
const ofTheFuzzer = /\/scripts\/fuzz\/(?:coverage|mutate|run)\.ts$/;

interface Known {
  /** Ranges of one function that were told together, each by a hash of them all. */
  readonly ways: Set<number>;
  /** Of the script's text: 1 where it was executed at least once. */
  executed: Uint8Array;
}

export class Coverage {
  readonly #session = new Session();
  /** By the address of a script; undefined: it is not of the project. */
  readonly #known = new Map<string, Known | undefined>();

  start(): void {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    this.hasGrown();
  }

  /** Since the last call (COVERAGE-1). What is new is known from then on, unless it is only looked at. */
  hasGrown(isOnlyLookedAt = false): boolean {
    let has = false;
    for (const script of this.#taken()) {
      const known = this.#knownOf(script.url);
      if (known === undefined) continue;
      const ways = script.functions
        .map(({ ranges }) => wayOf(ranges))
        .filter((way) => !known.ways.has(way));
      if (ways.length === 0) continue; // COVERAGE-2
      const now = painted(script);
      const { executed } = known;
      const isNew = now.some((isExecuted, at) => isExecuted === 1 && executed[at] !== 1);
      has ||= isNew;
      if (isNew && isOnlyLookedAt) continue;
      for (const way of ways) known.ways.add(way);
      if (isNew) known.executed = joined(executed, now);
    }
    return has;
  }

  stop(): void {
    this.#session.disconnect();
  }

  #knownOf(url: string): Known | undefined {
    if (!this.#known.has(url)) {
      const isOurs =
        url.startsWith(root) && !url.includes('/node_modules/') && !ofTheFuzzer.test(url);
      const none = { ways: new Set<number>(), executed: new Uint8Array() };
      this.#known.set(url, isOurs ? none : undefined);
    }
    return this.#known.get(url);
  }

  #taken(): readonly Profiler.ScriptCoverage[] {
    let taken: readonly Profiler.ScriptCoverage[] = [];
    // It is answered before this call returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error;
      taken = answer.result;
    });
    return taken;
  }
}

/** How often a range was executed does not matter, only whether it was. */
function wayOf(ranges: readonly Profiler.CoverageRange[]): number {
  let way = ranges.length;
  for (const { startOffset, endOffset, count } of ranges) {
    way = Math.imul(way ^ startOffset, 0x9e3779b1);
    way ^= way >>> 15;
    way = Math.imul(way ^ (endOffset * 2 + (count > 0 ? 1 : 0)), 0x85ebca77);
    way ^= way >>> 13;
  }
  return way;
}

/** Functions come from the outermost to the innermost, and so do the ranges of one: what is within counts. */
function painted({ functions }: Profiler.ScriptCoverage): Uint8Array {
  let end = 0;
  for (const { ranges } of functions)
    for (const { endOffset } of ranges) end = Math.max(end, endOffset);
  const executed = new Uint8Array(end);
  for (const { ranges } of functions)
    for (const { startOffset, endOffset, count } of ranges)
      executed.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return executed;
}

/** Executed by one or the other. */
function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(Math.max(one.length, other.length));
  both.set(one);
  for (const [at, isExecuted] of other.entries()) if (isExecuted === 1) both[at] = 1;
  return both;
}
