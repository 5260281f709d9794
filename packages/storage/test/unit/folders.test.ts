/** Folders that are made, and what is told of a disk that refuses, by the real disk of a process that serves meanwhile. */
import assert from 'node:assert/strict';
import fs, { mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';

const synced: string[] = [];
const waited: string[] = [];
const { fsync } = fs;
const fsyncTold: (descriptor: number, done: fs.NoParamCallback) => void = (descriptor, done) => {
  synced.push(readlinkSync(`/proc/self/fd/${String(descriptor)}`));
  fsync(descriptor, done);
};
Object.assign(fs, { fsync: fsyncTold });
for (const name of ['mkdirSync', 'statSync', 'accessSync'] as const) {
  const original: (...given: never[]) => unknown = fs[name];
  const told = (...given: never[]): unknown => {
    waited.push(name);
    return original(...given);
  };
  Object.assign(fs, { [name]: told });
}
syncBuiltinESMExports();
const { fileDisk } = await import('../../src/file-disk.ts');
const { lockFolder } = await import('../../src/open.ts');

const isLinux = process.platform === 'linux';
const home = fs.realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-folders-')));
after(() => rmSync(home, { recursive: true, force: true }));

describe(
  'The real disk',
  { skip: !isLinux && 'it asks Linux which file a descriptor is of' },
  () => {
    beforeEach(() => {
      synced.length = 0;
      waited.length = 0;
    });

    it('makes folders durable, up to the first that was there before, without waiting for them (FD-2, DERR-2)', async () => {
      const folder = join(home, 'a', 'b', 'c');
      await fileDisk.makeFolder(folder);
      assert.deepEqual(synced, [home, join(home, 'a'), join(home, 'a', 'b')]);
      await fileDisk.makeFolder(join(folder, 'd'));
      assert.deepEqual(synced.slice(3), [folder]);
      await fileDisk.makeFolder(folder);
      assert.equal(synced.length, 4);
      assert.deepEqual(waited, []);
      assert.equal(statSync(folder).mode & 0o777, 0o700, 'PRIV-1');
    });

    it('makes the folder of a node durable at every start, for who made it may have been killed (FD-5)', async () => {
      const folder = join(home, 'node');
      const logFolder = join(folder, 'log');
      (await lockFolder(logFolder))();
      synced.length = 0;
      (await lockFolder(logFolder))();
      assert.deepEqual(synced, [home, folder]);
    });

    it('says what is in the way without waiting for it (DERR-2)', async () => {
      const file = join(home, 'file');
      writeFileSync(file, '');
      const inTheWay = /file is a file where a folder should be/;
      await assert.rejects(fileDisk.open(join(file, 'x')), inTheWay);
      await assert.rejects(fileDisk.makeFolder(join(file, 'x')), inTheWay);
      await assert.rejects(fileDisk.list(file), inTheWay);
      await assert.rejects(fileDisk.create(join(home, 'none', 'x'), 0), /takes no such file|only/);
      assert.deepEqual(waited, []);
    });
  },
);
