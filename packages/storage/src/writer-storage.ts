/** The node's side of the storage: hands writes to the writer and tells when they are durable. */
import type { SnapshotMeta, Write } from '@holdfast/raft';
import type { FromWriter, ToWriter } from './messages.ts';
import type { Storage } from './types.ts';

/** Where the writer is: a thread of its own, or what a simulator puts in its place. */
export interface WriterPort {
  post(message: ToWriter): void;
  terminate(): Promise<void>;
}

export class WriterStorage implements Storage {
  readonly #port: WriterPort;
  readonly #onFailure: (error: Error) => void;
  readonly #waiting: { readonly id: number; readonly resolve: () => void }[] = [];
  readonly #reads = new Map<number, (data: Uint8Array | undefined) => void>();
  #turn: Write[] = [];
  #nextReadId = 1;
  #snapshotStep: ((replaced: boolean) => void) | undefined;
  #closed: (() => void) | undefined;
  #failed = false;
  #commits = 0;
  #lastCommitMs = 0;
  #sizeBytes = 0;

  constructor(port: WriterPort, onFailure: (error: Error) => void) {
    this.#port = port;
    this.#onFailure = onFailure;
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
  ): Promise<SnapshotMeta | undefined> {
    let chunkCount = 0;
    for (const data of chunks) {
      await this.#step({ type: 'snapshot_chunk', index: meta.index, chunk: chunkCount, data });
      chunkCount += 1;
    }
    const saved = { ...meta, chunkCount };
    const replaced = await this.#step({ type: 'snapshot_done', meta: saved, keepFrom });
    return replaced ? undefined : saved;
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
    await this.#port.terminate();
  }

  #step(message: ToWriter): Promise<boolean> {
    return new Promise((resolve) => {
      this.#snapshotStep = resolve;
      this.#post(message);
    });
  }

  #post(message: ToWriter): void {
    if (!this.#failed) this.#port.post(message);
  }

  /** What the writer says. */
  receive(message: FromWriter): void {
    switch (message.type) {
      case 'committed':
        this.#commits += 1;
        this.#lastCommitMs = message.commitMs;
        if (message.sizeBytes > 0) this.#sizeBytes = message.sizeBytes;
        while (this.#waiting[0] !== undefined && this.#waiting[0].id <= message.writeId)
          this.#waiting.shift()?.resolve();
        return;
      case 'chunk_saved':
        this.#snapshotStep?.(false);
        return;
      case 'snapshot_saved':
        this.#snapshotStep?.(message.replaced);
        return;
      case 'chunk':
        this.#reads.get(message.requestId)?.(message.data);
        this.#reads.delete(message.requestId);
        return;
      case 'failed':
        this.fail(new Error(message.message));
        return;
      case 'closed':
        this.#closed?.();
        return;
      case 'opened':
      case 'refused':
        return;
    }
  }

  /** The writer is gone. */
  fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#closed?.();
    this.#onFailure(error);
  }
}
