/**
 * Who may import whom: data flows one way through the house (see ARCHITECTURE.md).
 * Prints each import that goes against it and ends with status 1.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Room → rooms that it may import. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  protocol: [],
  state: [],
  raft: [],
  checker: [],
  storage: ['raft'],
  tls: ['protocol', 'storage'],
  engine: ['protocol', 'raft', 'state', 'storage'],
  api: ['contract', 'protocol', 'engine', 'state'],
  client: ['protocol'],
  guards: ['protocol'],
  quorum: ['protocol', 'storage'],
  server: ['protocol', 'engine', 'api', 'storage'],
  cli: ['protocol', 'client', 'server', 'quorum', 'storage', 'tls'],
  simulator: [
    'api',
    'checker',
    'client',
    'engine',
    'protocol',
    'quorum',
    'raft',
    'state',
    'storage',
  ],
  explorer: ['client', 'quorum', 'raft'],
  chaos: ['checker', 'cli', 'client', 'engine', 'protocol', 'quorum'],
  workload: ['protocol', 'client', 'server', 'engine', 'quorum'],
};
/** Rooms without I/O, clock or chance: they import nothing from outside either. */
const pureRooms: ReadonlySet<string> = new Set(['state', 'raft', 'protocol', 'contract']);

function* sourceFiles(folder: string): Iterable<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (entry.name.endsWith('.ts')) yield path;
  }
}

/** The imports of a room's source that go against the table, as sentences. */
export function violations(room: string, path: string, source: string): string[] {
  const found: string[] = [];
  for (const match of source.matchAll(
    /^(?:import|export)\b[^'"]*?from\s+'([^']+)'|\bimport\('([^']+)'\)|^import\s+'([^']+)'/gm,
  )) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    if (specifier.startsWith('.')) continue;
    const other = /^@holdfast\/([a-z]+)/.exec(specifier)?.[1];
    if (other === undefined) {
      if (pureRooms.has(room))
        found.push(`${path}: the pure room "${room}" imports "${specifier}"`);
    } else if (!(mayImport[room] ?? []).includes(other)) {
      found.push(`${path}: "${room}" may not import "${other}"`);
    }
  }
  if (!(room in mayImport))
    found.push(`${path}: the room "${room}" is not in the table of scripts/check-rooms.ts`);
  return found;
}

if (import.meta.main) {
  const all: string[] = [];
  for (const room of readdirSync('packages')) {
    for (const path of sourceFiles(join('packages', room, 'src')))
      all.push(...violations(room, path, readFileSync(path, 'utf8')));
  }
  for (const line of all) console.error(line);
  process.exitCode = all.length === 0 ? 0 : 1;
}
