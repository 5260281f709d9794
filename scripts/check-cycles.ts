/**
 * No module may come back to itself by its imports, not even by types alone: what stands in a cycle can only be
 * read, tested and moved as one. Prints each cycle of each package and ends with status 1.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

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

/** What is wrong, as sentences. */
export const faultsOf = (graph: ImportGraph): string[] =>
  cyclesIn(graph).map((cycle) => `These modules import each other in a cycle: ${cycle.join(', ')}`);

if (import.meta.main) {
  const faults = faultsOf(graphOf('packages/*/src/**/*.ts'));
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
