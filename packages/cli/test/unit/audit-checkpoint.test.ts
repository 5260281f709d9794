/** A checkpoint that cannot be read says nothing of the records: that is wrong usage, not a sign of tampering. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { exitStatus } from '../../src/exit-status.ts';
import { run } from '../../src/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-checkpoint-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('holdfast audit verify', () => {
  for (const [what, file, said] of [
    ['that is not there', 'none.txt', /--checkpoint cannot be read: ENOENT/],
    ['that is empty', 'empty.txt', /--checkpoint names an empty file/],
  ] as const)
    it(`refuses a checkpoint ${what} as wrong usage`, async (t) => {
      mkdirSync(join(folder, 'audit'), { recursive: true });
      writeFileSync(join(folder, 'empty.txt'), '\n');
      const told: string[] = [];
      t.mock.method(process.stderr, 'write', (text: string) => told.push(text) > 0);
      const status = await run(['audit', 'verify', folder, '--checkpoint', join(folder, file)]);
      assert.equal(status, exitStatus.usage, told.join(''));
      assert.match(told.join(''), said);
    });
});
