import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { asDiskError, DiskError, makeFolders, openStorage, openToOthers } from '../../src/index.ts';
import { fileDisk } from '../../src/file-disk.ts';
import { hardState, logId } from '../log-in-memory.ts';

let home: string;
let umask: number;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-disk-'));
  umask = process.umask(0);
});
afterEach(() => {
  process.umask(umask);
  rmSync(home, { recursive: true, force: true });
});

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was thrown');
}

const isTold = (error: unknown, path: string, text: RegExp, code: string): true => {
  assert.ok(error instanceof DiskError, String(error));
  assert.equal(error.code, 'disk_error');
  assert.equal(error.path, path);
  assert.equal(error.systemCode, code);
  assert.ok(error.message.startsWith(`${path} could not be ${error.operation}: `), error.message);
  assert.match(error.message, text);
  return true;
};

describe('An error of the disk names the path, what was tried and the cause (DERR-1)', () => {
  it('where a file is in the way of a folder', async () => {
    const file = join(home, 'file');
    writeFileSync(file, '');
    const folder = join(file, 'folder');
    for (const one of [folder, file])
      isTold(
        thrownBy(() => makeFolders(one)),
        file,
        /is a file where a folder/,
        'EEXIST',
      );
    await assert.rejects(fileDisk.open(folder), (error) =>
      isTold(error, folder, /\/file is a file where a folder/, 'ENOTDIR'),
    );
  });

  it('where the file system makes no folders: once, and not for ever (PRIV-2)', () => {
    const wanted = process.platform === 'linux' ? '/proc/x' : join(home, 'link');
    if (process.platform !== 'linux') symlinkSync('nowhere', wanted);
    const error = thrownBy(() => makeFolders(join(wanted, 'y')));
    assert.ok(error instanceof DiskError);
    assert.equal(error.path, wanted);
  });

  it('where something is missing, it names what is there', async () => {
    const file = join(home, 'a', 'b', 'c');
    await assert.rejects(fileDisk.open(file), (error) =>
      isTold(error, file, new RegExp(`only ${home} is there`), 'ENOENT'),
    );
  });

  it('where no space is left', { skip: process.platform !== 'linux' }, () => {
    const descriptor = openSync('/dev/full', 'w');
    try {
      const error = thrownBy(() => writeSync(descriptor, 'x'));
      isTold(asDiskError(error, 'written', '/x/log'), '/x/log', /no space is left/, 'ENOSPC');
    } finally {
      closeSync(descriptor);
    }
  });

  it('where SQLite keeps the cause to itself', () => {
    const missing = join(home, 'a', 'n.sqlite');
    isTold(
      asDiskError(
        thrownBy(() => new DatabaseSync(missing)),
        'opened',
        missing,
      ),
      missing,
      new RegExp(`only ${home} is there`),
      'ENOENT',
    );
    const folder = join(home, 'folder.sqlite');
    mkdirSync(folder);
    isTold(
      asDiskError(
        thrownBy(() => new DatabaseSync(folder)),
        'opened',
        folder,
      ),
      folder,
      /it is a folder where a file should be/,
      'EISDIR',
    );
    const unknown = Object.assign(new Error('disk I/O error'), { errcode: 1290 });
    const file = join(home, 'n.sqlite');
    isTold(
      asDiskError(unknown, 'written', file),
      file,
      /SQLite says "disk I\/O error", code 1290/,
      'SQLITE_IOERR',
    );
  });

  it('and what is no refusal of the disk stays as it is', () => {
    const errors = [
      new Error('x'),
      new RangeError('y'),
      Object.assign(new Error('malformed'), { errcode: 11 }),
      'z',
    ];
    for (const error of errors) assert.equal(asDiskError(error, 'read', home), error);
    const told = asDiskError(
      Object.assign(new Error(), { code: 'EIO', syscall: 'read' }),
      'read',
      home,
    );
    assert.equal(asDiskError(told, 'opened', '/other'), told);
  });
});

describe('What is made is its owner’s alone, whatever the umask (PRIV-1)', () => {
  it('given a log with its snapshots, then every folder is 0700 and every file 0600', async () => {
    const folder = join(home, 'above', 'node', 'log');
    const opened = await openStorage({
      folder,
      log: { id: logId, made: false },
      onFailure: (error) => assert.fail(error),
    });
    await opened.storage.write({ id: 1, hardState: hardState(1), entries: [] });
    await opened.storage.close();
    for (const name of ['above', 'above/node', 'above/node/log', 'above/node/snapshots'])
      assert.equal(modeOf(join(home, name)), '700', name);
    const files = readdirSync(folder);
    assert.ok(files.length >= 2, files.join(' '));
    for (const name of files) assert.equal(modeOf(join(folder, name)), '600', name);
  });

  it('given files from before, then those are told that others can use, and stay as they are (PRIV-3)', () => {
    const [closed, open] = ['closed', 'open'].map((name) => join(home, name)) as [string, string];
    writeFileSync(closed, '', { mode: 0o600 });
    writeFileSync(open, '', { mode: 0o640 });
    const names = ['closed', 'open', 'missing'];
    assert.deepEqual(openToOthers(home, names), []);
    chmodSync(home, 0o750);
    assert.deepEqual(openToOthers(home, names), [open]);
    assert.equal(modeOf(open), '640');
  });
});
