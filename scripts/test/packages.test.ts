import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { violations } from '../check-packages.ts';

describe('The rule of package imports', () => {
  it('finds an import against the flow', () => {
    assert.equal(violations('state', 'x.ts', "import { a } from '@holdfast/engine';").length, 1);
    assert.equal(
      violations('client', 'x.ts', "import type { A } from '@holdfast/state';").length,
      1,
    );
    assert.equal(violations('raft', 'x.ts', "import { readFileSync } from 'node:fs';").length, 1);
    assert.equal(violations('state', 'x.ts', "const a = await import('node:net');").length, 1);
  });

  it('lets the flow pass', () => {
    assert.deepEqual(
      violations(
        'engine',
        'x.ts',
        "import {\n  a,\n} from '@holdfast/raft';\nimport { b } from './b.ts';",
      ),
      [],
    );
  });
});

describe('The lint rule of the pure packages', () => {
  for (const [what, source] of [
    ['a clock', 'export const a: number = Date.now();'],
    ['a timer', 'setTimeout(() => undefined, 1);'],
    ['randomness', 'export const a: number = Math.random();'],
    [
      'I/O',
      "import { readFileSync } from 'node:fs';\nexport const a: string = readFileSync('x', 'utf8');",
    ],
  ] as const) {
    it(`finds ${what}`, () => {
      const folder = 'packages/raft/src/planted';
      mkdirSync(folder, { recursive: true });
      try {
        writeFileSync(`${folder}/planted.ts`, `${source}\n`);
        const { status, stdout } = spawnSync('npx', ['oxlint', '--quiet', folder], {
          encoding: 'utf8',
        });
        assert.notEqual(status, 0, stdout);
        assert.match(stdout, /restricted/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
