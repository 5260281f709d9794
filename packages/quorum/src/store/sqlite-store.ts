/**
 * One SQLite file a node. Every transaction is synced before it counts (`synchronous=FULL`).
 *
 * S1: what is damaged is put aside and counts as lost: nothing of it is believed.
 */
import { randomInt } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import type { LeaseStore } from '../node/host.ts';
import type { Changes, LeaseRow, Restored } from '../node/lease-node.ts';

const formatVersion = 1;

export interface OpenedStore {
  readonly store: SqliteLeaseStore;
  readonly restored: Restored;
  /** The node has voted before, and everything it granted is here. */
  readonly hasVoted: boolean;
  /** Random, of this file. */
  readonly fileId: number;
  /** As given to `markVoting`. */
  readonly founders: readonly number[];
  /** Where a damaged file was put. */
  readonly putAside: string | undefined;
}

/**
 * Opens the file, or makes it. One that is damaged is put aside (S1).
 *
 * @throws Error when it is in use, of another epoch, or of a newer format.
 */
export function openStore(file: string, epoch: number): OpenedStore {
  const existed = existsSync(file);
  try {
    return { ...open(file, epoch), putAside: undefined };
  } catch (error) {
    if (!existed || !isDamage(error)) throw error;
  }
  const putAside = `${file}.damaged-${String(process.hrtime.bigint())}`;
  renameSync(file, putAside);
  for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
  return { ...open(file, epoch), putAside };
}

class Damaged extends Error {
  override readonly name: string = 'Damaged';
}

/** SQLITE_CORRUPT and SQLITE_NOTADB, numbers that were never written, and what the checks below find. */
function isDamage(error: unknown): boolean {
  if (error instanceof Damaged) return true;
  const { errcode, code } = error as { readonly errcode?: unknown; readonly code?: unknown };
  // Extended codes have the plain one in their lowest byte.
  const plain = typeof errcode === 'number' ? errcode & 0xff : undefined;
  return plain === 11 || plain === 26 || code === 'ERR_OUT_OF_RANGE';
}

function open(file: string, epoch: number): Omit<OpenedStore, 'putAside'> {
  const database = new DatabaseSync(file);
  try {
    prepare(database);
    const store = new SqliteLeaseStore(database);
    const isEmpty = database.prepare('SELECT 1 FROM meta').get() === undefined;
    if (isEmpty) store.begin(epoch);
    const { floor, ...meta } = readMeta(database, file, epoch);
    const founders = database.prepare('SELECT file_id FROM founders').all();
    return {
      store,
      restored: restore(database, floor),
      ...meta,
      founders: founders.map((row) => Number(row['file_id'])),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepare(database: DatabaseSync): void {
  database.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS founders (file_id INTEGER PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS leases (
      resource TEXT PRIMARY KEY,
      max_token INTEGER NOT NULL,
      lease_id TEXT,
      client_id TEXT,
      lease_token INTEGER,
      ttl_ms INTEGER
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS tombstones (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      lease_id TEXT NOT NULL UNIQUE
    );
  `);
  const { integrity_check: found } = database.prepare('PRAGMA integrity_check(1)').get() ?? {};
  if (found !== 'ok') throw new Damaged(String(found));
}

interface Meta {
  readonly floor: number;
  readonly hasVoted: boolean;
  readonly fileId: number;
}

function readMeta(database: DatabaseSync, file: string, epoch: number): Meta {
  const values = new Map<unknown, unknown>();
  for (const { key, value } of database.prepare('SELECT key, value FROM meta').all())
    values.set(key, value);
  const number = (key: string): number => {
    const value = values.get(key);
    if (!isCount(value)) throw new Damaged(`${key} is no number`);
    return value;
  };
  if (number('format') > formatVersion)
    throw new Error(`${file} was written by a newer version of Holdfast. Run that one.`);
  if (number('epoch') !== epoch)
    throw new Error(
      `${file} is of configuration ${String(number('epoch'))}, not ${String(epoch)}. Give the number with --epoch, or use another file.`,
    );
  return {
    floor: number('floor'),
    hasVoted: number('has_voted') === 1,
    fileId: number('file_id'),
  };
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

function restore(database: DatabaseSync, floor: number): Restored {
  const rows = database
    .prepare('SELECT resource, max_token, lease_id, client_id, lease_token, ttl_ms FROM leases')
    .all()
    .map((row) => leaseRow(row));
  const tombstones = database
    .prepare('SELECT lease_id FROM tombstones ORDER BY number')
    .all()
    .map((row) => String(row['lease_id']));
  return { rows, tombstones, floor };
}

function leaseRow(row: Readonly<Record<string, unknown>>): LeaseRow {
  const { resource, max_token: maxToken, lease_id: id, client_id: clientId } = row;
  const { lease_token: token, ttl_ms: ttlMs } = row;
  if (typeof resource !== 'string' || !isCount(maxToken))
    throw new Damaged('a row has no resource or token');
  if (id === null) return { resource, maxToken, lease: undefined };
  if (
    typeof id !== 'string' ||
    typeof clientId !== 'string' ||
    !isCount(token) ||
    typeof ttlMs !== 'number' ||
    !(ttlMs > 0)
  )
    throw new Damaged(`the lease of "${resource}" is not whole`);
  return { resource, maxToken, lease: { id, clientId, token, ttlMs } };
}

export class SqliteLeaseStore implements LeaseStore {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #drop: StatementSync;
  readonly #bury: StatementSync;
  readonly #forget: StatementSync;
  readonly #setMeta: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#put = database.prepare(
      `INSERT INTO leases (resource, max_token, lease_id, client_id, lease_token, ttl_ms)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (resource) DO UPDATE SET max_token = excluded.max_token,
         lease_id = excluded.lease_id, client_id = excluded.client_id,
         lease_token = excluded.lease_token, ttl_ms = excluded.ttl_ms`,
    );
    this.#drop = database.prepare('DELETE FROM leases WHERE resource = ?');
    this.#bury = database.prepare('INSERT OR IGNORE INTO tombstones (lease_id) VALUES (?)');
    this.#forget = database.prepare('DELETE FROM tombstones WHERE lease_id = ?');
    this.#setMeta = database.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
  }

  begin(epoch: number): void {
    this.#inOne(() => {
      for (const [key, value] of [
        ['format', formatVersion],
        ['epoch', epoch],
        ['floor', 0],
        ['has_voted', 0],
        ['file_id', randomInt(1, 2 ** 48 - 1)],
      ] as const)
        this.#setMeta.run(key, value);
    });
  }

  markVoting(founders: readonly number[]): void {
    this.#inOne(() => {
      this.#setMeta.run('has_voted', 1);
      for (const fileId of founders)
        this.#database.prepare('INSERT OR IGNORE INTO founders VALUES (?)').run(fileId);
    });
  }

  save({ rows, dropped, tombstones, forgotten, floor }: Changes): void {
    this.#inOne(() => {
      for (const { resource, maxToken, lease } of rows)
        this.#put.run(
          resource,
          maxToken,
          lease?.id ?? null,
          lease?.clientId ?? null,
          lease?.token ?? null,
          lease?.ttlMs ?? null,
        );
      for (const resource of dropped) this.#drop.run(resource);
      for (const id of tombstones) this.#bury.run(id);
      for (const id of forgotten) this.#forget.run(id);
      if (floor !== undefined) this.#setMeta.run('floor', floor);
    });
  }

  close(): void {
    this.#database.close();
  }

  #inOne(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}
