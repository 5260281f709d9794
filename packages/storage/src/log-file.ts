/**
 * The log's file: what the writer does with it, apart from the thread that it does so in.
 *
 * W1: one commit at a time, of all that is handed over together. It has returned only when SQLite has
 *     synced it.
 * W2: after the first failure nothing more is written: a later success could hide the hole.
 * W3: the current snapshot never goes back: one of this node's own that is done only after a newer one
 *     of the leader was installed comes to nothing.
 * W4: clearing up takes away only what is older than the current snapshot: newer chunks belong to one
 *     that is still being saved or received.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SnapshotMeta, Write } from '@holdfast/raft';
import type { FromWriter, ToWriter, WriterData } from './messages.ts';
import { claim, recover } from './recover.ts';
import {
  chunkChecksum,
  entryChecksum,
  hardStateChecksum,
  kindCode,
  prepare,
  snapshotChecksum,
} from './schema.ts';

/** Old entries and chunks go in slices, so that a commit never waits for a large delete. */
const rowsPerSlice = 500;

export interface LogFileOptions {
  readonly data: Pick<WriterData, 'file' | 'clusterId' | 'memberId'>;
  readonly say: (message: FromWriter) => void;
  /** For figures. */
  readonly now: () => number;
  /** Tests only: called before each commit; what it throws is a failure of the disk. */
  readonly beforeCommit?: () => void;
}

