/**
 * Who may import whom: data flows in one direction (see ARCHITECTURE.md).
 * Prints each import that goes against it and ends with status 1.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Package → packages that it may import. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  protocol: [],
  state: [],
  raft: [],
  checker: [],
  storage: ['raft'],
  tls: ['protocol', 'storage'],
  engine: ['protocol', 'raft', 'state', 'storage'],
  queue: ['protocol', 'engine', 'state'],
  dashboard: ['protocol'],
  api: ['contract', 'dashboard', 'queue', 'protocol', 'engine', 'state', 'tls'],
  client: ['protocol'],
  'quorum-client': ['client', 'protocol'],
  'redis-voters': ['protocol', 'quorum-client'],
  guards: ['protocol'],
  quorum: ['dashboard', 'protocol', 'storage', 'tls'],
  server: ['protocol', 'engine', 'api', 'queue', 'storage', 'tls'],
  cli: [
    'cli', // By its name: what the bundle of the client commands leaves to the modules.
    'protocol',
    'client',
    'quorum-client',
    'redis-voters',
    'server',
    'quorum',
    'storage',
    'tls',
  ],
  simulator: [
    'api',
    'queue',
    'checker',
    'client',
    'engine',
    'protocol',
    'quorum',
    'quorum-client',
    'raft',
    'state',
    'storage',
  ],
  explorer: ['checker', 'client', 'quorum-client', 'quorum', 'raft'],
  chaos: ['checker', 'cli', 'client', 'engine', 'protocol', 'quorum', 'quorum-client', 'tls'],
  workload: ['checker', 'protocol', 'client', 'server', 'engine', 'quorum', 'quorum-client'],
};
/** Packages without I/O, clock or randomness: they import nothing from outside either. */
const purePackages: ReadonlySet<string> = new Set(['state', 'raft', 'protocol', 'contract']);

function* sourceFiles(folder: string): Iterable<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (entry.name.endsWith('.ts')) yield path;
  }
}

/** The imports of a package's source that go against the table, as sentences. */
export function violations(folder: string, path: string, source: string): string[] {
  const found: string[] = [];
  for (const match of source.matchAll(
    /^(?:import|export)\b[^'"]*?from\s+'([^']+)'|\bimport\('([^']+)'\)|^import\s+'([^']+)'/gm,
  )) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    if (specifier.startsWith('.')) continue;
    const other = /^@holdfast\/([a-z-]+)/.exec(specifier)?.[1];
    if (other === undefined) {
      if (purePackages.has(folder))
        found.push(`${path}: the pure package "${folder}" imports "${specifier}"`);
    } else if (!(mayImport[folder] ?? []).includes(other)) {
      found.push(`${path}: "${folder}" may not import "${other}"`);
    }
  }
  if (!(folder in mayImport))
    found.push(`${path}: the package "${folder}" is not in the table of scripts/check-packages.ts`);
  return found;
}

if (import.meta.main) {
  const all: string[] = [];
  for (const folder of readdirSync('packages')) {
    for (const path of sourceFiles(join('packages', folder, 'src')))
      all.push(...violations(folder, path, readFileSync(path, 'utf8')));
  }
  for (const line of all) console.error(line);
  process.exitCode = all.length === 0 ? 0 : 1;
}
