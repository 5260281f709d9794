/** The node's side of the storage: hands writes to the writer's thread and tells when they are durable. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { SnapshotMeta, Write } from '@holdfast/raft';
import { StorageDamagedError } from './damage.ts';
import type { FromWriter, ToWriter, WriterData } from './messages.ts';
import { fileName } from './schema.ts';
import type { Opened, Storage, StorageOptions } from './types.ts';

class SqliteStorage implements Storage {
  readonly #worker: Worker;
  readonly #onFailure: (error: Error) => void;
  readonly #waiting: { readonly id: number; readonly resolve: () => void }[] = [];
  readonly #reads = new Map<number, (data: Uint8Array | undefined) => void>();
  #turn: Write[] = [];
  #nextReadId = 1;
  #snapshotStep: (() => void) | undefined;
  #closed: (() => void) | undefined;
  #failed = false;
  #commits = 0;
  #lastCommitMs = 0;
  #sizeBytes = 0;

  constructor(worker: Worker, onFailure: (error: Error) => void) {
    this.#worker = worker;
    this.#onFailure = onFailure;
    worker.on('message', (message: FromWriter) => this.#receive(message));
    worker.on('error', (error) =>
      this.#fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  get figures(): Storage['figures'] {
    return {
      commits: this.#commits,
      pendingWrites: this.#waiting.length,
      lastCommitMs: this.#lastCommitMs,
      sizeBytes: this.#sizeBytes,
    };
  }

  write(write: Write): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ id: write.id, resolve });
      this.#turn.push(write);
      if (this.#turn.length > 1) return;
      queueMicrotask(() => {
        const writes = this.#turn;
        this.#turn = [];
        this.#post({ type: 'write', writes });
      });
    });
  }

  async saveSnapshot(
    meta: Omit<SnapshotMeta, 'chunkCount'>,
    chunks: Iterable<Uint8Array>,
    keepFrom: number,
  ): Promise<SnapshotMeta> {
    let chunkCount = 0;
    for (const data of chunks) {
      await this.#step({ type: 'snapshot_chunk', index: meta.index, chunk: chunkCount, data });
      chunkCount += 1;
    }
    const saved = { ...meta, chunkCount };
    await this.#step({ type: 'snapshot_done', meta: saved, keepFrom });
    return saved;
  }

  readSnapshotChunk(index: number, chunk: number): Promise<Uint8Array | undefined> {
    return new Promise((resolve) => {
      const requestId = this.#nextReadId++;
      this.#reads.set(requestId, resolve);
      this.#post({ type: 'read_chunk', requestId, index, chunk });
    });
  }

  async close(): Promise<void> {
    if (!this.#failed) {
      await new Promise<void>((resolve) => {
        this.#closed = resolve;
        queueMicrotask(() => this.#post({ type: 'close' }));
      });
    }
    await this.#worker.terminate();
  }

  #step(message: ToWriter): Promise<void> {
    return new Promise((resolve) => {
      this.#snapshotStep = resolve;
      this.#post(message);
    });
  }

  #post(message: ToWriter): void {
    if (!this.#failed) this.#worker.postMessage(message);
  }

  #receive(message: FromWriter): void {
    switch (message.type) {
      case 'committed':
        this.#commits += 1;
        this.#lastCommitMs = message.commitMs;
        if (message.sizeBytes > 0) this.#sizeBytes = message.sizeBytes;
        while (this.#waiting[0] !== undefined && this.#waiting[0].id <= message.writeId)
          this.#waiting.shift()?.resolve();
        return;
      case 'chunk_saved':
      case 'snapshot_saved':
        this.#snapshotStep?.();
        return;
      case 'chunk':
        this.#reads.get(message.requestId)?.(message.data);
        this.#reads.delete(message.requestId);
        return;
      case 'failed':
        this.#fail(new Error(message.message));
        return;
      case 'closed':
        this.#closed?.();
        return;
      case 'opened':
      case 'refused':
        return;
    }
  }

  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#closed?.();
    this.#onFailure(error);
  }
}

/**
 * Opens (or makes) the log in a folder and reads it back, checked.
 *
 * @throws StorageDamagedError when anything that was acknowledged may be missing or changed.
 * @throws Error when the folder belongs to another node, is in use, or is of a newer format.
 */
export async function openStorage(options: StorageOptions): Promise<Opened> {
  mkdirSync(options.folder, { recursive: true });
  const file = join(options.folder, fileName);
  const data: WriterData = {
    file,
    clusterId: options.clusterId,
    memberId: options.memberId,
    writeDelayMs: options.writeDelayMs ?? 0,
  };
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./writer.${extension}`, import.meta.url), {
    workerData: data,
  });
  const first = await new Promise<FromWriter>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  if (first.type === 'refused') {
    await worker.terminate();
    throw first.name === 'StorageDamagedError'
      ? Object.assign(new StorageDamagedError(file, ''), { message: first.message })
      : new Error(first.message);
  }
  const recovered = first.type === 'opened' ? first.recovered : undefined;
  return {
    storage: new SqliteStorage(worker, options.onFailure),
    recovered,
    repairs: first.type === 'opened' ? first.repairs : [],
  };
}
