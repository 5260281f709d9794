/**
 * Plants faults in a copy of the sources and walks through a small configuration with each: the search must
 * find it, within bounds that are written down (docs/explore.md).
 *
 *   make explore FAULTS=1             all of them
 *   make explore FAULTS=1 NAMES="a b"  some of them
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explored, walkWith } from './explored.ts';
import { copySources } from './plant.ts';

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
  copySources(root, folder);
  for (const [name, configuration] of Object.entries(explored)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    if (!isFound(name, configuration)) survivors += 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = survivors === 0 ? 0 : 1;

function isFound(name: string, configuration: string): boolean {
  const { isBroken, lines, errors } = walkWith(folder, name, maxMs);
  const [summary = '', , , ...way] = lines;
  console.log(`${name} (${configuration}): ${isBroken ? summary : 'NOT FOUND'}`);
  for (const line of isBroken ? way : lines) console.log(`  ${line}`);
  if (errors !== '') console.error(errors.slice(0, 2000));
  return isBroken;
}
