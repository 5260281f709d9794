/** Reads a log of the format before, which was a SQLite file, and trusts nothing without its checksum. */
import { DatabaseSync } from 'node:sqlite';
import type { Entry, HardState, LogIndex, MemberId, Membership } from '@holdfast/raft';
import { StorageDamagedError } from './damage.ts';
import { diskError } from './disk-error.ts';
import { FolderInUseError } from './disk.ts';
import {
  chunkChecksum,
  entryChecksum,
  entryKinds,
  formatVersion,
  hardStateChecksum,
  snapshotChecksum,
} from './former-schema.ts';
import type { SnapshotPoint } from './snapshot-head.ts';
import { inspectWal } from './wal.ts';

interface EntryRow {
  readonly index: number;
  readonly term: number;
  readonly kind: number;
  readonly data: Uint8Array;
  readonly checksum: number;
}
interface HardStateRow {
  readonly term: number;
  readonly voted_for: string | null;
  readonly commit: number;
  readonly last_index: number;
  readonly checksum: number;
}
interface SnapshotRow {
  readonly index: number;
  readonly term: number;
  readonly membership: string;
  readonly chunk_count: number;
  readonly checksum: number;
}

export interface FormerOwner {
  readonly clusterId: string;
  readonly memberId: string;
}

interface FoundFormer {
  /** Undefined: nothing was ever written. */
  readonly hardState: HardState | undefined;
  readonly snapshot: SnapshotPoint | undefined;
  readonly entries: readonly Entry[];
}

export interface FormerLog extends FoundFormer {
  readonly repairs: readonly string[];
  /** The bytes of the snapshot's state. */
  readonly stateChunks: () => Iterable<Uint8Array>;
  readonly close: () => void;
}

/** Refuses a file of another format or another node. */
function checkOwner(database: DatabaseSync, file: string, owner: FormerOwner | undefined): void {
  const read = database.prepare('SELECT value FROM meta WHERE key = ?');
  const version = read.get('format_version')?.['value'];
  if (version !== formatVersion)
    throw new Error(
      `${file} has format version ${String(version)}; this version of Holdfast converts ${String(formatVersion)}. Nothing was changed.`,
    );
  if (owner === undefined) return;
  const wanted = { cluster_id: owner.clusterId, member_id: owner.memberId };
  for (const [key, value] of Object.entries(wanted)) {
    const found = read.get(key)?.['value'];
    if (found !== value)
      throw new Error(
        `${file} has ${key} "${String(found)}", not "${value}". Point this node at a folder of its own.`,
      );
  }
}

/**
 * Reads a log of the format before, checked, and keeps every other process away from it until it is closed.
 *
 * @throws StorageDamagedError where what was acknowledged may be missing or changed.
 */
export function openFormer(file: string, owner: FormerOwner | undefined): FormerLog {
  let repairs: string[];
  let database: DatabaseSync;
  try {
    repairs = inspectWal(file);
    database = new DatabaseSync(file, { timeout: 0 });
  } catch (error) {
    throw diskError(error, 'opened', file);
  }
  try {
    database.exec(`PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT`);
    checkOwner(database, file, owner);
    const found = recover(database, file);
    return {
      repairs,
      ...(found ?? { hardState: undefined, snapshot: undefined, entries: [] }),
      stateChunks: function* () {
        const chunks = database
          .prepare('SELECT data FROM chunks WHERE snapshot = ? ORDER BY chunk')
          .iterate(found?.snapshot?.index ?? 0);
        for (const { data } of chunks) yield data as Uint8Array;
      },
      close: () => {
        if (database.isOpen) database.close();
      },
    };
  } catch (error) {
    database.close();
    if (error instanceof Error && /locked/.test(error.message)) throw new FolderInUseError(file);
    throw diskError(error, 'read', file);
  }
}

