/** What a disk holds for certain, and snapshots as bytes with a hash. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type {
  Entry,
  HardState,
  LogIndex,
  Membership,
  Recovered,
  SnapshotMeta,
  Term,
  Write,
} from '../src/index.ts';

export const hashOf = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/** The snapshot of these bytes. */
export function metaOf(
  index: LogIndex,
  term: Term,
  membership: Membership,
  bytes: Uint8Array,
): SnapshotMeta {
  return { index, term, membership, hash: hashOf(bytes), byteLength: bytes.byteLength };
}

/** The state in the bytes of one snapshot. */
export function restored(meta: SnapshotMeta, bytes: Uint8Array): string[] {
  if (meta.index === 0) return [];
  assert.equal(hashOf(bytes), meta.hash, 'the bytes of a snapshot are not of one snapshot');
  const parsed = JSON.parse(new TextDecoder().decode(bytes)) as { readonly applied: string[] };
  return parsed.applied;
}

export class Disk {
  hardState: HardState = { term: 0, votedFor: null, commit: 0 };
  snapshot: SnapshotMeta;
  snapshotBytes: Uint8Array = new Uint8Array();
  entries: Entry[] = [];
  receiving: { readonly meta: SnapshotMeta; readonly bytes: Uint8Array } | undefined;

  constructor(membership: Membership) {
    this.snapshot = { index: 0, term: 0, membership, hash: '', byteLength: 0 };
  }

  write(write: Write): void {
    if (write.hardState !== undefined) this.hardState = write.hardState;
    for (const { meta, offset, data } of write.snapshotChunks ?? []) {
      if (offset === 0) this.receiving = { meta, bytes: new Uint8Array() };
      assert.equal(this.receiving?.meta.hash, meta.hash, 'chunks of two snapshots are mixed');
      assert.equal(this.receiving.bytes.byteLength, offset, 'chunks come in order');
      this.receiving = { meta, bytes: Buffer.concat([this.receiving.bytes, data]) };
    }
    if (write.installSnapshot !== undefined) this.#install(write.installSnapshot);
    const { truncateFrom } = write;
    if (truncateFrom !== undefined)
      this.entries = this.entries.filter((entry) => entry.index < truncateFrom);
    for (const entry of write.entries) {
      const last = this.entries.at(-1)?.index ?? this.snapshot.index;
      assert.equal(entry.index, last + 1, 'the disk has a gap');
      this.entries.push(entry);
    }
  }

  #install(meta: SnapshotMeta): void {
    assert.ok(this.receiving !== undefined, 'there is nothing to install');
    assert.equal(hashOf(this.receiving.bytes), meta.hash, 'what is installed is not verified');
    const contained = this.entries.some(
      (entry) => entry.index === meta.index && entry.term === meta.term,
    );
    this.snapshot = meta;
    this.snapshotBytes = this.receiving.bytes;
    this.entries = contained ? this.entries.filter((entry) => entry.index > meta.index) : [];
    this.receiving = undefined;
  }

  /** Stores a snapshot of the own state; `forgetBefore` says what of the log is not needed any more. */
  save(meta: SnapshotMeta, bytes: Uint8Array): void {
    this.snapshot = meta;
    this.snapshotBytes = bytes;
  }

  forgetBefore(keepFrom: LogIndex): void {
    this.entries = this.entries.filter((entry) => entry.index >= keepFrom);
  }

  /** The bytes of a snapshot that can be opened. */
  open(hash: string): Uint8Array | undefined {
    if (this.snapshot.hash === hash) return this.snapshotBytes;
    return this.receiving?.meta.hash === hash ? this.receiving.bytes : undefined;
  }

  recovered(): Recovered {
    return { hardState: this.hardState, snapshot: this.snapshot, entries: [...this.entries] };
  }
}
