/**
 * No module may come back to itself by its imports, not even by types alone: what stands in a cycle can only be
 * read, tested and moved as one. Prints each cycle of each package and ends with status 1.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The imports that close the cycles there still are: without them there is none. None may be added, and one that
 * closes no cycle any more is taken out.
 */
const notYet: readonly string[] = [
  'packages/client/src/cache-filling.ts -> packages/client/src/cache.ts',
  'packages/client/src/cache-memory.ts -> packages/client/src/cache.ts',
  'packages/client/src/environment.ts -> packages/client/src/hello.ts',
  'packages/client/src/hold.ts -> packages/client/src/session.ts',
  'packages/client/src/permits.ts -> packages/client/src/session.ts',
  'packages/client/src/queue-delivery.ts -> packages/client/src/queue.ts',
  'packages/raft/src/core-image.ts -> packages/raft/src/raft.ts',
  'packages/raft/src/elections.ts -> packages/raft/src/raft.ts',
  'packages/raft/src/follower.ts -> packages/raft/src/raft.ts',
  'packages/raft/src/older-term.ts -> packages/raft/src/raft.ts',
  'packages/raft/src/outputs.ts -> packages/raft/src/raft.ts',
  'packages/raft/src/raft.ts -> packages/raft/src/leader.ts',
  'packages/raft/src/raft.ts -> packages/raft/src/snapshot-receiver.ts',
  'packages/simulator/src/checks/witness.ts -> packages/simulator/src/clients/player.ts',
  'packages/simulator/src/run/plan.ts -> packages/simulator/src/run/faults.ts',
  'packages/simulator/src/scenarios/actor.ts -> packages/simulator/src/scenarios/stage.ts',
  'packages/storage/src/recover.ts -> packages/storage/src/replay.ts',
];

/** By file: those that it imports, types included. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

const importing =
  /^(?:import|export)\b[^'"]*?\bfrom\s+'(\.[^']+)'|^import\s+'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm;

export function importsOf(path: string, source: string): readonly string[] {
  const found = new Set<string>();
  for (const [, from, alone, called] of source.matchAll(importing))
    found.add(join(dirname(path), from ?? alone ?? called ?? ''));
  return [...found];
}

/** The groups of files that reach each other, each in order of names (Tarjan); none where there is no cycle. */
export function cyclesIn(graph: ImportGraph): readonly (readonly string[])[] {
  const cycles: (readonly string[])[] = [];
  const numbers = new Map<string, { number: number; lowest: number }>();
  const open: string[] = [];
  const visit = (file: string): { number: number; lowest: number } => {
    const own = { number: numbers.size, lowest: numbers.size };
    numbers.set(file, own);
    open.push(file);
    for (const next of graph.get(file) ?? []) {
      const known = numbers.get(next);
      if (known === undefined) own.lowest = Math.min(own.lowest, visit(next).lowest);
      else if (open.includes(next)) own.lowest = Math.min(own.lowest, known.number);
    }
    if (own.lowest === own.number) {
      const group = open.splice(open.indexOf(file));
      if (group.length > 1 || graph.get(file)?.includes(file) === true) cycles.push(group.sort());
    }
    return own;
  };
  for (const file of graph.keys()) if (!numbers.has(file)) visit(file);
  return cycles;
}

export function graphOf(pattern: string): ImportGraph {
  const graph = new Map<string, readonly string[]>();
  for (const path of globSync(pattern))
    graph.set(
      path,
      importsOf(path, readFileSync(path, 'utf8')).filter((one) => existsSync(one)),
    );
  return graph;
}

/** What is wrong, as sentences. @param known Imports that close a cycle, such as `a.ts -> b.ts`. */
export function faultsOf(graph: ImportGraph, known: readonly string[]): string[] {
  const without = (allowed: ReadonlySet<string>): ImportGraph =>
    new Map(
      [...graph].map(([file, imports]) => [
        file,
        imports.filter((next) => !allowed.has(`${file} -> ${next}`)),
      ]),
    );
  const all = new Set(known);
  const cycles = cyclesIn(without(all)).map(
    (cycle) => `These modules import each other in a cycle: ${cycle.join(', ')}`,
  );
  if (cycles.length > 0) return cycles;
  return known
    .filter((one) => cyclesIn(without(all.difference(new Set([one])))).length === 0)
    .map((one) => `${one} closes no cycle any more: take it out of scripts/check-cycles.ts`);
}

if (import.meta.main) {
  const faults = faultsOf(graphOf('packages/*/src/**/*.ts'), notYet);
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