function recover(database: DatabaseSync, file: string): FoundFormer | undefined {
  const hardStateRow = database
    .prepare('SELECT term, voted_for, "commit", last_index, checksum FROM hard_state')
    .get() as HardStateRow | undefined;
  const snapshot = recoverSnapshot(database, file);
  if (hardStateRow === undefined) {
    const count = database.prepare('SELECT count(*) AS count FROM entries').get()?.['count'];
    if (count !== 0 || snapshot !== undefined)
      throw new StorageDamagedError(file, 'term and vote are missing though there is a log');
    return undefined;
  }
  const { term, voted_for: votedFor, commit, last_index: lastIndex, checksum } = hardStateRow;
  if (hardStateChecksum(term, votedFor, commit, lastIndex) !== checksum)
    throw new StorageDamagedError(file, 'term and vote fail their checksum');
  const hardState: HardState = { term, votedFor: votedFor as MemberId | null, commit };
  const entries = recoverEntries(database, file, snapshot?.index ?? 0, hardState);
  const end = entries.at(-1)?.index ?? snapshot?.index ?? 0;
  if (end !== lastIndex && end < lastIndex) {
    throw new StorageDamagedError(
      file,
      `the log ends at entry ${String(end)}, though it was written up to ${String(lastIndex)} (committed up to ${String(commit)} at least)`,
    );
  }
  return { hardState, snapshot, entries };
}

function recoverEntries(
  database: DatabaseSync,
  file: string,
  snapshotIndex: LogIndex,
  hardState: HardState,
): Entry[] {
  const entries: Entry[] = [];
  const rows = database
    .prepare('SELECT "index", term, kind, data, checksum FROM entries ORDER BY "index"')
    .iterate();
  for (const raw of rows) {
    const row = raw as unknown as EntryRow;
    const where = `entry ${String(row.index)}, ${row.index <= hardState.commit ? 'in the committed part' : 'not known to be committed'},`;
    const kind = entryKinds[row.kind];
    if (
      kind === undefined ||
      entryChecksum(row.index, row.term, row.kind, row.data) !== row.checksum
    ) {
      throw new StorageDamagedError(file, `${where} fails its checksum`);
    }
    const previous = entries.at(-1);
    const expected =
      previous === undefined ? Math.min(row.index, snapshotIndex + 1) : previous.index + 1;
    if (row.index !== expected)
      throw new StorageDamagedError(
        file,
        `entries from ${String(expected)} to ${String(row.index - 1)} are missing (committed up to ${String(hardState.commit)} at least)`,
      );
    entries.push({ index: row.index, term: row.term, kind, data: row.data });
  }
  const end = entries.at(-1)?.index ?? 0;
  return end < snapshotIndex ? [] : entries;
}

function recoverSnapshot(database: DatabaseSync, file: string): SnapshotPoint | undefined {
  const current = database.prepare("SELECT value FROM meta WHERE key = 'snapshot'").get()?.[
    'value'
  ];
  if (current === undefined) return undefined;
  const row = database
    .prepare(
      'SELECT "index", term, membership, chunk_count, checksum FROM snapshots WHERE "index" = ?',
    )
    .get(current as number) as SnapshotRow | undefined;
  if (
    row === undefined ||
    snapshotChecksum(row.index, row.term, row.membership, row.chunk_count) !== row.checksum
  ) {
    throw new StorageDamagedError(
      file,
      `the snapshot at ${String(current)} is missing or fails its checksum`,
    );
  }
  const chunks = database
    .prepare('SELECT chunk, data, checksum FROM chunks WHERE snapshot = ? ORDER BY chunk')
    .iterate(row.index);
  let count = 0;
  for (const raw of chunks) {
    const chunk = raw as unknown as {
      readonly chunk: number;
      readonly data: Uint8Array;
      readonly checksum: number;
    };
    if (
      chunk.chunk !== count ||
      chunkChecksum(row.index, chunk.chunk, chunk.data) !== chunk.checksum
    ) {
      throw new StorageDamagedError(
        file,
        `chunk ${String(count)} of the snapshot at ${String(row.index)} is missing or fails its checksum`,
      );
    }
    count += 1;
  }
  if (count !== row.chunk_count)
    throw new StorageDamagedError(
      file,
      `the snapshot at ${String(row.index)} has ${String(count)} of ${String(row.chunk_count)} chunks`,
    );
  return {
    index: row.index,
    term: row.term,
    membership: JSON.parse(row.membership) as Membership,
  };
}
