/** How SQLite is to write. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openStore } from '../../src/store/sqlite-store.ts';
import { numbered, setOf } from './support/store-files.ts';

const { prototype } = DatabaseSync;
const { exec } = prototype;

describe('A connection to the file of a lease node', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-lease-sync-'));
    file = join(folder, 'node.sqlite');
  });
  afterEach(() => {
    prototype.exec = exec;
    rmSync(folder, { recursive: true });
  });

  /** SQLite says nothing where it does not do what a PRAGMA asks for. */
  function ignore(from: string, to: string): void {
    prototype.exec = function deaf(this: DatabaseSync, sql: string): void {
      exec.call(this, sql.replace(from, to));
    };
  }

  for (const [from, to, pragma] of [
    ['synchronous = FULL', 'synchronous = NORMAL', 'synchronous 1, not 2'],
    ['synchronous = FULL', 'synchronous = OFF', 'synchronous 0, not 2'],
    ['journal_mode = WAL', 'journal_mode = MEMORY', 'journal_mode memory, not wal'],
    ['locking_mode = EXCLUSIVE', 'locking_mode = NORMAL', 'locking_mode normal, not exclusive'],
    ['wal_autocheckpoint = 0', 'wal_autocheckpoint = 9', 'wal_autocheckpoint 9, not 0'],
  ] as const)
    it(`with ${to} is not used, and nothing is put aside (STORE-5)`, () => {
      ignore(from, to);
      assert.throws(() => openStore(file, setOf(1)), new RegExp(`SQLite has ${pragma}`));
      assert.equal(existsSync(file), false);
      prototype.exec = exec;
      const { store } = openStore(file, setOf(1));
      store.save(numbered(1));
      store.close();
      ignore(from, to);
      assert.throws(() => openStore(file, setOf(1)), new RegExp(`SQLite has ${pragma}`));
      prototype.exec = exec;
      const again = openStore(file, setOf(1));
      again.store.close();
      assert.equal(again.restored.floor, 1);
      assert.deepEqual(readdirSync(folder), ['node.sqlite', 'node.sqlite-reserve']);
    });
});
