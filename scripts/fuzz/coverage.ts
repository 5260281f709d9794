/**
 * Which code of this project was executed, as V8 counts it: an input that reaches some for the first time is worth changing further.
 *
 * COVERAGE-1: what is told is what was executed since it was told last, of the project's own sources alone: what fuzzes, and what
 *     libraries do, says nothing about an input.
 */
import { Session } from 'node:inspector';
import type { Profiler } from 'node:inspector';

const root = new URL('../..', import.meta.url).href;
const ofTheFuzzer = /\/scripts\/fuzz\/(?:coverage|mutate|run)\.ts$/;

export class Coverage {
  readonly #session = new Session();
  /** By the address of a script: the bytes of its text that were executed at least once. */
  readonly #executed = new Map<string, Uint8Array>();

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
      const { url } = script;
      if (!url.startsWith(root) || url.includes('/node_modules/') || ofTheFuzzer.test(url))
        continue;
      const now = painted(script);
      const before = this.#executed.get(url);
      const known = new Uint8Array(Math.max(now.length, before?.length ?? 0));
      known.set(before ?? []);
      const isNew = now.some((isExecuted, at) => isExecuted === 1 && known[at] === 0);
      has ||= isNew;
      if (!isNew || isOnlyLookedAt) continue;
      for (const [at, isExecuted] of now.entries()) if (isExecuted === 1) known[at] = 1;
      this.#executed.set(url, known);
    }
    return has;
  }

  stop(): void {
    this.#session.disconnect();
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

/** Functions come from the outermost to the innermost, and so do the ranges of one: what is within counts. */
function painted({ functions }: Profiler.ScriptCoverage): Uint8Array {
  const end = Math.max(
    0,
    ...functions.flatMap(({ ranges }) => ranges.map((range) => range.endOffset)),
  );
  const executed = new Uint8Array(end);
  for (const { ranges } of functions)
    for (const { startOffset, endOffset, count } of ranges)
      executed.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return executed;
}
