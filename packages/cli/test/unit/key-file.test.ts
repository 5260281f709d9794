import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { UsageError } from '../../src/failure.ts';
import { readAllGroups } from '../../src/groups.ts';
import { keptIn } from '../../src/key-file.ts';
import { buildProgram } from '../../src/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-key-file-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('a key that is made', () => {
  it('is in the file alone, for its owner', async () => {
    const path = join(folder, 'a.key');
    const { shown } = await keptIn(path, async () => ({ key: 'hf_1_x', identity: 'a' }));
    assert.deepEqual(shown, { identity: 'a', key_file: path });
    assert.equal(readFileSync(path, 'utf8'), 'hf_1_x\n');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await assert.rejects(
      keptIn(path, () => assert.fail('no key is made')),
      UsageError,
    );
  });

  it('leaves no file where none was', async () => {
    const path = join(folder, 'none.key');
    await keptIn(path, async () => ({ key: undefined }));
    assert.equal(existsSync(path), false);
  });

  it('may be kept in a file by every command that shows one', async () => {
    const program = buildProgram(() => assert.fail('nothing is run here'), await readAllGroups());
    for (const words of [
      'auth enable',
      'auth recover',
      'auth key create',
      'auth key rotate',
      'restore',
    ]) {
      let at: (typeof program.commands)[number] | undefined = program;
      for (const word of words.split(' '))
        at = at?.commands.find((command) => command.name() === word);
      assert.ok(at?.options.some(({ long }) => long === '--key-file') === true, words);
    }
  });
});
