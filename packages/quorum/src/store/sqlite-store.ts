/**
 * One SQLite file a node. Every transaction is synced before it counts (`synchronous=FULL`).
 *
 * STORE-1: what is damaged is put aside and counts as lost: nothing of it is believed (look.ts). What never was a lease
 *     node's is refused (own-file.ts).
 * STORE-2: a file has its name when it is whole; until then it has another one (schema.ts).
 * STORE-3: a file whose log is damaged or gone is damaged (log-mark.ts, and storage/src/wal.ts).
 * STORE-4: every row is protected by a checksum or by an index (read.ts).
 * RES-1 of reserve.ts: a full disk.
 * STORE-5: nothing is written where SQLite does not sync every commit (schema.ts).
 */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import type { QuorumSet } from '@holdfast/protocol';
import { diskError } from '@holdfast/storage';
import type { LeaseStore } from '../node/host-options.ts';
import type { Changes, LeaseRow } from '../node/lease-node.ts';
import type { LeaseLengths } from '../node/lease-lengths.ts';
import type { StoredSet } from '../node/membership.ts';
import { LogMark } from './log-mark.ts';
import { putAsideIfDamaged } from './look.ts';
import type { OnDamage } from './look.ts';
import { removeUnfinished } from './own-file.ts';
import { readContents } from './read.ts';
import { isFull, Reserve } from './reserve.ts';
import type { Contents } from './read.ts';
import {
  configure,
  formatVersion,
  makeFile,
  metaRow,
  putMeta,
  rowChecksum,
  unfinishedName,
} from './schema.ts';
import type { Meta } from './schema.ts';

export interface OpenedStore extends Omit<Contents, 'needsLog'> {
  readonly store: SqliteLeaseStore;
  /** Where a damaged file was put. */
  readonly putAside: string | undefined;
}

/**
 * Opens the file, or makes it. One that is damaged is put aside (STORE-1).
 *
 * @param onDamage Told before it is put aside.
 * @throws Error when it is in use, of another set, or of a newer format; DiskError where the disk refuses;
 *   NotALeaseFileError where something else has its name.
 */
export function openStore(
  path: string,
  told: QuorumSet | undefined,
  onDamage: OnDamage = () => undefined,
): OpenedStore {
  const opened = (): OpenedStore => {
    try {
      return open(path, told, onDamage);
    } catch (error) {
      throw diskError(error, 'opened', path);
    }
  };
  try {
    return opened();
  } catch (error) {
    if (!isFull(error) || !new Reserve(path).giveBack()) throw error;
    return opened(); // RES-1
  }
}

