/** The check of the subjects of commits, and the hook that calls it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const checked = (input: string): ReturnType<typeof spawnSync> =>
  spawnSync(join(root, 'scripts', 'check-subjects.sh'), { cwd: root, input, encoding: 'utf8' });

describe('The check of subjects', () => {
  it('lets 71 characters pass, whatever bytes they take, and prints each that is longer', () => {
    const longest = `Engine: ${'ü'.repeat(63)}`;
    assert.equal(checked(`${longest}\nCommand: short\n`).status, 0);
    const { status, stderr } = checked(`Command: short\n${longest}x\nState: ${'y'.repeat(80)}`);
    assert.equal(status, 1);
    assert.match(String(stderr), /this one has 72: Engine: ü+x\n.*this one has 87: State: y+\n$/);
  });

  it('is asked by the hook about the first line of a message, not about its body', () => {
    const folder = mkdtempSync(join(tmpdir(), 'subjects-'));
    const hook = (message: string): number | null => {
      writeFileSync(join(folder, 'message'), message);
      return spawnSync(join(root, '.githooks', 'commit-msg'), [join(folder, 'message')], {
        cwd: root,
      }).status;
    };
    try {
      assert.equal(hook(`# A comment ${'x'.repeat(80)}\n\nState: short\n\n${'y'.repeat(90)}\n`), 0);
      assert.equal(hook(`State: ${'y'.repeat(90)}\n\nshort\n`), 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is asked by the workflow of a forge about what a change brings', () => {
    const workflow = readFileSync(join(root, '.github/workflows/ci.yml'), 'utf8');
    assert.match(workflow, /git log --format=%s .*\| scripts\/check-subjects\.sh/);
  });
});
