/** What is no lease node's file is refused, with its path and what it is, and stays as it was. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { applicationId } from '../../src/store/schema.ts';
import { NotALeaseFileError } from '../../src/store/own-file.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { look, numbered, setOf } from './support/store-files.ts';

const isRoot = process.getuid?.() === 0;

describe('What is no file of a lease node', () => {
  let folder: string;
  let path: string;
  let server: Server | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-own-'));
    path = join(folder, 'given');
  });
  afterEach(async () => {
    await new Promise<void>((resolve) => {
      if (server === undefined) resolve();
      else server.close(() => resolve());
    });
    server = undefined;
    rmSync(folder, { recursive: true });
  });

  /** By `mknod` in the folder of the test, never one of the machine's own. */
  function makeNode(...words: readonly string[]): void {
    const { status, stderr } = spawnSync('mknod', [path, ...words], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }

  function makeLeaseFile(at: string): void {
    const { store } = openStore(at, setOf(1));
    store.save(numbered(1));
    store.close();
  }

  function foreignDatabase(at: string): void {
    const database = new DatabaseSync(at);
    database.exec('PRAGMA journal_mode = wal; CREATE TABLE leases (resource TEXT); ');
    database.exec(`INSERT INTO leases VALUES ('flat')`);
    database.close();
  }

  const others: Readonly<
    Record<string, { readonly make: () => void | Promise<void>; readonly root?: true }>
  > = {
    'a text file': { make: () => writeFileSync(path, 'notes of a year\n'.repeat(1000)) },
    'an empty file': { make: () => writeFileSync(path, '') },
    'a file of another kind': { make: () => writeFileSync(path, Buffer.alloc(20_000, 'a\0b')) },
    'an SQLite file of another program': { make: () => foreignDatabase(path) },
    'a folder': { make: () => mkdirSync(path) },
    'a symbolic link to elsewhere': { make: () => symlinkSync('elsewhere', path) },
    'a symbolic link to .*lease': {
      make: () => {
        makeLeaseFile(join(folder, 'lease'));
        symlinkSync(join(folder, 'lease'), path);
      },
    },
    'a named pipe': { make: () => makeNode('p') },
    'a character device': { make: () => makeNode('c', '1', '3'), root: true },
    'a block device': { make: () => makeNode('b', '7', '250'), root: true },
    'a socket': {
      make: () =>
        new Promise<void>((resolve) => {
          server = createServer().listen(path, resolve);
        }),
    },
  };
  for (const [kind, { make, root = false }] of Object.entries(others))
    it(
      `is refused where it is ${kind} (LEASE-FILE-1)`,
      { skip: root && !isRoot && 'needs root' },
      async () => {
        await make();
        const names = readdirSync(folder).toSorted();
        const before = lstatSync(path, { bigint: true });
        const bytes = before.isFile() ? readFileSync(path) : undefined;
        const told: string[] = [];
        assert.throws(
          () => openStore(path, setOf(1), (aside) => void told.push(aside)),
          (error) => {
            assert.ok(error instanceof NotALeaseFileError, String(error));
            assert.ok(error.message.startsWith(`${path} is `), error.message);
            assert.match(error.message, new RegExp(`is ${kind}, not the file of a lease node`));
            assert.equal(error.code, 'not_a_lease_file');
            return true;
          },
        );
        assert.deepEqual(told, []);
        assert.deepEqual(readdirSync(folder).toSorted(), names, 'nothing was made or moved');
        const after = lstatSync(path, { bigint: true });
        assert.deepEqual(
          [after.ino, after.mode, after.mtimeNs],
          [before.ino, before.mode, before.mtimeNs],
        );
        if (bytes !== undefined) assert.deepEqual(readFileSync(path), bytes);
      },
    );

  for (const suffix of ['.new', '.new-wal', '-wal', '-shm'])
    it(`is refused where a folder is called PATH${suffix}`, () => {
      mkdirSync(path + suffix);
      assert.throws(
        () => openStore(path, setOf(1)),
        new RegExp(`given${suffix} is a folder, not the file`),
      );
      assert.deepEqual(readdirSync(folder), [basename(path + suffix)]);
    });

  it('is not removed where a new file would be made under its name (LEASE-FILE-1)', () => {
    writeFileSync(`${path}.new`, 'what I wrote');
    assert.throws(() => openStore(path, setOf(1)), /given\.new is a text file/);
    assert.equal(readFileSync(`${path}.new`, 'utf8'), 'what I wrote');
  });

  it('is not moved where it has the name of the log of a file that is not there (LEASE-FILE-1)', () => {
    writeFileSync(`${path}-wal`, 'needs_log has_voted: a text about them');
    assert.throws(() => openStore(path, setOf(1)), /given-wal is a text file/);
    assert.deepEqual(readdirSync(folder), ['given-wal']);
  });

  it('quotes the tables of a lease node, and is refused all the same', () => {
    const source = new URL('../../src/store/schema.ts', import.meta.url);
    writeFileSync(path, readFileSync(source));
    assert.throws(() => openStore(path, setOf(1)), /given is a text file/);
  });

  it('is told from a file of before there was a mark in its head: that is opened, and put aside where it is damaged', () => {
    makeLeaseFile(path);
    const bytes = readFileSync(path);
    assert.equal(bytes.readUInt32BE(68), applicationId);
    bytes.writeUInt32BE(0, 68);
    writeFileSync(path, bytes);
    assert.equal(look(path).putAside, undefined);
    writeFileSync(path, bytes.subarray(0, bytes.length - 4096));
    assert.ok(existsSync(String(look(path).putAside)));
  });

  it('is told from a file of which only the head is left, or only a table (LEASE-FILE-1)', () => {
    makeLeaseFile(path);
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.from(bytes).fill('x', 100));
    assert.ok(existsSync(String(look(path).putAside)));
    rmSync(path);
    writeFileSync(path, Buffer.from(bytes).fill('x', 0, 100));
    assert.ok(existsSync(String(look(path).putAside)));
  });
});
