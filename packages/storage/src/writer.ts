/**
 * The writer's thread: the only one that touches the file.
 *
 * W1: one commit at a time; what arrives meanwhile is the next one. A commit has returned only when
 *     SQLite has synced it.
 * W2: after the first failure nothing more is written: a later success could hide the hole.
 */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { SnapshotMeta, Write } from '@holdfast/raft';
import type { FromWriter, ToWriter, WriterData } from './messages.ts';
import { claim, recover } from './recover.ts';
import { inspectWal } from './wal.ts';
import {
  chunkChecksum,
  entryChecksum,
  hardStateChecksum,
  kindCode,
  prepare,
  snapshotChecksum,
} from './schema.ts';

const data = workerData as WriterData;
if (parentPort === null) throw new Error('writer.ts runs in a worker thread only');
const port = parentPort;
const say = (message: FromWriter): void => port.postMessage(message);
/** Old entries and chunks go in slices, so that a commit never waits for a large delete. */
const rowsPerSlice = 500;

function open(): DatabaseSync | undefined {
  try {
    const repairs = inspectWal(data.file);
    const database = new DatabaseSync(data.file, { timeout: 0 });
    prepare(database);
    database.exec('BEGIN IMMEDIATE');
    claim(database, data.file, data.clusterId, data.memberId);
    database.exec('COMMIT');
    say({ type: 'opened', recovered: recover(database, data.file), repairs });
    return database;
  } catch (error) {
    const locked = error instanceof Error && /locked/.test(error.message);
    say({
      type: 'refused',
      name: error instanceof Error ? error.name : 'Error',
      message: locked
        ? `${data.file} is in use by another process. Stop it first, or use another folder.`
        : String(error instanceof Error ? error.message : error),
    });
    return undefined;
  }
}

const database = open();
if (database !== undefined) run(database);

