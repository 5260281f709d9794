/** The tables of a node's log file, and the checksums of their rows. */
import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { Entry, EntryKind } from '@holdfast/raft';

export const formatVersion = 1;
export const fileName = 'holdfast.sqlite';

export const entryKinds: readonly EntryKind[] = ['command', 'noop', 'membership'];

const tables = `
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS entries (
    "index" INTEGER PRIMARY KEY,
    term INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    data BLOB NOT NULL,
    checksum INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS hard_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    term INTEGER NOT NULL,
    voted_for TEXT,
    "commit" INTEGER NOT NULL,
    last_index INTEGER NOT NULL,
    checksum INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS snapshots (
    "index" INTEGER PRIMARY KEY,
    term INTEGER NOT NULL,
    membership TEXT NOT NULL,
    chunk_count INTEGER NOT NULL,
    checksum INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS chunks (
    snapshot INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    data BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (snapshot, chunk)
  );
`;

/** Sets up durability; `synchronous=FULL` syncs the write-ahead log at every commit. */
export function prepare(database: DatabaseSync): void {
  database.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
  `);
  database.exec(tables);
}

export function entryChecksum(index: number, term: number, kind: number, data: Uint8Array): number {
  return crc32(data, crc32(`${String(index)} ${String(term)} ${String(kind)}`));
}

export function hardStateChecksum(
  term: number,
  votedFor: string | null,
  commit: number,
  lastIndex: number,
): number {
  return crc32(JSON.stringify([term, votedFor, commit, lastIndex]));
}

export function snapshotChecksum(
  index: number,
  term: number,
  membership: string,
  chunkCount: number,
): number {
  return crc32(JSON.stringify([index, term, membership, chunkCount]));
}

export function chunkChecksum(snapshot: number, chunk: number, data: Uint8Array): number {
  return crc32(data, crc32(`${String(snapshot)} ${String(chunk)}`));
}

export const kindCode = (entry: Entry): number => entryKinds.indexOf(entry.kind);
