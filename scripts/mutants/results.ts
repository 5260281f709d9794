/**
 * What the latest run knew of each planted fault, kept in the checkout: a run of some faults changes their
 * results and no others.
 *
 * MR-1: a result belongs to the fault as it was when it was measured: of one that was changed since, or is
 *       gone, nothing is known.
 * MR-2: with a result stands of which text of the file it is: where that has changed since, the table marks it and
 *       `STALE=1` asks again. Comments and how lines are laid out are no part of that text.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from './fault.ts';

export type SimulatorResult =
  | {
      readonly type: 'found';
      readonly runs: number;
      readonly promise: string;
      /** Of runs of a kind of their own. */
      readonly scenario?: string;
    }
  /** `undecided`: of so many runs the judge of histories could not tell. */
  | { readonly type: 'not found'; readonly runs: number; readonly undecided?: number }
  | { readonly type: 'time-out'; readonly runs: number; readonly undecided?: number }
  /** Runs ended with an error that is no broken promise. */
  | { readonly type: 'error'; readonly runs: number; readonly message: string }
  /** No part of what the simulator runs. */
  | { readonly type: 'out of reach' };

export type TestsResult =
  | { readonly type: 'found'; readonly file: string; readonly test: string }
  /** By so many files; `ofFiles` of them were to be asked where the time for all was over before. */
  | { readonly type: 'not found'; readonly files: number; readonly ofFiles?: number }
  | { readonly type: 'time-out'; readonly file: string; readonly test: string }
  | {
      readonly type: 'error';
      readonly file: string;
      readonly test: string;
      readonly message: string;
    };

export interface Result {
  /** Of the fault that was measured. */
  readonly fault: string;
  readonly simulator?: SimulatorResult;
  readonly tests?: TestsResult;
  /** Of the text of the fault's file, without the fault, that each was measured with. */
  readonly texts?: { readonly [way in Way]?: string };
}
export type Way = 'simulator' | 'tests';
export type Results = Readonly<Record<string, Result>>;

const path = 'scripts/mutants/results.json';

export const fingerprintOf = ({ file, find, put, runs }: Fault): string =>
  createHash('sha256')
    .update(JSON.stringify([file, find, put, runs ?? 'cluster']))
    .digest('hex')
    .slice(0, 12);

/** MR-2. */
export const textOf = (root: string, { file }: Fault): string =>
  hashOfProgram(readFileSync(join(root, file), 'utf8'));

/** Of what runs: the same for two texts that differ in comments on lines of their own, or in white space alone. */
export const hashOfProgram = (text: string): string =>
  createHash('sha256')
    .update(
      text
        .replaceAll(/^[ \t]*\/\*[\s\S]*?\*\/[ \t]*$/gm, '')
        .replaceAll(/^[ \t]*\/\/.*$/gm, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .digest('hex')
    .slice(0, 12);

/** Whether a result is of another text of the file than it has now. MR-2. */
export const isOfOlderText = (root: string, fault: Fault, { texts }: Result, way: Way): boolean =>
  texts?.[way] !== textOf(root, fault);

export function readResults(root: string): Results {
  const file = join(root, path);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : {};
}

/** Of this very fault. MR-1. */
export function resultOf(results: Results, fault: Fault): Result {
  const known = results[fault.name];
  const fingerprint = fingerprintOf(fault);
  return known?.fault === fingerprint ? known : { fault: fingerprint };
}

/** Adds what was measured, in the order of the faults, and leaves out what is stale. */
export function keepResult(
  root: string,
  faults: readonly Fault[],
  fault: Fault,
  measured: Omit<Result, 'fault'>,
): Results {
  const stored = readResults(root);
  const kept: Record<string, Result> = {};
  for (const one of faults) {
    const before = resultOf(stored, one);
    const result =
      one.name === fault.name
        ? { ...before, ...measured, texts: { ...before.texts, ...measured.texts } }
        : before;
    if (result.simulator !== undefined || result.tests !== undefined) kept[one.name] = result;
  }
  // Whole at any moment: another process may measure other faults meanwhile.
  const unfinished = join(root, `${path}.${String(process.pid)}`);
  writeFileSync(unfinished, `${JSON.stringify(kept, null, 2)}\n`);
  renameSync(unfinished, join(root, path));
  return kept;
}
