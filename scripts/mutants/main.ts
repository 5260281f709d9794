/**
 * Plants each fault in a copy of the sources: the simulator must find it, or tests that can.
 *
 *   make mutants                 all of them
 *   make mutants NAMES="a b"     some of them
 *   make mutants BY=tests        asks the tests alone; BY=simulator asks whole runs alone
 *   make mutants MISSING=1       those that were not measured yet
 *   make mutants STALE=1         those whose file has changed since they were measured
 *
 * Tests alone are asked for two faults at a time, each in a copy of its own; whole runs use both processors already.
 * What was measured is kept in `scripts/mutants/results.json`, and the table in docs/safety.md is made from it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '@holdfast/checker/flags';
import { allFaults } from './all-faults.ts';
import { askSimulator } from './ask-simulator.ts';
import { TestAsker, unsoundOf } from './ask-tests.ts';
import type { Unmutated } from './ask-tests.ts';
import { writeTable } from './document.ts';
import type { Fault } from './fault.ts';
import { Imports } from './imports.ts';
import { copyCheckout, Planted } from './plant.ts';
import { isOfOlderText, keepResult, readResults, resultOf, textOf } from './results.ts';
import type { Result, Way } from './results.ts';

const root = join(import.meta.dirname, '../..');

const { values, positionals: wanted } = readFlags({
  allowPositionals: true,
  options: {
    by: { type: 'string', default: 'both' },
    missing: { type: 'boolean', default: false },
    stale: { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '300' },
  },
});
const { by } = values;
if (!['both', 'tests', 'simulator'].includes(by)) usage(`No such way to find a fault: ${by}.`);
const unknown = wanted.filter((name) => !allFaults.some((fault) => fault.name === name));
if (unknown.length > 0)
  usage(
    `No such fault: ${unknown.join(', ')}. There are:\n${allFaults.map(({ name }) => `  ${name}`).join('\n')}`,
  );

function usage(message: string): never {
  console.error(message);
  process.exit(2);
}

/** What is to be measured of a fault. */
function questionsOf(fault: Fault): { readonly simulator: boolean; readonly tests: boolean } {
  const known = resultOf(readResults(root), fault);
  const asks = (way: Way): boolean => {
    if (by !== 'both' && by !== way) return false;
    if (values.missing && known[way] !== undefined) return false;
    return !values.stale || (known[way] !== undefined && isOfOlderText(root, fault, known, way));
  };
  return { simulator: asks('simulator'), tests: asks('tests') };
}

const chosen = allFaults.filter((fault) => {
  const { simulator, tests } = questionsOf(fault);
  return (wanted.length === 0 || wanted.includes(fault.name)) && (simulator || tests);
});
const waiting = [...chosen];
const survivors: string[] = [];
const unmutated: Unmutated = new Map();
const lanes = by === 'tests' ? Number(values.threads) : 1;
try {
  await Promise.all(Array.from({ length: Math.min(lanes, chosen.length) }, askForThose));
  const unsound = unsoundOf(unmutated);
  for (const [file, { type }] of unsound)
    console.log(`Not asked, for without a fault its outcome is "${type}": ${file}`);
  console.log(`${String(chosen.length - survivors.length)} of ${String(chosen.length)} found`);
  process.exitCode = survivors.length === 0 && unsound.length === 0 ? 0 : 1;
} finally {
  await writeTable(root, readResults(root));
}

/** One fault after the other in a copy of the checkout, as long as any waits. */
async function askForThose(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutants-'));
  try {
    copyCheckout(root, folder);
    const imports = new Imports(folder);
    const tests = new TestAsker(folder, imports, unmutated);
    for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
      const startedAt = performance.now();
      const measured = await measure(folder, fault, tests, imports);
      keepResult(root, allFaults, fault, measured);
      if (measured.simulator?.type !== 'found' && measured.tests?.type !== 'found')
        survivors.push(fault.name);
      tell(fault, measured, performance.now() - startedAt);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  folder: string,
  fault: Fault,
  tests: TestAsker,
  imports: Imports,
): Promise<Omit<Result, 'fault'>> {
  const text = textOf(folder, fault);
  const planted = new Planted(folder, fault);
  planted.plant();
  try {
    const [error] = planted.compileErrors();
    if (error !== undefined) {
      const message = `does not compile: ${error}`;
      const tests = { type: 'error', file: fault.file, test: 'not loaded', message } as const;
      return { tests, texts: { tests: text } };
    }
    const asks = questionsOf(fault);
    const options = {
      folder,
      imports,
      threads: Number(values.threads),
      maxSeconds: Number(values.seconds),
    };
    const known = resultOf(readResults(root), fault).tests;
    return {
      ...(asks.tests ? { tests: await tests.ask(planted, known) } : {}),
      ...(asks.simulator ? { simulator: await askSimulator(options, planted) } : {}),
      texts: {
        ...(asks.tests ? { tests: text } : {}),
        ...(asks.simulator ? { simulator: text } : {}),
      },
    };
  } finally {
    planted.heal();
  }
}

function tell({ name }: Fault, { simulator, tests }: Omit<Result, 'fault'>, ms: number): void {
  const runs =
    simulator === undefined
      ? ''
      : `${simulator.type} ${'runs' in simulator ? String(simulator.runs) : ''}`;
  const detail =
    tests !== undefined && 'file' in tests
      ? `${tests.file.replace(/^packages\//, '')}: ${tests.test}`
      : '';
  const promise = simulator?.type === 'found' ? simulator.promise : '';
  console.log(
    `${name.padEnd(42)} ${(ms / 1000).toFixed(0).padStart(5)} s  runs: ${runs.padEnd(14)} tests: ${tests?.type ?? ''} ${detail} ${promise}`,
  );
}