function run(file: DatabaseSync): void {
  const statements = {
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
      'DELETE FROM chunks WHERE rowid IN (SELECT rowid FROM chunks WHERE snapshot <> ? LIMIT ?)',
    ),
    deleteOldSnapshots: file.prepare('DELETE FROM snapshots WHERE "index" <> ?'),
    termAt: file.prepare('SELECT term FROM entries WHERE "index" = ?'),
    clear: file.prepare('DELETE FROM entries'),
    size: file.prepare(
      'SELECT page_count * page_size AS size FROM pragma_page_count(), pragma_page_size()',
    ),
  };
  const recovered = file
    .prepare('SELECT term, voted_for, "commit", last_index FROM hard_state')
    .get();
  let term = Number(recovered?.['term'] ?? 0);
  let votedFor = (recovered?.['voted_for'] ?? null) as string | null;
  let commit = Number(recovered?.['commit'] ?? 0);
  let lastIndex = Number(recovered?.['last_index'] ?? 0);
  let current = Number(
    file.prepare("SELECT value FROM meta WHERE key = 'snapshot'").get()?.['value'] ?? 0,
  );
  let failed = false;
  let closed = false;
  let prefixToDelete = 0;
  let chunksToDelete = false;
  let sizeBytes = 0;

  function transaction(act: () => void): boolean {
    if (failed) return false; // W2
    try {
      file.exec('BEGIN IMMEDIATE');
      act();
      file.exec('COMMIT');
      return true;
    } catch (error) {
      failed = true;
      say({ type: 'failed', message: `${data.file} could not be written: ${String(error)}` });
      return false;
    }
  }

  function carryOut(write: Write): void {
    if (write.hardState !== undefined) ({ term, votedFor, commit } = write.hardState);
    if (write.installSnapshot !== undefined) {
      if (write.snapshotChunk !== undefined)
        writeChunk(
          write.snapshotChunk.meta.index,
          write.snapshotChunk.chunk,
          write.snapshotChunk.data,
        );
      install(write.installSnapshot);
    } else if (write.snapshotChunk !== undefined) {
      writeChunk(
        write.snapshotChunk.meta.index,
        write.snapshotChunk.chunk,
        write.snapshotChunk.data,
      );
    }
    if (write.truncateFrom !== undefined) {
      statements.truncate.run(write.truncateFrom);
      lastIndex = Math.min(lastIndex, write.truncateFrom - 1);
    }
    for (const entry of write.entries) {
      const kind = kindCode(entry);
      statements.insert.run(
        entry.index,
        entry.term,
        kind,
        entry.data,
        entryChecksum(entry.index, entry.term, kind, entry.data),
      );
      lastIndex = entry.index;
    }
  }

  function writeChunk(index: number, chunk: number, bytes: Uint8Array): void {
    statements.insertChunk.run(index, chunk, bytes, chunkChecksum(index, chunk, bytes));
  }

  function makeCurrent(meta: SnapshotMeta): void {
    const membership = JSON.stringify(meta.membership);
    statements.insertSnapshot.run(
      meta.index,
      meta.term,
      membership,
      meta.chunkCount,
      snapshotChecksum(meta.index, meta.term, membership, meta.chunkCount),
    );
    statements.setCurrent.run(meta.index);
    statements.deleteOldSnapshots.run(meta.index);
    current = meta.index;
    chunksToDelete = true;
  }

  function install(meta: SnapshotMeta): void {
    makeCurrent(meta);
    const contains = statements.termAt.get(meta.index)?.['term'] === meta.term;
    if (contains) {
      prefixToDelete = Math.max(prefixToDelete, meta.index + 1);
      return;
    }
    statements.clear.run();
    lastIndex = meta.index;
    commit = Math.max(commit, meta.index);
  }

  function writeAll(writes: readonly Write[]): void {
    const started = performance.now();
    const done = transaction(() => {
      for (const write of writes) carryOut(write);
      statements.hardState.run(
        term,
        votedFor,
        commit,
        lastIndex,
        hardStateChecksum(term, votedFor, commit, lastIndex),
      );
      if (data.writeDelayMs > 0)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, data.writeDelayMs);
    });
    const last = writes.at(-1);
    if (done && last !== undefined)
      say({
        type: 'committed',
        writeId: last.id,
        commitMs: performance.now() - started,
        sizeBytes,
      });
  }

  /** One slice of clearing up; returns whether there is more. */
  function clearUp(): boolean {
    if (failed || closed || (prefixToDelete === 0 && !chunksToDelete)) return false;
    transaction(() => {
      if (
        prefixToDelete > 0 &&
        Number(statements.deletePrefix.run(prefixToDelete, rowsPerSlice).changes) < rowsPerSlice
      )
        prefixToDelete = 0;
      if (chunksToDelete && Number(statements.deleteOldChunks.run(current, 16).changes) < 16)
        chunksToDelete = false;
    });
    sizeBytes = Number(statements.size.get()?.['size'] ?? 0);
    return true;
  }

  function handle(messages: readonly ToWriter[]): void {
    let writes: Write[] = [];
    const flush = (): void => {
      if (writes.length > 0) writeAll(writes);
      writes = [];
    };
    for (const message of messages) {
      if (message.type === 'write') {
        writes.push(...message.writes);
        continue;
      }
      flush();
      if (message.type === 'snapshot_chunk') {
        if (transaction(() => writeChunk(message.index, message.chunk, message.data)))
          say({ type: 'chunk_saved' });
      } else if (message.type === 'snapshot_done') {
        // The chunks are durable; now the marker; then the log goes (never the other way round).
        if (transaction(() => makeCurrent(message.meta))) {
          prefixToDelete = Math.max(prefixToDelete, message.keepFrom);
          say({ type: 'snapshot_saved' });
        }
      } else if (message.type === 'read_chunk') {
        readChunk(message.requestId, message.index, message.chunk);
      } else {
        closed = true;
        file.close();
        say({ type: 'closed' });
        port.close();
        return;
      }
    }
    flush();
  }

  function readChunk(requestId: number, index: number, chunk: number): void {
    const row = index === current ? statements.readChunk.get(index, chunk) : undefined;
    if (
      row !== undefined &&
      chunkChecksum(index, chunk, row['data'] as Uint8Array) !== row['checksum']
    ) {
      failed = true;
      say({
        type: 'failed',
        message: `${data.file} is damaged: chunk ${String(chunk)} of the snapshot at ${String(index)} fails its checksum.`,
      });
      return;
    }
    say({ type: 'chunk', requestId, data: row?.['data'] as Uint8Array | undefined });
  }

  let clearingUp = false;
  port.on('message', (first: ToWriter) => {
    // W1: everything that has arrived meanwhile goes into this commit.
    const messages = [first];
    for (;;) {
      const next: { readonly message: ToWriter } | undefined = receiveMessageOnPort(port);
      if (next === undefined) break;
      messages.push(next.message);
    }
    handle(messages);
    if (!clearingUp && (prefixToDelete > 0 || chunksToDelete)) {
      clearingUp = true;
      const slice = (): void => {
        if (clearUp()) setImmediate(slice);
        else clearingUp = false;
      };
      setImmediate(slice);
    }
  });
}
