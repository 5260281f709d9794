/** Reads the whole file on start and trusts nothing without its checksum. */
import type { DatabaseSync } from 'node:sqlite';
import type {
  Entry,
  HardState,
  MemberId,
  Membership,
  Recovered,
  SnapshotMeta,
} from '@holdfast/raft';
import { StorageDamagedError } from './damage.ts';
import {
  chunkChecksum,
  entryChecksum,
  entryKinds,
  formatVersion,
  hardStateChecksum,
  snapshotChecksum,
} from './schema.ts';

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

const noSnapshot: SnapshotMeta = { index: 0, term: 0, membership: { members: [] }, chunkCount: 0 };

/** Compares or, on a new file, writes whose log this is. */
export function claim(
  database: DatabaseSync,
  file: string,
  clusterId: string,
  memberId: string,
): void {
  const read = database.prepare('SELECT value FROM meta WHERE key = ?');
  const write = database.prepare('INSERT INTO meta (key, value) VALUES (?, ?)');
  const wanted = { format_version: formatVersion, cluster_id: clusterId, member_id: memberId };
  for (const [key, value] of Object.entries(wanted)) {
    const found = read.get(key)?.['value'];
    if (found === undefined) {
      write.run(key, value);
    } else if (key === 'format_version') {
      if (found !== value) {
        throw new Error(
          `${file} has format version ${String(found)}; this version of Holdfast reads ${String(value)}. Run the version that wrote it, or newer.`,
        );
      }
    } else if (found !== value) {
      throw new Error(
        `${file} has ${key} "${String(found)}", not "${String(value)}". Point this node at a folder of its own.`,
      );
    }
  }
}

export function recover(database: DatabaseSync, file: string): Recovered | undefined {
  const hardStateRow = database
    .prepare('SELECT term, voted_for, "commit", last_index, checksum FROM hard_state')
    .get() as HardStateRow | undefined;
  const snapshot = recoverSnapshot(database, file);
  if (hardStateRow === undefined) {
    const count = database.prepare('SELECT count(*) AS count FROM entries').get()?.['count'];
    if (count !== 0 || snapshot.index > 0)
      throw new StorageDamagedError(file, 'term and vote are missing though there is a log');
    return undefined;
  }
  const { term, voted_for: votedFor, commit, last_index: lastIndex, checksum } = hardStateRow;
  if (hardStateChecksum(term, votedFor, commit, lastIndex) !== checksum)
    throw new StorageDamagedError(file, 'term and vote fail their checksum');
  const hardState: HardState = { term, votedFor: votedFor as MemberId | null, commit };
  const entries = recoverEntries(database, file, snapshot, hardState);
  const end = entries.at(-1)?.index ?? snapshot.index;
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
  snapshot: SnapshotMeta,
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
      previous === undefined ? Math.min(row.index, snapshot.index + 1) : previous.index + 1;
    if (row.index !== expected)
      throw new StorageDamagedError(
        file,
        `entries from ${String(expected)} to ${String(row.index - 1)} are missing (committed up to ${String(hardState.commit)} at least)`,
      );
    entries.push({ index: row.index, term: row.term, kind, data: row.data });
  }
  const end = entries.at(-1)?.index ?? 0;
  return end < snapshot.index ? [] : entries;
}

function recoverSnapshot(database: DatabaseSync, file: string): SnapshotMeta {
  const current = database.prepare("SELECT value FROM meta WHERE key = 'snapshot'").get()?.[
    'value'
  ];
  if (current === undefined) return noSnapshot;
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
    chunkCount: row.chunk_count,
  };
}
