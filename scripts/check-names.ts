/**
 * One concept a word: the name of a type that is exported stands for one thing in all packages, so that whoever looks
 * it up finds what is meant.
 *
 * TYPE-NAME-1: no two modules export a type under the same name, but for the names below: those stand for one concept that
 *     two sides know, or for a word of the field that each package has for its own subject.
 *
 * Prints each name with the modules that have it, and ends with status 1.
 */
import { globSync, readFileSync } from 'node:fs';

/** Names that so many modules may have, and no more. None is added without need; one that is not shared any more is taken out. */
export const shared: ReadonlyMap<string, number> = new Map([
  ...[
    'Caller',
    'ClientOptions',
    'EndReason',
    'Environment',
    'Fetch',
    'HeldKind',
    'Hold',
    'HoldCounts',
    'HoldDigest',
    'HoldState',
    'LogIndex',
    'Membership',
    'Operation',
    'Output',
    'Queue',
    'RedisConnection',
    'Role',
    'Session',
    'SessionState',
    'Verb',
  ].map((name) => [name, 2] as const),
  // Of Raft, of Protocol Buffers, of a queue.
  ['Message', 3],
]);

const declared = /^export (?:declare )?(?:abstract )?(?:interface|type|class|enum) (\w+)/gm;

/** By name of a type: the modules that declare and export it. */
export type DeclaredNames = ReadonlyMap<string, readonly string[]>;

export function namesIn(sources: ReadonlyMap<string, string>): DeclaredNames {
  const modules = new Map<string, string[]>();
  for (const [path, source] of sources)
    for (const [, name = ''] of source.matchAll(declared)) {
      const all = modules.get(name);
      if (all === undefined) modules.set(name, [path]);
      else if (!all.includes(path)) all.push(path);
    }
  return modules;
}

/** What is wrong, as sentences. @param known By name: how many modules may have it. */
export function faultsOf(names: DeclaredNames, known: ReadonlyMap<string, number>): string[] {
  const several = [...names].filter(([name, modules]) => modules.length > (known.get(name) ?? 1));
  const fewer = [...known].filter(([name, count]) => (names.get(name)?.length ?? 0) < count);
  return [
    ...several.map(
      ([name, modules]) =>
        `${name} is a type of several modules: ${modules.join(', ')}. Give each the name of what it is, or import it from one place.`,
    ),
    ...fewer.map(
      ([name, count]) =>
        `${name} is no type of ${String(count)} modules any more: correct the list in scripts/check-names.ts`,
    ),
  ];
}

if (import.meta.main) {
  const paths = globSync('packages/*/src/**/*.ts').filter((path) => !path.includes('/generated/'));
  const sources = new Map(paths.sort().map((path) => [path, readFileSync(path, 'utf8')]));
  const faults = faultsOf(namesIn(sources), shared);
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
