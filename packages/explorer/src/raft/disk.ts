/** What one node's disk holds for certain. A disk is never changed: a write makes the next one. */
import type { Entry, HardState, LogIndex, Membership, SnapshotMeta, Write } from '@holdfast/raft';

/** The core asks for what no disk can do. */
export class DiskPromiseError extends Error {
  override name = 'DiskPromiseError';
}

export interface DurableState {
  readonly hardState: HardState;
  readonly snapshot: SnapshotMeta;
  readonly entries: readonly Entry[];
  readonly receiving: { readonly meta: SnapshotMeta; readonly byteLength: number } | undefined;
}

export const newDisk = (membership: Membership): DurableState => ({
  hardState: { term: 0, votedFor: null, commit: 0 },
  snapshot: { index: 0, term: 0, membership, hash: '', byteLength: 0 },
  entries: [],
  receiving: undefined,
});

export const lastOf = ({ entries, snapshot }: DurableState): LogIndex =>
  entries.at(-1)?.index ?? snapshot.index;

/** @throws DiskPromiseError where the core asks for what no disk can do: a gap, or a snapshot that it has not received. */
export function written(disk: DurableState, write: Write): DurableState {
  let { snapshot, entries, receiving } = disk;
  for (const { meta, offset, data } of write.snapshotChunks ?? []) {
    if (offset === 0) receiving = { meta, byteLength: 0 };
    if (receiving?.meta.hash !== meta.hash || receiving.byteLength !== offset)
      throw new DiskPromiseError(
        `the chunk at ${String(offset)} does not follow what the disk has received`,
      );
    receiving = { meta, byteLength: offset + data.byteLength };
  }
  const { installSnapshot: install, truncateFrom } = write;
  if (install !== undefined) {
    if (receiving?.meta.hash !== install.hash || receiving.byteLength !== install.byteLength)
      throw new DiskPromiseError(
        `the snapshot of ${String(install.index)} is installed and was not received`,
      );
    const isContained = entries.some(
      ({ index, term }) => index === install.index && term === install.term,
    );
    entries = isContained ? entries.filter(({ index }) => index > install.index) : [];
    snapshot = install;
    receiving = undefined;
  }
  if (truncateFrom !== undefined) entries = entries.filter(({ index }) => index < truncateFrom);
  for (const entry of write.entries) {
    const last: LogIndex = entries.at(-1)?.index ?? snapshot.index;
    if (entry.index !== last + 1)
      throw new DiskPromiseError(
        `the disk has a gap between ${String(last)} and ${String(entry.index)}`,
      );
    entries = [...entries, entry];
  }
  return { hardState: write.hardState ?? disk.hardState, snapshot, entries, receiving };
}
