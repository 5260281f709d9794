/**
 * Runs a target on inputs, and says which one is a defect.
 *
 * FUZZ-1: an input takes a bounded time, and throws nothing that its target does not declare; what is found is kept as a file of
 *     the corpus, which a test reads again.
 * FUZZ-2: an input that reached code for the first time is changed further. To ask what was executed takes longer than most inputs, so
 *     it is asked for many at once, and for each of them only where there was something new.
 */
import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Coverage } from './coverage.ts';
import type { Target } from './decoders.ts';
import { mutated, randomOf } from './mutate.ts';

export const corpusFolder: string = fileURLToPath(new URL('corpus', import.meta.url));
/** Of a machine that is busy with other things. */
const longestMs = 5000;
const usuallyAtOnce = 64;

export interface Find {
  readonly target: string;
  readonly input: Buffer;
  readonly error: unknown;
}

/** @throws Whatever is a defect (FUZZ-1). */
export async function runOne({ name, run }: Target, input: Buffer): Promise<void> {
  const startedMs = performance.now();
  await Promise.race([
    Promise.resolve(run(input)),
    new Promise((_resolve, reject) => {
      setTimeout(() => reject(new Error(`${name} hangs`)), longestMs).unref();
    }),
  ]);
  const tookMs = performance.now() - startedMs;
  if (tookMs > longestMs) throw new Error(`${name} took ${String(Math.round(tookMs))} ms`);
}

export function corpusOf(
  name: string,
): readonly { readonly file: string; readonly input: Buffer }[] {
  const folder = join(corpusFolder, name);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((file) => ({ file, input: readFileSync(join(folder, file)) }));
}

export function keep({ target, input }: Find): string {
  const folder = join(corpusFolder, target);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, hash('sha256', input, 'hex').slice(0, 16));
  writeFileSync(path, input);
  return path;
}

/** Until the first defect, or as long as `goesOn` says so. */
export async function fuzz(
  target: Target,
  seed: number,
  goesOn: (runs: number) => boolean,
): Promise<{ readonly runs: number; readonly kept: number; readonly find: Find | undefined }> {
  const random = randomOf(seed);
  const inputs = [...(await target.seeds()), ...corpusOf(target.name).map(({ input }) => input)];
  const given = inputs.length;
  const coverage = new Coverage();
  coverage.start();
  let runs = 0;
  try {
    for (const input of inputs) await runOne(target, input).catch(() => undefined);
    coverage.hasGrown();
    while (goesOn(runs)) {
      const batch: Buffer[] = [];
      for (; batch.length < (target.atOnce ?? usuallyAtOnce) && goesOn(runs); runs++) {
        const input = mutated(inputs, random);
        batch.push(input);
        try {
          await runOne(target, input);
        } catch (error) {
          return { runs, kept: inputs.length - given, find: { target: target.name, input, error } };
        }
      }
      inputs.push(...(await thoseThatReached(target, batch, coverage)));
    }
  } finally {
    coverage.stop();
  }
  return { runs, kept: inputs.length - given, find: undefined };
}

/** FUZZ-2. */
async function thoseThatReached(
  target: Target,
  batch: readonly Buffer[],
  coverage: Coverage,
): Promise<readonly Buffer[]> {
  if (!coverage.hasGrown(true)) return [];
  const kept: Buffer[] = [];
  for (const input of batch) {
    await runOne(target, input).catch(() => undefined);
    if (coverage.hasGrown()) kept.push(input);
  }
  return kept;
}
