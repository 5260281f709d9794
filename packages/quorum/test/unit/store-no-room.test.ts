/**
 * Where a file finds no room: what store-full-disk.test.ts shows on a disk that takes root to make. SQLite says the same
 * of a file that may have no more pages as of one on a full disk.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Reserve } from '../../src/store/reserve.ts';
import { configure } from '../../src/store/schema.ts';
import { openStore, SqliteLeaseStore } from '../../src/store/sqlite-store.ts';
import { look, nothing, rowOf, setOf } from './support/store-files.ts';

describe('A lease node whose file finds no room', () => {
  let folder: string;
  let file: string;
  let database: DatabaseSync;
  let store: SqliteLeaseStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-no-room-'));
    file = join(folder, 'node.sqlite');
    openStore(file, setOf(1)).store.close();
    database = new DatabaseSync(file);
    configure(database);
    store = new SqliteLeaseStore(database, file);
  });
  afterEach(() => {
    if (database.isOpen) database.close();
    rmSync(folder, { recursive: true });
  });

  /** For so many more pages. */
  function room(pages: number): void {
    const { page_count: count } = database.prepare('PRAGMA page_count').get() ?? {};
    database.exec(`PRAGMA max_page_count = ${String(Number(count) + pages)}`);
  }
  /** The number-th, which takes a page or so. */
  const save = (number: number): void =>
    store.save({
      ...nothing,
      rows: [{ ...rowOf(number), resource: 'a' }],
      tombstones: Array.from({ length: 100 }, (_, at) => `lease-${String(number)}-${String(at)}`),
    });
  /** @returns how many were saved, and what the next one said. */
  function fill(first: number): readonly [last: number, said: unknown] {
    for (let number = first; number < first + 100; number++)
      try {
        save(number);
      } catch (error) {
        return [number - 1, error];
      }
    assert.fail('There is room for all.');
  }

  it('says file and cause, keeps its reserve, and has lost nothing', () => {
    room(4);
    const [last, said] = fill(1);
    assert.ok(last > 0);
    assert.equal(
      (said as Error).message,
      `${file} could not be written: no space is left on the device. Make room, or choose another place (ENOSPC).`,
    );
    assert.ok(existsSync(`${file}-reserve`));
    assert.throws(() => save(last + 1), { systemCode: 'ENOSPC' });
    store.close();
    const { restored, putAside } = look(file);
    assert.equal(putAside, undefined);
    assert.equal(restored.rows[0]?.maxToken, rowOf(last).maxToken);
    assert.equal(restored.tombstones.length, 100 * last);
  });

  it('goes on by itself when there is room again', () => {
    room(4);
    const [last] = fill(1);
    room(100);
    save(last + 1);
    store.close();
    assert.equal(look(file).restored.rows[0]?.maxToken, rowOf(last + 1).maxToken);
  });

  it('gives its reserve back before it refuses, and takes it again (RES-1)', (context) => {
    room(4);
    const { giveBack } = Reserve.prototype;
    let times = 0;
    context.mock.method(Reserve.prototype, 'giveBack', function (this: Reserve) {
      times += 1;
      room(8);
      return giveBack.call(this);
    });
    for (let number = 1; number <= 20; number++) save(number);
    assert.ok(times > 0);
    assert.ok(existsSync(`${file}-reserve`));
    store.close();
    assert.equal(look(file).restored.tombstones.length, 2000);
  });
});
