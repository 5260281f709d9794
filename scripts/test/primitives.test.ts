import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mostFiles } from '../check-primitives.ts';

const script = fileURLToPath(new URL('../check-primitives.ts', import.meta.url));

describe('The check of who knows a primitive', () => {
  const checked = (files: number): { readonly status: number | null; readonly stderr: string } => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-primitives-'));
    mkdirSync(join(folder, 'packages/x/src'), { recursive: true });
    mkdirSync(join(folder, 'packages/protocol/src/generated'), { recursive: true });
    writeFileSync(join(folder, 'packages/protocol/src/generated/a.ts'), 'latch');
    writeFileSync(join(folder, 'packages/x/src/other.ts'), 'lock');
    for (let number = 0; number < files; number++)
      writeFileSync(join(folder, `packages/x/src/${String(number)}.ts`), 'maxLatches');
    const { status, stderr } = spawnSync(process.execPath, [script], {
      cwd: folder,
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    return { status, stderr };
  };

  it('lets as many files pass as the list of CONTRIBUTING has, generated ones aside', () => {
    assert.equal(checked(mostFiles).status, 0);
  });

  it('names them all where there is one more', () => {
    const { status, stderr } = checked(mostFiles + 1);
    assert.equal(status, 1);
    assert.equal(stderr.split('\n').filter((line) => line.startsWith('  ')).length, mostFiles + 1);
  });
});
