/**
 * Plants each fault in a copy of the sources: the simulator must find it, or the tests of its room.
 *
 *   make mutants                 all of them
 *   make mutants NAMES="a b"     some of them
 *   make mutants BY=tests        asks the tests first, and the simulator where they find nothing: far quicker
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allFaults as faults } from './all-faults.ts';
import type { Fault } from './faults.ts';
import { copySources, heal, plant } from './plant.ts';
import { copyTests, findingFile } from './room-tests.ts';

const root = join(import.meta.dirname, '../..');
const simulateMs = 300_000;
/** Lives of lease nodes are shorter. */
const maxSeeds = { cluster: 600, leaders: 60, quorum: 3000 } as const;

interface Finding {
  readonly seeds: string;
  readonly by: string;
}

const testsFirst = process.argv[2] === '--tests-first';
const wanted = process.argv.slice(testsFirst ? 3 : 2);
const unknown = wanted.filter((name) => !faults.some((fault) => fault.name === name));
if (unknown.length > 0) {
  console.error(`No such fault: ${unknown.join(', ')}. There are:`);
  for (const fault of faults) console.error(`  ${fault.name}`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutants-'));
try {
  copySources(root, folder);
  copyTests(root, folder);
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
  const finding = testsFirst ? (test(fault) ?? simulate(fault)) : (simulate(fault) ?? test(fault));
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
    timeout: simulateMs,
  });
  if (run.signal !== null) return undefined; // In so much time it found nothing.
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

function test(fault: Fault): Finding | undefined {
  const file = findingFile(root, folder, fault);
  if (file === undefined) return undefined;
  const asked = testsFirst ? '-' : `>${String(maxSeeds[fault.lives ?? 'cluster'])}`;
  return { seeds: asked, by: file.replace(/^packages\//, '') };
}
