/**
 * Plants each fault in a copy of the sources and runs the tests there: each must be found.
 *
 *   make mutants                 all of them
 *   make mutants NAMES="a b"     some of them
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faults, type Fault } from './faults.ts';
import { copySources, heal, plant } from './plant.ts';

const root = join(import.meta.dirname, '../..');

/** The tests that are asked, cheapest first, for a fault in each room. */
const suites: Readonly<Record<string, readonly string[]>> = {
  raft: ['raft', 'engine'],
  state: ['state', 'engine'],
  storage: ['storage', 'engine'],
  engine: ['engine'],
  client: ['client'],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !faults.some((fault) => fault.name === name));
if (unknown.length > 0) {
  console.error(`No such fault: ${unknown.join(', ')}. There are:`);
  for (const fault of faults) console.error(`  ${fault.name}`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutants-'));
try {
  copySources(root, folder);
  for (const tests of globSync('packages/*/test', { cwd: root }))
    cpSync(join(root, tests), join(folder, tests), { recursive: true });
  cpSync(join(root, 'SPEC.md'), join(folder, 'SPEC.md'));
  const chosen = faults.filter((fault) => wanted.length === 0 || wanted.includes(fault.name));
  const survivors = chosen.filter((fault) => !isFound(fault));
  console.log(`${String(chosen.length - survivors.length)} of ${String(chosen.length)} found`);
  process.exitCode = survivors.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function isFound(fault: Fault): boolean {
  const startedAt = performance.now();
  plant(root, folder, fault);
  const room = fault.file.split('/')[1] ?? '';
  const foundBy = (suites[room] ?? []).find((suite) => !passes(suite));
  heal(root, folder, fault);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const verdict = foundBy === undefined ? 'NOT FOUND' : `tests of ${foundBy}`;
  console.log(`${fault.name.padEnd(56)} ${verdict.padEnd(20)} ${seconds.padStart(4)} s`);
  return foundBy !== undefined;
}

function passes(suite: string): boolean {
  const tests = `packages/${suite}/test/unit/**/*.test.ts`;
  const run = spawnSync(process.execPath, ['--conditions=source', '--test', tests], {
    cwd: folder,
    stdio: 'ignore',
    timeout: 180_000,
  });
  return run.status === 0;
}
