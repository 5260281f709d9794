import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import fs, { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { DiskError } from '@holdfast/storage';
import { UsageError } from '../../src/failure.ts';
import { readAllGroups } from '../../src/groups.ts';
import { keptIn, writeKeyFirst } from '../../src/key-file.ts';
import { buildProgram } from '../../src/program.ts';
import { writeSurely } from '../../src/write-surely.ts';

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

describe('a key that is known before it counts (RKEY-1)', () => {
  it('is in its file durably, for its owner, until it counts for nothing', () => {
    const path = join(folder, 'first.key');
    const remove = writeKeyFirst(path, 'hf_1_x');
    assert.equal(readFileSync(path, 'utf8'), 'hf_1_x\n');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.throws(() => writeKeyFirst(path, 'hf_2_y'), UsageError);
    assert.equal(readFileSync(path, 'utf8'), 'hf_1_x\n');
    remove();
    assert.equal(existsSync(path), false);
  });

  it('leaves no file where the disk refuses it, or the name of it', (t) => {
    const path = join(folder, 'refused.key');
    for (let failing = 1; failing <= 2; failing++) {
      let syncs = 0;
      const mocked = t.mock.method(fs, 'fsyncSync', () => {
        syncs += 1;
        if (syncs !== failing) return;
        const full = new Error('ENOSPC: no space left on device, fsync');
        throw Object.assign(full, { code: 'ENOSPC', syscall: 'fsync' });
      });
      syncBuiltinESMExports();
      try {
        assert.throws(() => writeKeyFirst(path, 'hf_1_x'), DiskError);
      } finally {
        mocked.mock.restore();
        syncBuiltinESMExports();
      }
      assert.equal(syncs, failing);
      assert.equal(existsSync(path), false);
    }
  });

  it('is shown only where standard output takes it (RKEY-1)', async () => {
    const statusBefore = process.exitCode;
    let written = '';
    let failure: Error | undefined;
    const target = Object.assign(new EventEmitter(), {
      write: (text: string, done: (error?: Error) => void) => {
        written += text;
        queueMicrotask(() => done(failure));
        return true;
      },
    }) as unknown as NodeJS.WriteStream;
    await writeSurely('hf_1_x\n', target);
    assert.equal(written, 'hf_1_x\n');
    failure = Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' });
    await assert.rejects(writeSurely('hf_1_x\n', target), /Standard output could not be written/);
    assert.equal(process.exitCode, 1);
    process.exitCode = statusBefore;
  });
});
