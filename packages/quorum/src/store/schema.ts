/**
 * The tables of a lease node's file, and how SQLite is to write them.
 *
 * Rows that nothing else protects have a checksum. A tombstone needs none: its id stands in the table and
 * in the index of what is unique, and SQLite's own check compares the two.
 */
import { randomInt } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { QuorumSet } from '@holdfast/protocol';
import { makePrivateFile } from '@holdfast/storage';
import type { LeaseRow } from '../node/lease-node.ts';

/** 2: with the set. */
export const formatVersion = 2;
export const pageBytes = 4096;
/** In the head of every file, by which it is known (own-file.ts): "HfLs". Files of before have none. */
export const applicationId = 0x48664c73;

/** `meta` stays as it is in every format: it tells the format. */
export const tables: Readonly<Record<'meta' | 'leases' | 'tombstones', string>> = {
  meta: 'CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID',
  leases:
    'CREATE TABLE leases (resource TEXT PRIMARY KEY, max_token INTEGER NOT NULL, lease_id TEXT, client_id TEXT, ' +
    'lease_token INTEGER, ttl_ms, checksum INTEGER NOT NULL) WITHOUT ROWID',
  tombstones: 'CREATE TABLE tombstones (number INTEGER PRIMARY KEY, lease_id TEXT NOT NULL UNIQUE)',
};

/** What `sqlite_schema` says of a file: one line each, in order. */
export const schemaLines: readonly string[] = [
  ...Object.entries(tables).map(([name, sql]) => `table ${name} ${name} ${sql}`),
  'index sqlite_autoindex_tombstones_1 tombstones ',
].toSorted();

/** Values are JSON. */
export interface Meta {
  readonly format: number;
  readonly epoch: number;
  /** All of them, in order; none: it waits to be made a member. */
  readonly members: readonly string[];
  /** The id of the set before; empty: none. */
  readonly after: string;
  /** The set for which this one is closed. */
  readonly next: QuorumSet | null;
  readonly floor: number;
  readonly has_voted: boolean;
  readonly file_id: number;
  /** The bootstrap set; the name of a row of former files. */
  readonly founders: readonly number[];
  /** Ttl and drift buffer, the longest that was ever in force (TTL-1 of host.ts); 0: none has been yet. */
  readonly longest_lease_ms: number;
  /** Leases so long may be granted at once (TTL-2 of host.ts). */
  readonly allowed_lease_ms: number;
  /** The file is not whole without its log (see log-mark.ts). */
  readonly needs_log: boolean;
}

export const metaChecksum = (key: string, value: string): number => crc32(value, crc32(key));

export function rowChecksum({ resource, maxToken, lease }: LeaseRow): number {
  const { id = null, clientId = null, token = null, ttlMs = null } = lease ?? {};
  return crc32(JSON.stringify([resource, maxToken, id, clientId, token, ttlMs]));
}

export const putMeta =
  'INSERT OR REPLACE INTO meta (key, value, checksum) VALUES (:key, :value, :checksum)';

export function metaRow<Key extends keyof Meta>(
  key: Key,
  value: Meta[Key],
): { readonly key: string; readonly value: string; readonly checksum: number } {
  const text = JSON.stringify(value);
  return { key, value: text, checksum: metaChecksum(key, text) };
}

const pragmas = {
  locking_mode: 'exclusive',
  journal_mode: 'wal',
  // Every commit is synced before it returns.
  synchronous: 2,
  // Log and file are brought together by log-mark.ts.
  wal_autocheckpoint: 0,
  // A log that was taken in gives its room back when it is next written to (RES-1 of reserve.ts).
  journal_size_limit: 16 * pageBytes,
} as const;

/** @throws Error where one of them is not in force: nothing that is promised would hold. */
export function configure(database: DatabaseSync): void {
  database.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA journal_size_limit = ${String(pragmas.journal_size_limit)};
  `);
  for (const [pragma, wanted] of Object.entries(pragmas)) {
    const [found] = Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {});
    if (found !== wanted)
      throw new Error(`SQLite has ${pragma} ${String(found)}, not ${String(wanted)}.`);
  }
}

/** What a file is called until it is whole. */
export const unfinishedName = (file: string): string => `${file}.new`;

/** Makes a file that has its name only when it is whole. Nothing is there under its unfinished name. */
export function makeFile(file: string, set: QuorumSet | undefined): void {
  const unfinished = unfinishedName(file);
  makePrivateFile(unfinished);
  const database = new DatabaseSync(unfinished);
  try {
    database.exec(`PRAGMA page_size = ${String(pageBytes)}`);
    // Before anything else is in it: what is left of it is known again (LEASE-FILE-1 of own-file.ts).
    database.exec(`PRAGMA application_id = ${String(applicationId)}`);
    configure(database);
    const fileId = randomInt(1, 2 ** 48 - 1);
    database.exec(`BEGIN; ${Object.values(tables).join(';')}`);
    const put = database.prepare(putMeta);
    for (const row of [
      metaRow('format', formatVersion),
      metaRow('epoch', set?.epoch ?? 0),
      metaRow('members', set?.members ?? []),
      metaRow('after', ''),
      metaRow('next', null),
      metaRow('floor', 0),
      metaRow('has_voted', false),
      metaRow('file_id', fileId),
      metaRow('founders', []),
      metaRow('longest_lease_ms', 0),
      metaRow('allowed_lease_ms', 0),
      metaRow('needs_log', false),
    ])
      put.run(row);
    database.exec('COMMIT');
    // Closing would do it as well, but does not tell where the disk refuses.
    const { busy, log, checkpointed } =
      database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() ?? {};
    if (busy !== 0 || log !== checkpointed)
      throw new Error(`${unfinished} could not be written whole.`);
  } finally {
    database.close();
  }
  renameSync(unfinished, file);
  syncFolder(dirname(file));
}

function syncFolder(folder: string): void {
  const directory = openSync(folder, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
