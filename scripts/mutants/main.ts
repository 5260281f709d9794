/**
 * Plants each fault in a copy of the sources: the simulator must find it, or the tests of its room.
 *
 *   make mutants                 all of them
 *   make mutants NAMES="a b"     some of them
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allFaults as faults } from './all-faults.ts';
import type { Fault } from './faults.ts';
import { copySources, heal, plant } from './plant.ts';

const root = join(import.meta.dirname, '../..');
/** Lives of lease nodes are shorter. */
const maxSeeds = { cluster: 600, quorum: 3000 } as const;

/** The tests that are asked where the simulator finds nothing, cheapest first, for a fault in each room. A room, or a folder of its tests. */
const suites: Readonly<Record<string, readonly string[]>> = {
  raft: ['raft', 'engine'],
  state: ['state', 'engine'],
  storage: ['storage', 'engine'],
  engine: ['engine'],
  client: ['client'],
  api: ['api'],
  quorum: ['quorum'],
  cli: ['cli/test/unit'],
};

interface Finding {
  readonly seeds: string;
  readonly by: string;
}

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
  row('fault', { seeds: 'seeds', by: 'found by' }, 'time');
  const survivors = chosen.filter((fault) => !isFound(fault));
  console.log(`${String(chosen.length - survivors.length)} of ${String(chosen.length)} found`);
  process.exitCode = survivors.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function row(name: string, { seeds, by }: Finding, time: string): void {
  console.log(`${name.padEnd(42)} ${seeds.padStart(6)} ${time.padStart(6)}  ${by}`);
}

function isFound(fault: Fault): boolean {
  const startedAt = performance.now();
  plant(root, folder, fault);
  const finding = simulate(fault) ?? test(fault);
  heal(root, folder, fault);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const seeds = `>${String(maxSeeds[fault.lives ?? 'cluster'])}`;
  row(fault.name, finding ?? { seeds, by: 'NOBODY' }, `${seconds} s`);
  return finding !== undefined;
}

function simulate({ lives = 'cluster' }: Fault): Finding | undefined {
  const main = 'packages/simulator/src/main.ts';
  const options = [
    '--json',
    '--until-broken',
    '--first',
    '1',
    '--seeds',
    String(maxSeeds[lives]),
    '--kind',
    lives,
  ];
  const run = spawnSync(process.execPath, ['--conditions=source', main, ...options], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 300_000,
  });
  let summary: { lives: number; broken: { message: string }[] };
  try {
    summary = JSON.parse(run.stdout) as typeof summary;
  } catch {
    throw new Error(`The simulator did not run: ${run.stderr.slice(0, 2000)}`);
  }
  const [broken] = summary.broken;
  if (broken === undefined) return undefined;
  return { seeds: String(summary.lives), by: broken.message.split('\n')[0]?.slice(0, 110) ?? '' };
}

function test({ file, lives = 'cluster' }: Fault): Finding | undefined {
  const room = file.split('/')[1] ?? '';
  const suite = (suites[room] ?? []).find((name) => !passes(name));
  return suite === undefined
    ? undefined
    : { seeds: `>${String(maxSeeds[lives])}`, by: `the tests of ${suite}` };
}

function passes(suite: string): boolean {
  const tests = `packages/${suite.includes('/') ? suite : `${suite}/test`}/**/*.test.ts`;
  const run = spawnSync(process.execPath, ['--conditions=source', '--test', tests], {
    cwd: folder,
    stdio: 'ignore',
    timeout: 90_000,
  });
  return run.status === 0;
}
