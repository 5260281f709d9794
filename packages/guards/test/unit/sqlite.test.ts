import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fencedTransaction, fenceTable, raiseFence } from '@holdfast/guards/sqlite';
import { bookSeat } from './examples/sqlite.ts';
import { grantHolds } from './support/holds.ts';
import { isCode, isStale } from './support/refusals.ts';

const largestToken = Number.MAX_SAFE_INTEGER;

describe('The guard in SQLite', () => {
  let folder: string;
  let database: DatabaseSync;
  /** Another process's connection to the same file. */
  let other: DatabaseSync;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-guard-'));
    database = new DatabaseSync(join(folder, 'data.db'), { timeout: 0 });
    other = new DatabaseSync(join(folder, 'data.db'), { timeout: 0 });
    database.exec(fenceTable);
    database.exec('CREATE TABLE written (text TEXT)');
  });
  afterEach(() => {
    database.close();
    other.close();
    rmSync(folder, { recursive: true });
  });

  const write = (text: string, fenceToken: number, resource = 'a', connection = database): void =>
    fencedTransaction(connection, resource, { fenceToken }, () => {
      connection.prepare('INSERT INTO written VALUES (?)').run(text);
    });
  const written = (): unknown[] =>
    database
      .prepare('SELECT text FROM written ORDER BY rowid')
      .all()
      .map((row) => row['text']);

  it('lets the first write of a resource pass, and the same holder write again', () => {
    write('one', 7);
    write('two', 7);
    assert.deepEqual(written(), ['one', 'two']);
  });

  it('refuses a smaller token once a larger was seen, from whichever connection', () => {
    write('one', 7);
    write('two', 9, 'a', other);
    assert.throws(() => write('late', 8), isStale(8, 9));
    assert.throws(() => write('late', 7, 'a', other), isStale(7, 9));
    write('three', 9);
    assert.deepEqual(written(), ['one', 'two', 'three']);
  });

  it('does not run the work of a stale holder, and leaves no transaction open', () => {
    write('one', 7);
    assert.throws(() =>
      fencedTransaction(database, 'a', { fenceToken: 6 }, () => assert.fail('ran')),
    );
    assert.equal(database.isTransaction, false);
  });

  it('tells tokens apart up to 2^53 - 1', () => {
    write('last but one', largestToken - 1);
    write('last', largestToken);
    assert.throws(() => write('late', largestToken - 1), isStale(largestToken - 1, largestToken));
  });

  it('keeps a fence for each resource', () => {
    write('one', 9, 'a');
    write('two', 3, 'b');
    assert.throws(() => write('late', 2, 'b'), isStale(2, 3));
    assert.deepEqual(written(), ['one', 'two']);
  });

  it('keeps writes of others out from before the fence is read until the commit (GUARD-SQLITE-1)', () => {
    fencedTransaction(database, 'a', { fenceToken: 7 }, () => {
      assert.throws(() => write('between', 8, 'a', other), /database is locked/);
    });
    write('after', 8, 'a', other);
    assert.throws(() => write('late', 7), isStale(7, 8));
  });

  it('rolls back what the work wrote, and the fence, when the work throws', () => {
    const broken = (): never =>
      fencedTransaction(database, 'a', { fenceToken: 9 }, () => {
        database.exec(`INSERT INTO written VALUES ('half')`);
        throw new Error('broken');
      });
    assert.throws(broken, /broken/);
    write('one', 7);
    assert.deepEqual(written(), ['one']);
  });

  it('returns what the work returned, and refuses a promise, which would outlive the transaction', async () => {
    assert.equal(
      fencedTransaction(database, 'a', { fenceToken: 1 }, () => 'result'),
      'result',
    );
    const later = Promise.resolve();
    assert.throws(
      () => fencedTransaction(database, 'a', { fenceToken: 1 }, () => later),
      isCode('invalid_request'),
    );
    await later;
    assert.equal(database.isTransaction, false);
  });

  it('does not end a transaction that was open before', () => {
    database.exec('BEGIN');
    database.exec(`INSERT INTO written VALUES ('mine')`);
    assert.throws(() => write('one', 1), /within a transaction/);
    assert.equal(database.isTransaction, true);
    raiseFence(database, 'a', { fenceToken: 1 });
    database.exec('COMMIT');
    assert.deepEqual(written(), ['mine']);
  });

  it('refuses what is no token and what is no name', () => {
    for (const token of [0, -1, 1.5, Number.NaN, largestToken + 1])
      assert.throws(() => write('one', token), isCode('invalid_request'));
    assert.throws(() => write('one', 1, ''), isCode('invalid_request'));
    assert.throws(() => write('one', 1, 'x'.repeat(257)), isCode('name_too_long'));
    assert.deepEqual(written(), []);
  });

  it('example: a holder that was paused books no seat', async () => {
    await using holds = await grantHolds();
    database.exec('CREATE TABLE bookings (seat INTEGER PRIMARY KEY, passenger TEXT)');
    const first = await holds.grant('flights/LH400');
    assert.equal(bookSeat(database, first, 'Ada'), 1);
    const second = await holds.grant('flights/LH400');
    assert.equal(bookSeat(database, second, 'Grace'), 2);
    assert.throws(
      () => bookSeat(database, first, 'late'),
      isStale(first.fenceToken, second.fenceToken),
    );
    assert.equal(bookSeat(database, second, 'Barbara'), 3);
  });
});
