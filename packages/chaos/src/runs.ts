/** Several runs in a row, told as they go. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepEvidence } from './evidence.ts';
import { clearLeftovers } from './leftovers.ts';
import { report } from './report.ts';
import type { RunOutcome } from './run.ts';

/** A folder for this program; when it is ended from outside nothing of it stays behind, and no process. */
export function scratchFolder(): string {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-chaos-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      clearLeftovers();
      rmSync(root, { recursive: true, force: true });
      process.exit(130);
    });
  }
  return root;
}

export interface Runs {
  /** Of the first run; each further one has the next. */
  readonly seed: number;
  /** So many at least. */
  readonly least: number;
  /** And for so long. */
  readonly minutes: number;
  /** In evidence, before the seed. */
  readonly prefix?: string;
  readonly titleOf: (run: number) => string;
  readonly run: (run: number, seed: number) => Promise<RunOutcome>;
}

/** @returns whether every promise was kept, and all reports. */
export async function runAll(
  runs: Runs,
): Promise<{ readonly kept: boolean; readonly summaries: readonly string[] }> {
  const summaries: string[] = [];
  let kept = true;
  const endMs = performance.now() + runs.minutes * 60_000;
  for (let run = 0; run < runs.least || performance.now() < endMs; run++) {
    const seed = runs.seed + run;
    const title = `${runs.titleOf(run)}, seed ${String(seed)}`;
    console.log(`\n${title}`);
    const outcome = await runs.run(run, seed);
    const told = report(title, outcome);
    console.log(told.text);
    summaries.push(told.text);
    kept &&= told.kept;
    if (!told.kept) console.log(keepEvidence(outcome, `${runs.prefix ?? ''}${String(seed)}`));
  }
  return { kept, summaries };
}