/** Sets up or claims the file, reads it back checked, and says `opened` or `refused`. */
export function openLogFile(
  database: DatabaseSync,
  options: LogFileOptions,
  repairs: readonly string[],
): LogFile {
  const { file, clusterId, memberId } = options.data;
  prepare(database);
  database.exec('BEGIN IMMEDIATE');
  claim(database, file, clusterId, memberId);
  database.exec('COMMIT');
  options.say({ type: 'opened', recovered: recover(database, file), repairs });
  return new LogFile(database, options);
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(file: DatabaseSync) {
  return {
    truncate: file.prepare('DELETE FROM entries WHERE "index" >= ?'),
    insert: file.prepare(
      'INSERT OR REPLACE INTO entries ("index", term, kind, data, checksum) VALUES (?, ?, ?, ?, ?)',
    ),
    hardState: file.prepare(
      'INSERT OR REPLACE INTO hard_state (id, term, voted_for, "commit", last_index, checksum) VALUES (1, ?, ?, ?, ?, ?)',
    ),
    deletePrefix: file.prepare(
      'DELETE FROM entries WHERE "index" IN (SELECT "index" FROM entries WHERE "index" < ? ORDER BY "index" LIMIT ?)',
    ),
    insertChunk: file.prepare(
      'INSERT OR REPLACE INTO chunks (snapshot, chunk, data, checksum) VALUES (?, ?, ?, ?)',
    ),
    readChunk: file.prepare('SELECT data, checksum FROM chunks WHERE snapshot = ? AND chunk = ?'),
    insertSnapshot: file.prepare(
      'INSERT OR REPLACE INTO snapshots ("index", term, membership, chunk_count, checksum) VALUES (?, ?, ?, ?, ?)',
    ),
    setCurrent: file.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('snapshot', ?)"),
    deleteOldChunks: file.prepare(
      'DELETE FROM chunks WHERE rowid IN (SELECT rowid FROM chunks WHERE snapshot < ? LIMIT ?)', // W4
    ),
    deleteChunksFrom: file.prepare('DELETE FROM chunks WHERE snapshot = ? AND chunk >= ?'),
    deleteOldSnapshots: file.prepare('DELETE FROM snapshots WHERE "index" <> ?'),
    termAt: file.prepare('SELECT term FROM entries WHERE "index" = ?'),
    clear: file.prepare('DELETE FROM entries'),
    size: file.prepare(
      'SELECT page_count * page_size AS size FROM pragma_page_count(), pragma_page_size()',
    ),
  } satisfies Record<string, StatementSync>;
}

export class LogFile {
  readonly #database: DatabaseSync;
  readonly #options: LogFileOptions;
  readonly #statements: Statements;
  #term: number;
  #votedFor: string | null;
  #commit: number;
  #lastIndex: number;
  #currentSnapshot: number;
  #failed = false;
  #closed = false;
  #prefixToDelete = 0;
  #chunksToDelete = false;
  #sizeBytes = 0;

  constructor(database: DatabaseSync, options: LogFileOptions) {
    this.#database = database;
    this.#options = options;
    this.#statements = prepareStatements(database);
    const recovered = database
      .prepare('SELECT term, voted_for, "commit", last_index FROM hard_state')
      .get();
    this.#term = Number(recovered?.['term'] ?? 0);
    this.#votedFor = (recovered?.['voted_for'] ?? null) as string | null;
    this.#commit = Number(recovered?.['commit'] ?? 0);
    this.#lastIndex = Number(recovered?.['last_index'] ?? 0);
    this.#currentSnapshot = Number(
      database.prepare("SELECT value FROM meta WHERE key = 'snapshot'").get()?.['value'] ?? 0,
    );
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether there is something to clear up when there is time. */
  get untidy(): boolean {
    return !this.#failed && !this.#closed && (this.#prefixToDelete > 0 || this.#chunksToDelete);
  }

  /** Carries out what has arrived together (W1). */
  handle(messages: readonly ToWriter[]): void {
    let writes: Write[] = [];
    const flush = (): void => {
      if (writes.length > 0) this.#writeAll(writes);
      writes = [];
    };
    for (const message of messages) {
      if (message.type === 'write') {
        writes.push(...message.writes);
        continue;
      }
      flush();
      if (message.type === 'close') {
        this.#closed = true;
        this.#database.close();
        this.#options.say({ type: 'closed' });
        return;
      }
      this.#handleSnapshot(message);
    }
    flush();
  }

  /** One slice of clearing up. */
  clearUp(): void {
    if (!this.untidy) return;
    const { deletePrefix, deleteOldChunks, size } = this.#statements;
    this.#transaction(() => {
      if (
        this.#prefixToDelete > 0 &&
        Number(deletePrefix.run(this.#prefixToDelete, rowsPerSlice).changes) < rowsPerSlice
      )
        this.#prefixToDelete = 0;
      if (
        this.#chunksToDelete &&
        Number(deleteOldChunks.run(this.#currentSnapshot, 16).changes) < 16
      )
        this.#chunksToDelete = false;
    });
    this.#sizeBytes = Number(size.get()?.['size'] ?? 0);
  }

  #transaction(act: () => void): boolean {
    if (this.#failed) return false; // W2
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      act();
      this.#options.beforeCommit?.();
      this.#database.exec('COMMIT');
      return true;
    } catch (error) {
      this.#fail(`${this.#options.data.file} could not be written: ${String(error)}`);
      return false;
    }
  }

  #fail(message: string): void {
    this.#failed = true;
    this.#options.say({ type: 'failed', message });
  }

  #handleSnapshot(message: Exclude<ToWriter, { readonly type: 'write' | 'close' }>): void {
    const { say } = this.#options;
    if (message.type === 'snapshot_chunk') {
      if (this.#transaction(() => this.#writeChunk(message.index, message.chunk, message.data)))
        say({ type: 'chunk_saved' });
    } else if (message.type === 'snapshot_done') {
      if (message.meta.index <= this.#currentSnapshot) {
        this.#chunksToDelete = true;
        say({ type: 'snapshot_saved', replaced: true }); // W3
        return;
      }
      // The chunks are durable; now the marker; then the log goes (never the other way round).
      if (this.#transaction(() => this.#makeCurrent(message.meta))) {
        this.#prefixToDelete = Math.max(this.#prefixToDelete, message.keepFrom);
        say({ type: 'snapshot_saved', replaced: false });
      }
    } else {
      this.#readChunk(message.requestId, message.index, message.chunk);
    }
  }

  #writeAll(writes: readonly Write[]): void {
    const { now, say } = this.#options;
    const startedMs = now();
    const done = this.#transaction(() => {
      for (const write of writes) this.#carryOut(write);
      this.#statements.hardState.run(
        this.#term,
        this.#votedFor,
        this.#commit,
        this.#lastIndex,
        hardStateChecksum(this.#term, this.#votedFor, this.#commit, this.#lastIndex),
      );
    });
    const last = writes.at(-1);
    if (done && last !== undefined)
      say({
        type: 'committed',
        writeId: last.id,
        commitMs: now() - startedMs,
        sizeBytes: this.#sizeBytes,
      });
  }

  #carryOut(write: Write): void {
    if (write.hardState !== undefined) {
      this.#term = write.hardState.term;
      this.#votedFor = write.hardState.votedFor;
      this.#commit = write.hardState.commit;
    }
    const { snapshotChunk } = write;
    if (snapshotChunk !== undefined)
      this.#writeChunk(snapshotChunk.meta.index, snapshotChunk.chunk, snapshotChunk.data);
    if (write.installSnapshot !== undefined) this.#install(write.installSnapshot);
    if (write.truncateFrom !== undefined) {
      this.#statements.truncate.run(write.truncateFrom);
      this.#lastIndex = Math.min(this.#lastIndex, write.truncateFrom - 1);
    }
    for (const entry of write.entries) {
      const kind = kindCode(entry);
      this.#statements.insert.run(
        entry.index,
        entry.term,
        kind,
        entry.data,
        entryChecksum(entry.index, entry.term, kind, entry.data),
      );
      this.#lastIndex = entry.index;
    }
  }

  #writeChunk(index: number, chunk: number, bytes: Uint8Array): void {
    this.#statements.insertChunk.run(index, chunk, bytes, chunkChecksum(index, chunk, bytes));
  }

  #makeCurrent(meta: SnapshotMeta): void {
    const membership = JSON.stringify(meta.membership);
    this.#statements.insertSnapshot.run(
      meta.index,
      meta.term,
      membership,
      meta.chunkCount,
      snapshotChecksum(meta.index, meta.term, membership, meta.chunkCount),
    );
    this.#statements.setCurrent.run(meta.index);
    // Of an earlier attempt that was cut into more.
    this.#statements.deleteChunksFrom.run(meta.index, meta.chunkCount);
    this.#statements.deleteOldSnapshots.run(meta.index);
    this.#currentSnapshot = meta.index;
    this.#chunksToDelete = true;
  }

  #install(meta: SnapshotMeta): void {
    this.#makeCurrent(meta);
    const contains = this.#statements.termAt.get(meta.index)?.['term'] === meta.term;
    if (contains) {
      this.#prefixToDelete = Math.max(this.#prefixToDelete, meta.index + 1);
      return;
    }
    this.#statements.clear.run();
    this.#lastIndex = meta.index;
    this.#commit = Math.max(this.#commit, meta.index);
  }

  /** Of the current snapshot, which is whole: anything else has been replaced. */
  #readChunk(requestId: number, index: number, chunk: number): void {
    if (index !== this.#currentSnapshot) {
      this.#options.say({ type: 'chunk', requestId, data: undefined });
      return;
    }
    const row = this.#statements.readChunk.get(index, chunk);
    const data = row?.['data'] as Uint8Array | undefined;
    if (data === undefined || chunkChecksum(index, chunk, data) !== row?.['checksum']) {
      this.#fail(
        `${this.#options.data.file} is damaged: chunk ${String(chunk)} of the snapshot at ${String(index)} is missing or fails its checksum.`,
      );
      return;
    }
    this.#options.say({ type: 'chunk', requestId, data });
  }
}
