/** A storage whose writes are durable when the test says so, and whose snapshots are in memory. */
import { createHash } from 'node:crypto';
import type { SnapshotMeta, Write } from '@holdfast/raft';
import type { SnapshotReader, Storage } from '@holdfast/storage';
import { MemoryPayloads } from './memory-payloads.ts';

type Point = Pick<SnapshotMeta, 'index' | 'term' | 'membership'>;

/** A snapshot as a member makes it: here without a head before the state's bytes. */
export function snapshotOf(
  point: Point,
  chunks: Iterable<Uint8Array>,
): { readonly meta: SnapshotMeta; readonly bytes: Uint8Array } {
  const bytes = Buffer.concat([...chunks]);
  const hash = createHash('sha256').update(bytes).digest('hex');
  return { meta: { ...point, hash, byteLength: bytes.byteLength }, bytes };
}

export class HandDisk implements Storage {
  readonly writes: Write[] = [];
  readonly stats = { commits: 0, pendingWrites: 0, lastCommitMs: 0, sizeBytes: 0, logBytes: 0 };
  /** By hash: what can be read. */
  readonly snapshots = new Map<
    string,
    { readonly meta: SnapshotMeta; readonly bytes: Uint8Array }
  >();
  readonly payloads = new MemoryPayloads();
  readonly forgotten: { readonly keepFrom: number; readonly hash: string }[] = [];
  openReaders = 0;
  /** Received bytes that are turned over on their way to the disk. */
  damageReceived = false;
  readonly #waiting: (() => void)[] = [];
  #received: Uint8Array[] = [];

  onWritten(): void {
    // Nothing here takes any time.
  }

  write(write: Write): Promise<void> {
    this.writes.push(write);
    for (const { offset, data } of write.snapshotChunks ?? []) {
      if (offset === 0) this.#received = [];
      this.#received.push(this.damageReceived ? data.map((byte) => byte ^ 255) : data);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** What was written so far is durable now. */
  async sync(): Promise<void> {
    for (const resolve of this.#waiting.splice(0)) resolve();
    await settled();
  }

  async saveSnapshot(
    point: Point,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<SnapshotMeta | undefined> {
    const all: Uint8Array[] = [];
    for await (const chunk of chunks) all.push(chunk);
    const snapshot = snapshotOf(point, all);
    this.snapshots.set(snapshot.meta.hash, snapshot);
    return snapshot.meta;
  }

  openSnapshot(hash: string): SnapshotReader | undefined {
    const found = this.snapshots.get(hash);
    if (found === undefined) return undefined;
    this.openReaders += 1;
    return {
      meta: found.meta,
      read: (offset, byteLength) =>
        Promise.resolve(found.bytes.subarray(offset, offset + byteLength)),
      close: () => {
        this.openReaders -= 1;
      },
    };
  }

  /** Of the head in front of the state's bytes. */
  headBytes = 0;

  stateOffset(): number {
    return this.headBytes;
  }

  verifyReceived(meta: SnapshotMeta): Promise<boolean> {
    const received = snapshotOf(meta, this.#received);
    const isGood = received.meta.hash === meta.hash;
    if (isGood) this.snapshots.set(meta.hash, received);
    return Promise.resolve(isGood);
  }

  forgetBefore(keepFrom: number, hash: string): void {
    this.forgotten.push({ keepFrom, hash });
    for (const known of this.snapshots.keys()) if (known !== hash) this.snapshots.delete(known);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Everything that was set off has run its course: nothing here waits for a real clock, disk or socket. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
