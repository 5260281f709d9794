/**
 * Runs a target on inputs, and says which one is a defect.
 *
 * FUZZ-1: an input takes a bounded time, and throws nothing that its target does not declare; what is found is kept as a file of
 *     the corpus, which a test reads again.
 * FUZZ-2: an input that reached code for the first time is changed further. To ask what was executed takes longer than most inputs, so
 *     it is asked for many at once, and for each of them only where there was something new.
 * FUZZ-3: inputs that wait most of their time are run beside each other. Where one of them fails each is run again by itself: that
 *     which fails then is the find; where none does, that which failed first.
 */
import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Coverage } from './coverage.ts';
import type { Target } from './target.ts';
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
  const running = run(input);
  if (running instanceof Promise) await inTime(name, running);
  const tookMs = performance.now() - startedMs;
  if (tookMs > longestMs) throw new Error(`${name} took ${String(Math.round(tookMs))} ms`);
}

async function inTime(name: string, running: Promise<unknown>): Promise<void> {
  const hangs = Promise.withResolvers<never>();
  const timer = setTimeout(() => hangs.reject(new Error(`${name} hangs`)), longestMs);
  try {
    await Promise.race([running, hangs.promise]);
  } finally {
    clearTimeout(timer);
  }
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
      while (batch.length < (target.atOnce ?? usuallyAtOnce) && goesOn(runs)) {
        const inputsBeside: Buffer[] = [];
        for (; inputsBeside.length < (target.beside ?? 1) && goesOn(runs); runs++)
          inputsBeside.push(mutated(inputs, random));
        const find = await findAmong(target, inputsBeside);
        if (find !== undefined) return { runs, kept: inputs.length - given, find };
        batch.push(...inputsBeside);
      }
      inputs.push(...(await thoseThatReached(target, batch, coverage)));
    }
  } finally {
    coverage.stop();
  }
  return { runs, kept: inputs.length - given, find: undefined };
}

/** FUZZ-3. */
async function findAmong(target: Target, inputs: readonly Buffer[]): Promise<Find | undefined> {
  const settled = await Promise.allSettled(inputs.map((input) => runOne(target, input)));
  const found = settled.findIndex(({ status }) => status === 'rejected');
  const first = settled[found];
  if (first?.status !== 'rejected') return undefined;
  const together = { target: target.name, input: inputs[found] ?? Buffer.alloc(0) };
  if (inputs.length > 1)
    for (const input of inputs)
      try {
        await runOne(target, input);
      } catch (error) {
        return { ...together, input, error };
      }
  const error: unknown = first.reason;
  return { ...together, error };
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
