/**
 * Plants faults in a copy of the sources and walks through a small configuration with each: the search must
 * find it, within bounds that are written down (docs/explore.md).
 *
 *   make explore FAULTS=1             all of them
 *   make explore FAULTS=1 NAMES="a b"  some of them
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allFaults } from './all-faults.ts';
import { copyCheckout, Planted } from './plant.ts';

/** By fault: the configuration that finds it. */
const explored: Readonly<Record<string, string>> = {
  'old-term-committed-by-counting': 'old-terms',
  'membership-not-one-at-a-time': 'membership',
  'read-proof-counts-older-rounds': 'reads',
  'no-confirm-round': 'tokens',
  'begins-with-files-of-one-round': 'short-founding',
};

const root = join(import.meta.dirname, '../..');
const maxMs = 1_800_000;
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in explored));
if (unknown.length > 0) {
  console.error(`Not among those that are explored: ${unknown.join(', ')}. There are:`);
  for (const name of Object.keys(explored)) console.error(`  ${name}`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-explore-'));
let survivors = 0;
try {
  copyCheckout(root, folder);
  for (const [name, configuration] of Object.entries(explored)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    if (!isFound(name, configuration)) survivors += 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = survivors === 0 ? 0 : 1;

function isFound(name: string, configuration: string): boolean {
  const fault = allFaults.find((one) => one.name === name);
  if (fault === undefined) throw new Error(`There is no fault "${name}".`);
  const planted = new Planted(folder, fault);
  planted.plant();
  const main = 'packages/explorer/src/main.ts';
  const run = spawnSync(process.execPath, ['--conditions=source', main, '--name', configuration], {
    cwd: folder,
    encoding: 'utf8',
    timeout: maxMs,
    maxBuffer: 1 << 26,
  });
  planted.heal();
  const lines = run.stdout.split('\n');
  const summary = lines.findIndex((line) => line.startsWith('A PROMISE IS BROKEN'));
  const isBroken = run.status === 1 && summary >= 0;
  console.log(`${name} (${configuration}): ${isBroken ? (lines[summary] ?? '') : 'NOT FOUND'}`);
  for (const line of isBroken ? lines.slice(summary + 2) : lines.slice(-3))
    console.log(`  ${line}`);
  if (run.stderr !== '') console.error(run.stderr.slice(0, 2000));
  return isBroken;
}
