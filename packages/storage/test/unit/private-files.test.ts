/** Files that are written anew in a folder that somebody else may have prepared. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { fileDisk } from '../../src/file-disk.ts';
import { writePrivateFile } from '../../src/private-files.ts';

/** A link of the name of a file, to another one. */
function stage(t: TestContext): { readonly link: string; readonly outside: string } {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-private-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [link, outside] = [join(folder, 'link'), join(folder, 'outside')];
  writeFileSync(outside, 'as it was');
  symlinkSync(outside, link);
  return { link, outside };
}

describe('a symbolic link of the name of a file that is written anew', () => {
  it('is not followed by what writes a private file (PRIV-4)', (t) => {
    const { link, outside } = stage(t);
    assert.throws(
      () => writePrivateFile(link, 'new'),
      /link could not be written[^]*a symbolic link is in its place/,
    );
    assert.equal(readFileSync(outside, 'utf8'), 'as it was');
    writePrivateFile(outside, 'new');
    assert.equal(readFileSync(outside, 'utf8'), 'new');
  });

  it('is not followed by the disk of a log (PRIV-4)', async (t) => {
    const { link, outside } = stage(t);
    await assert.rejects(
      fileDisk.create(link, 4096),
      /link could not be made[^]*a symbolic link is in its place/,
    );
    assert.equal(readFileSync(outside, 'utf8'), 'as it was');
  });
});
