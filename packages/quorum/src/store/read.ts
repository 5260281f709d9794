/**
 * Reads a whole file and believes nothing that does not fit.
 *
 * STORE-READ-1: the tables are those that were made, letter by letter.
 * STORE-READ-2: every row of `meta` is there and has its checksum, every row of `leases` has its own.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { LeaseRow, RestoredVotes } from '../node/lease-node.ts';
import { setIdOf, textOfSet } from '@holdfast/protocol';
import type { QuorumSet } from '@holdfast/protocol';
import type { StoredSet } from '../node/membership.ts';
import { Damaged, plainCode } from './damage.ts';
import { formatVersion, metaChecksum, rowChecksum, schemaLines } from './schema.ts';

export interface Contents {
  readonly restored: RestoredVotes;
  /** The node has voted before, and everything it granted is here. */
  readonly hasVoted: boolean;
  /** Random, of this file. */
  readonly fileId: number;
  /** As given to `found`; empty: not yet. */
  readonly bootstrapSet: readonly number[];
  /** Ttl and drift buffer, the longest that was ever in force with this file; 0: not told. */
  readonly longestLeaseMs: number;
  /** The longest that may be granted at once: all of those, unless they are longer than before and the wait is not over. */
  readonly allowedLeaseMs: number;
  readonly needsLog: boolean;
  /** The set of the file; where that has none, the one that its node is told. */
  readonly stored: StoredSet;
  /** The file has none: it was written before sets stood in files. */
  readonly lacksSet: boolean;
}

/**
 * @throws Damaged, or what SQLite throws.
 * @throws Error when it is of another set, or of a newer format.
 */
export function readContents(
  database: DatabaseSync,
  file: string,
  told: QuorumSet | undefined,
): Contents {
  const lines = readSchema(database);
  if (!lines.some((line) => line.startsWith('table meta ') && schemaLines.includes(line)))
    throw new Damaged('it does not tell its format'); // STORE-READ-1
  const meta = readMeta(database);
  if (number(meta, 'format') > formatVersion)
    throw new Error(`${file} was written by a newer version of Holdfast. Run that one.`);
  if (lines.join('\n') !== schemaLines.join('\n')) throw new Damaged('its tables are others'); // STORE-READ-1
  // Files that were made before this was written down have no such rows.
  const longestLeaseMs = meta.has('longest_lease_ms') ? number(meta, 'longest_lease_ms') : 0;
  return {
    ...readSet(meta, file, told),
    restored: restore(database, number(meta, 'floor')),
    hasVoted: boolean(meta, 'has_voted'),
    fileId: number(meta, 'file_id'),
    bootstrapSet: numbers(meta, 'founders'),
    longestLeaseMs,
    allowedLeaseMs: meta.has('allowed_lease_ms')
      ? number(meta, 'allowed_lease_ms')
      : longestLeaseMs,
    needsLog: boolean(meta, 'needs_log'),
  };
}

/**
 * @param told What the node is told: its set, or the one before it (it is started as it always was).
 * @throws Error where it is told another one.
 */
function readSet(
  meta: MetaValues,
  file: string,
  told: QuorumSet | undefined,
): Pick<Contents, 'stored' | 'lacksSet'> {
  const epoch = number(meta, 'epoch');
  if (number(meta, 'format') < 2) {
    if (told === undefined)
      throw new Error(
        `${file} was written before sets stood in files. Name all other nodes with --peers: it adopts the set when they agree.`,
      );
    if (epoch !== told.epoch)
      throw new Error(
        `${file} is of configuration ${String(epoch)}, not ${String(told.epoch)}. Give the number with --epoch, or use another file.`,
      );
    return { stored: { set: told, after: '', next: undefined }, lacksSet: true };
  }
  const members = names(meta.get('members'), 'members');
  const set = members.length === 0 ? undefined : { epoch, members };
  const stored = { set, after: text(meta, 'after'), next: nextSet(meta) };
  if (told === undefined || set === undefined) {
    if (told === undefined) return { stored, lacksSet: false };
    throw new Error(
      `${file} waits to be made a member of a set. Start it with --join, without --peers, and use: holdfast quorum reconfigure. Or use another file.`,
    );
  }
  const id = setIdOf(told);
  const next = stored.next === undefined ? '' : setIdOf(stored.next);
  if ([setIdOf(set), stored.after, next].includes(id)) return { stored, lacksSet: false };
  throw new Error(
    epoch === told.epoch
      ? `${file} is of another set than the one that --peers and --advertise name: it has ${textOfSet(set)}. Name those, or change the set with: holdfast quorum reconfigure.`
      : `${file} is of configuration ${String(epoch)}, not ${String(told.epoch)}: it has ${textOfSet(set)}. Give the number with --epoch, or use another file.`,
  );
}

