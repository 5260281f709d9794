/** The folder of the audit: durable by its name, and no reason for the event loop to wait. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileDisk } from '@holdfast/storage/parts';
import type { FolderDisk } from '../../../src/audit/chain-file.ts';
import { latestRecords } from '../../../src/audit/latest.ts';
import { openSigner } from '../../../src/audit/notes.ts';
import { newFolder, recordsOf, writerIn } from './support.ts';

/** What folders were made and synced, in order. */
function told(): FolderDisk & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    makeFolder: (folder) => {
      calls.push(`make ${folder}`);
      return fileDisk.makeFolder(folder);
    },
    syncFolder: (folder) => {
      calls.push(`sync ${folder}`);
      return fileDisk.syncFolder(folder);
    },
  };
}

/** The names of the calls during which the event loop waited for the disk. */
function waits(t: TestContext): string[] {
  const names: string[] = [];
  for (const name of ['mkdirSync', 'existsSync', 'readdirSync', 'statSync'] as const) {
    const original: (...given: never[]) => unknown = fs[name];
    t.mock.method(fs, name, (...given: never[]) => {
      names.push(name);
      return original(...given);
    });
  }
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  return names;
}

describe('The folder of the audit', () => {
  test('is made durable before a record in it counts, and so is the name of each file (AUDIT-NAME-1)', async (t) => {
    const folder = join(newFolder(t), 'node', 'audit');
    const disk = told();
    const writer = writerIn(folder, { disk, rotateBytes: 400 });
    const [first = '', ...others] = recordsOf(7);
    writer.add(first);
    await writer.durable();
    assert.deepEqual(disk.calls, [`make ${folder}`, `sync ${folder}`]);
    for (const line of others) {
      writer.add(line);
      await writer.durable();
    }
    await writer.close();
    const files = fs.readdirSync(folder).length;
    assert.ok(files > 1);
    assert.equal(disk.calls.filter((call) => call === `sync ${folder}`).length, files);
  });

  test('says what is in the way where it cannot be read when a node starts', (t) => {
    const folder = join(newFolder(t), 'audit');
    fs.writeFileSync(folder, '');
    assert.throws(() => writerIn(folder), {
      name: 'DiskError',
      message: `${folder} could not be read: ${folder} is a file where a folder should be. Choose another place (ENOTDIR).`,
    });
  });

  test('is durable with the key that signs checkpoints (NOTE-2)', async (t) => {
    const folder = join(newFolder(t), 'node', 'audit');
    const disk = told();
    await openSigner(folder, 'holdfast/c/n1', disk);
    assert.deepEqual(disk.calls, [`make ${folder}`, `sync ${folder}`]);
  });

  test('is never waited for while files are begun and the latest records are read (AUDIT-NAME-2)', async (t) => {
    const folder = newFolder(t);
    const writer = writerIn(folder, { rotateBytes: 400 });
    const lines = recordsOf(7);
    const names = waits(t);
    for (const line of lines) {
      writer.add(line);
      await writer.durable();
    }
    const { records } = await latestRecords(folder, 'changes', 3);
    await writer.close();
    assert.equal(records.length, 3);
    assert.deepEqual(names, []);
  });
});
