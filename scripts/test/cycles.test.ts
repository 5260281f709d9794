import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cyclesIn, faultsOf, importsOf } from '../check-cycles.ts';

const graph = (
  edges: Readonly<Record<string, readonly string[]>>,
): Map<string, readonly string[]> => new Map(Object.entries(edges));

describe('The check for cycles of imports', () => {
  it('finds those that reach each other, each group once', () => {
    const found = cyclesIn(
      graph({ a: ['b'], b: ['c', 'd'], c: ['a'], d: ['e'], e: [], f: ['g'], g: ['f', 'a'] }),
    );
    assert.deepEqual(
      found.map((cycle) => cycle.join()),
      ['a,b,c', 'f,g'],
    );
  });

  it('lets several ways to one module pass', () => {
    assert.deepEqual(cyclesIn(graph({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] })), []);
  });

  it('names the modules of each cycle', () => {
    assert.deepEqual(faultsOf(graph({ a: ['b'], b: ['a', 'c'], c: [] })), [
      'These modules import each other in a cycle: a, b',
    ]);
    assert.deepEqual(faultsOf(graph({ a: ['b'], b: ['c'], c: [] })), []);
  });

  it('counts types, and imports over several lines', () => {
    const source = "import type { A } from './a.ts';\nexport {\n  b,\n} from '../b.ts';\n";
    assert.deepEqual(importsOf('x/y/z.ts', source), ['x/y/a.ts', 'x/b.ts']);
  });
});