function nextSet(meta: MetaValues): QuorumSet | undefined {
  const next = meta.get('next');
  if (next === null) return undefined;
  if (typeof next !== 'object' || !('epoch' in next) || !('members' in next))
    throw new Damaged('next is no set');
  const { epoch, members } = next;
  if (!isCount(epoch)) throw new Damaged('next is no set');
  return { epoch, members: names(members, 'next') };
}

function text(meta: MetaValues, key: string): string {
  const value = meta.get(key);
  if (typeof value !== 'string') throw new Damaged(`${key} is no text`);
  return value;
}

function names(value: unknown, key: string): readonly string[] {
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string'))
    throw new Damaged(`${key} is no list of names`);
  return value;
}

/** The first that is read of a file: SQLite takes its lock here. */
export function readSchema(database: DatabaseSync): string[] {
  try {
    return database
      .prepare(`SELECT type, name, tbl_name, coalesce(sql, '') AS sql FROM sqlite_schema`)
      .all()
      .map(({ type, name, tbl_name: table, sql }) => [type, name, table, sql].join(' '))
      .toSorted();
  } catch (error) {
    // SQLITE_ERROR: every file can be asked this, so it is the file's head that SQLite does not know.
    if (plainCode(error) === 1) throw new Damaged(String(error));
    throw error;
  }
}

type MetaValues = ReadonlyMap<string, unknown>;

/** STORE-READ-2. */
function readMeta(database: DatabaseSync): MetaValues {
  const values = new Map<string, unknown>();
  for (const { key, value, checksum } of database.prepare('SELECT * FROM meta').all()) {
    if (typeof key !== 'string' || typeof value !== 'string')
      throw new Damaged('a row of meta is no text');
    if (metaChecksum(key, value) !== checksum) throw new Damaged(`${key} fails its checksum`);
    values.set(key, JSON.parse(value));
  }
  return values;
}

function number(meta: MetaValues, key: string): number {
  const value = meta.get(key);
  if (!isCount(value)) throw new Damaged(`${key} is no number`);
  return value;
}

function numbers(meta: MetaValues, key: string): readonly number[] {
  const value = meta.get(key);
  if (!Array.isArray(value) || !value.every(isCount)) throw new Damaged(`${key} is no list`);
  return value;
}

function boolean(meta: MetaValues, key: string): boolean {
  const value = meta.get(key);
  if (typeof value !== 'boolean') throw new Damaged(`${key} is neither true nor false`);
  return value;
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

function restore(database: DatabaseSync, floor: number): RestoredVotes {
  const rows = database
    .prepare('SELECT * FROM leases')
    .all()
    .map((row) => leaseRow(row));
  const tombstones = database
    .prepare('SELECT lease_id FROM tombstones ORDER BY number')
    .all()
    .map((row) => String(row['lease_id']));
  return { rows, tombstones, floor };
}

/** STORE-READ-2. */
function leaseRow(columns: Readonly<Record<string, unknown>>): LeaseRow {
  const { resource, max_token: maxToken } = columns;
  if (typeof resource !== 'string' || !isCount(maxToken))
    throw new Damaged('a row has no resource or token');
  const row = { resource, maxToken, lease: storedLease(resource, columns) };
  if (rowChecksum(row) !== columns['checksum'])
    throw new Damaged(`the row of "${resource}" fails its checksum`);
  return row;
}

function storedLease(
  resource: string,
  columns: Readonly<Record<string, unknown>>,
): LeaseRow['lease'] {
  const { lease_id: id, client_id: clientId, lease_token: token, ttl_ms: ttlMs } = columns;
  if (id === null && clientId === null && token === null && ttlMs === null) return undefined;
  if (
    typeof id !== 'string' ||
    typeof clientId !== 'string' ||
    !isCount(token) ||
    typeof ttlMs !== 'number' ||
    !(ttlMs > 0)
  )
    throw new Damaged(`the lease of "${resource}" is not whole`);
  return { id, clientId, token, ttlMs };
}