function open(file: string, told: QuorumSet | undefined, onDamage: OnDamage): OpenedStore {
  const putAside = putAsideIfDamaged(file, told, onDamage);
  if (!existsSync(file)) {
    removeUnfinished(unfinishedName(file));
    makeFile(file, told); // STORE-2
  }
  const database = new DatabaseSync(file);
  try {
    configure(database);
    const { needsLog: _needsLog, ...contents } = readContents(database, file, told);
    return { ...contents, store: new SqliteLeaseStore(database, file), putAside };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** How many pages the log may have before it is taken into the file: four megabytes. */
const mostPagesInLog = 1000;
/** What one transaction writes: of a table its leaf, of what is unique that of its index, and what they grow by. */
const pagesOf = (rows: number): number => 2 + 2 * rows;

export class SqliteLeaseStore implements LeaseStore {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #put: StatementSync;
  readonly #drop: StatementSync;
  readonly #insertTombstone: StatementSync;
  readonly #forget: StatementSync;
  readonly #putMeta: StatementSync;
  readonly #mark: LogMark;
  readonly #reserve: Reserve;
  #pagesInLog = 0;

  constructor(database: DatabaseSync, file: string) {
    this.#database = database;
    this.#file = file;
    this.#put = database.prepare(
      `INSERT OR REPLACE INTO leases
         (resource, max_token, lease_id, client_id, lease_token, ttl_ms, checksum)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#drop = database.prepare('DELETE FROM leases WHERE resource = ?');
    this.#insertTombstone = database.prepare(
      'INSERT OR IGNORE INTO tombstones (lease_id) VALUES (?)',
    );
    this.#forget = database.prepare('DELETE FROM tombstones WHERE lease_id = ?');
    this.#putMeta = database.prepare(putMeta);
    this.#mark = new LogMark(database);
    this.#reserve = new Reserve(file);
    this.#mark.takeLogIn(); // STORE-3
    this.#reserve.take();
  }

  found(bootstrapSet: readonly number[]): void {
    this.#inOne(() => {
      const { value } =
        this.#database.prepare(`SELECT value FROM meta WHERE key = 'founders'`).get() ?? {};
      if (value !== '[]')
        throw new Error(`The files that founded the cluster are written down: ${String(value)}.`);
      this.#setMeta('founders', bootstrapSet);
    });
  }

  /** TTL-1, TTL-2 of host.ts: synced before it returns. Always both: where one is missing the file is of a former version. */
  markLeases({ longestMs, allowedMs }: LeaseLengths): void {
    this.#inOne(() => {
      this.#setMeta('longest_lease_ms', longestMs);
      this.#setMeta('allowed_lease_ms', allowedMs);
    });
  }

  markVoting(): void {
    this.#inOne(() => this.#setMeta('has_voted', true));
  }

  /** SET-3, SET-7 of membership.ts and recovery.ts. */
  writeSet(stored: StoredSet): void {
    this.#inOne(() => this.#putSet(stored));
  }

  /** SET-5: whoever ends in between is of one set or of the other. */
  becomeMember(stored: StoredSet): void {
    this.#inOne(() => {
      this.#putSet(stored);
      this.#setMeta('has_voted', false);
      this.#setMeta('founders', []);
    });
  }

  #putSet({ set, after, next }: StoredSet): void {
    this.#setMeta('format', formatVersion);
    this.#setMeta('epoch', set?.epoch ?? 0);
    this.#setMeta('members', set?.members ?? []);
    this.#setMeta('after', after);
    this.#setMeta('next', next ?? null);
  }

  save({ rows, dropped, tombstones, forgotten, floor }: Changes): void {
    const count = rows.length + dropped.length + tombstones.length + forgotten.length;
    // Before the transaction: where it cannot be done nothing of the transaction is on disk.
    if (this.#pagesInLog + pagesOf(count) > mostPagesInLog) this.#makeRoomAndTakeLogIn();
    this.#inOne(() => {
      for (const row of rows) this.#putRow(row);
      for (const resource of dropped) this.#drop.run(resource);
      for (const id of tombstones) this.#insertTombstone.run(id);
      for (const id of forgotten) this.#forget.run(id);
      if (floor !== undefined) this.#setMeta('floor', floor);
    });
    this.#pagesInLog += pagesOf(count);
  }

  close(): void {
    try {
      this.#makeRoomAndTakeLogIn();
    } finally {
      this.#database.close();
    }
  }

  #makeRoomAndTakeLogIn(): void {
    try {
      this.#takeLogIn();
    } catch (error) {
      if (!isFull(error) || !this.#reserve.giveBack()) throw error;
      this.#takeLogIn(); // RES-1
      this.#reserve.take();
    }
  }

  #takeLogIn(): void {
    try {
      this.#mark.takeLogIn();
    } catch (error) {
      throw diskError(error, 'written', this.#file);
    }
    this.#pagesInLog = 0;
  }

  #putRow(row: LeaseRow): void {
    const { resource, maxToken, lease } = row;
    this.#put.run(
      resource,
      maxToken,
      lease?.id ?? null,
      lease?.clientId ?? null,
      lease?.token ?? null,
      lease?.ttlMs ?? null,
      rowChecksum(row),
    );
  }

  #setMeta<Key extends keyof Meta>(key: Key, value: Meta[Key]): void {
    this.#putMeta.run(metaRow(key, value));
  }

  #inOne(work: () => void): void {
    try {
      this.#transaction(work);
    } catch (error) {
      if (!isFull(error)) throw error;
      this.#reserve.giveBack();
      this.#takeLogIn(); // RES-1
      // Without it nothing could be taken in the next time, and the node could not start again.
      if (!this.#reserve.take()) throw error;
      this.#transaction(work);
    }
  }

  #transaction(work: () => void): void {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw diskError(error, 'written', this.#file);
    }
  }
}
