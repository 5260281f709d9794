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

  it('lets the known imports pass, and no new cycle among the same modules', () => {
    const known = graph({ a: ['b'], b: ['a', 'c'], c: [] });
    assert.deepEqual(faultsOf(known, ['b -> a']), []);
    assert.equal(faultsOf(known, []).length, 1);
    const more = graph({ a: ['b'], b: ['a', 'c'], c: ['b'] });
    assert.deepEqual(faultsOf(more, ['b -> a']), [
      'These modules import each other in a cycle: b, c',
    ]);
  });

  it('asks to take out what closes no cycle any more', () => {
    assert.match(faultsOf(graph({ a: ['b'], b: [] }), ['b -> a']).join(), /b -> a closes no cycle/);
  });

  it('counts types, and imports over several lines', () => {
    const source = "import type { A } from './a.ts';\nexport {\n  b,\n} from '../b.ts';\n";
    assert.deepEqual(importsOf('x/y/z.ts', source), ['x/y/a.ts', 'x/b.ts']);
  });
});
