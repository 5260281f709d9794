import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Changes, LeaseRow } from '../../src/node/lease-node.ts';
import { formatVersion, metaRow } from '../../src/store/schema.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import type { OpenedStore } from '../../src/store/sqlite-store.ts';
import { setOf } from './support/store-files.ts';

const nothing: Changes = { rows: [], dropped: [], tombstones: [], forgotten: [], floor: undefined };
const lease = { id: 'l1', clientId: 'c', ttlMs: 1500, token: 7 };
const held: LeaseRow = { resource: 'a', maxToken: 9, lease };
const free: LeaseRow = { resource: 'b', maxToken: 4, lease: undefined };

describe('The file of a lease node', () => {
  let folder: string;
  let file: string;
  let opened: OpenedStore[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-lease-'));
    file = join(folder, 'node.sqlite');
    opened = [];
  });
  afterEach(() => {
    for (const { store } of opened) close(store);
    rmSync(folder, { recursive: true });
  });

  function open(epoch = 1): OpenedStore {
    const one = openStore(file, setOf(epoch));
    opened.push(one);
    return one;
  }

  function close(store: OpenedStore['store']): void {
    try {
      store.close();
    } catch {
      // It is closed.
    }
  }

  /** Something of everything, more than one page of each table. */
  function write(): OpenedStore {
    const first = open();
    first.store.found([5, 8]);
    first.store.markVoting();
    const rows = Array.from({ length: 200 }, (_, number) => ({
      ...held,
      resource: `r${String(number)}`,
    }));
    const tombstones = Array.from({ length: 200 }, (_, number) => `t${String(number)}`);
    first.store.save({ ...nothing, rows, tombstones, floor: 3 });
    first.store.close();
    return first;
  }

  function assertLost(
    { restored, hasVoted, bootstrapSet, fileId }: OpenedStore,
    was: number,
  ): void {
    assert.deepEqual(restored, { rows: [], tombstones: [], floor: 0 });
    assert.equal(hasVoted, false);
    assert.deepEqual(bootstrapSet, []);
    assert.notEqual(fileId, was);
  }

  it('is new where there is none', () => {
    const one = open();
    assertLost(one, 0);
    assert.equal(one.putAside, undefined);
  });

  it('has everything that was saved when it is opened again', () => {
    const first = open();
    first.store.save({ ...nothing, rows: [held, free], tombstones: ['t2', 't1', 't3'], floor: 2 });
    first.store.save({
      rows: [{ ...held, maxToken: 12, lease: { ...lease, ttlMs: 0.5 } }],
      dropped: ['b'],
      tombstones: ['t4'],
      forgotten: ['t2'],
      floor: 4,
    });
    first.store.found([8, 5]);
    first.store.markVoting();
    first.store.close();
    const again = open();
    assert.deepEqual(again.restored, {
      rows: [{ resource: 'a', maxToken: 12, lease: { ...lease, ttlMs: 0.5 } }],
      tombstones: ['t1', 't3', 't4'],
      floor: 4,
    });
    assert.equal(again.hasVoted, true);
    assert.deepEqual(again.bootstrapSet, [8, 5]);
    assert.equal(again.fileId, first.fileId);
    assert.equal(again.putAside, undefined);
  });

  it('writes its bootstrap set down once, and they stand', () => {
    const first = open();
    first.store.found([5, 8]);
    assert.throws(() => first.store.found([5, 9]), /written down: \[5,8\]/);
    first.store.close();
    const again = open();
    assert.deepEqual(again.bootstrapSet, [5, 8]);
    assert.equal(again.hasVoted, false);
    assert.throws(() => again.store.found([5, 9]), /written down/);
  });

  it('keeps names of every kind, and those that look alike apart', () => {
    const names = ['a\0b', 'é', 'e\u0301', "'; DROP TABLE leases; --", '🔒', ' '];
    const rows = names.map((resource, index) => ({ ...free, resource, maxToken: index + 1 }));
    const first = open();
    first.store.save({ ...nothing, rows, tombstones: names });
    first.store.close();
    const { restored } = open();
    assert.deepEqual(
      new Map(restored.rows.map(({ resource, maxToken }) => [resource, maxToken])),
      new Map(names.map((resource, index) => [resource, index + 1])),
    );
    assert.deepEqual(restored.tombstones, names);
  });

  it('has what was saved also where the process ended without closing it', async () => {
    const store = new URL('../../src/store/sqlite-store.ts', import.meta.url).href;
    const code = `
      import { openStore } from ${JSON.stringify(store)};
      const { store } = openStore(${JSON.stringify(file)}, ${JSON.stringify(setOf(1))});
      store.save(${JSON.stringify({ ...nothing, rows: [held], tombstones: ['t1'], floor: 6 })});
      console.log('saved');
      setInterval(() => undefined, 1000);`;
    const child = spawn(
      process.execPath,
      ['--conditions=source', '--input-type=module', '--eval', code],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = new Promise((resolve) => child.once('exit', resolve));
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      assert.throws(() => open(), /database is locked/, 'it is in use by another process');
    } finally {
      child.kill('SIGKILL');
    }
    await ended;
    assert.deepEqual(open().restored, { rows: [held], tombstones: ['t1'], floor: 6 });
  });

  it('is not opened for another configuration, nor by an older version: it stays as it was', () => {
    write();
    assert.throws(() => open(2), /of configuration 1, not 2.*--epoch/);
    const { key, value, checksum } = metaRow('format', formatVersion + 1);
    change(`UPDATE meta SET value = '${value}', checksum = ${String(checksum)}
      WHERE key = '${key}'; DROP TABLE leases`);
    const was = readFileSync(file);
    assert.throws(() => open(), /newer version of Holdfast/);
    assert.deepEqual(readdirSync(folder), ['node.sqlite', 'node.sqlite-reserve']);
    assert.deepEqual(readFileSync(file), was);
  });

  const damages: Readonly<Record<string, () => void>> = {
    'is garbage but for its first page': () =>
      writeFileSync(file, readFileSync(file).fill('garbage', 4096)),
    'is cut off in the middle': () => truncateSync(file, readFileSync(file).length / 2),
    'has lost its last page': () => truncateSync(file, readFileSync(file).length - 4096),
    'has a header that was overwritten': () => flip(0),
    'has a token that is no number': () => change(`UPDATE leases SET max_token = 'many'`),
    'has a token below zero': () => change(`UPDATE leases SET max_token = -1`),
    'has a token that is no whole number': () => change(`UPDATE leases SET lease_token = 1.5`),
    'has a token beyond all numbers': () =>
      change(`UPDATE leases SET max_token = 9223372036854775807`),
    'has another token than was saved': () => change(`UPDATE leases SET max_token = 8`),
    'has another name than was saved': () =>
      change(`UPDATE leases SET resource = 'x' WHERE resource = 'r7'`),
    'has another floor than was saved': () =>
      change(`UPDATE meta SET value = '2' WHERE key = 'floor'`),
    'has half a lease': () => change(`UPDATE leases SET client_id = NULL`),
    'has no floor': () => change(`DELETE FROM meta WHERE key = 'floor'`),
    'has no bootstrap set': () => change(`DELETE FROM meta WHERE key = 'founders'`),
    'has no leases': () => change(`DROP TABLE leases`),
    'has no meta': () => change(`DROP TABLE meta`),
    'has nothing but a head': () => truncateSync(file, 4096),
  };
  for (const [damage, strike] of Object.entries(damages))
    it(`that ${damage} is put aside and counts as lost (STORE-1)`, () => {
      const { fileId } = write();
      strike();
      const struck = readFileSync(file);
      const again = open();
      assertLost(again, fileId);
      assert.ok(again.putAside !== undefined);
      assert.match(again.putAside, /node\.sqlite\.damaged-/);
      assert.deepEqual(readFileSync(again.putAside), struck, 'nothing of it is thrown away');
      again.store.save({ ...nothing, rows: [free] });
      again.store.close();
      assert.deepEqual(open().restored.rows, [free]);
    });

  it('with one flipped bit in the head of any page is put aside and counts as lost (STORE-1)', () => {
    const { fileId } = write();
    const whole = readFileSync(file);
    for (let page = 4096; page < whole.length; page += 4096) {
      writeFileSync(file, whole);
      flip(page); // What kind of page it is.
      const again = open();
      assert.ok(again.putAside !== undefined, `page ${String(page / 4096)}`);
      assertLost(again, fileId);
      again.store.close();
    }
  });

  it('does not bring what was put aside back through its journal', () => {
    const { fileId } = write();
    writeFileSync(`${file}-wal`, readFileSync(file));
    flip(0);
    assertLost(open(), fileId);
  });

  it('that cannot be written takes nothing of a transaction, and goes on when there is room', () => {
    const { store } = open();
    store.save({ ...nothing, rows: [held] });
    store.close();
    const database = new DatabaseSync(file);
    const { page_count: pages } = database.prepare('PRAGMA page_count').get() ?? {};
    database.close();
    const many = Array.from({ length: 2000 }, (_, number) => `t${String(number)}`.repeat(20));
    const changes: Changes = { ...nothing, dropped: ['a'], rows: [free], tombstones: many };
    const { prototype } = DatabaseSync;
    const { exec } = prototype;
    // The connection is the store's own: the limit is set where it is prepared.
    prototype.exec = function limited(this: DatabaseSync, sql: string): void {
      exec.call(this, sql);
      if (sql.includes('journal_mode')) exec.call(this, `PRAGMA max_page_count = ${String(pages)}`);
    };
    let again: OpenedStore;
    try {
      again = open();
    } finally {
      prototype.exec = exec;
    }
    assert.throws(() => again.store.save(changes), /no space is left/);
    assert.throws(
      () => again.store.save(changes),
      /no space is left/,
      'no transaction is left open',
    );
    again.store.save({ ...nothing, floor: 8 });
    again.store.close();
    const third = open();
    assert.deepEqual(third.restored, { rows: [held], tombstones: [], floor: 8 });
    third.store.save(changes);
    third.store.close();
    assert.deepEqual(open().restored, { rows: [free], tombstones: many, floor: 8 });
  });

  function flip(at: number): void {
    const [byte = 0] = readFileSync(file).subarray(at);
    const descriptor = openSync(file, 'r+');
    writeSync(descriptor, Uint8Array.of(byte ^ 0x40), 0, 1, at);
    closeSync(descriptor);
  }

  function change(sql: string): void {
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
  }
});
