/**
 * Looks through the snapshots on start: the newest one is current, and every byte of it is checked.
 *
 * SFILE-7: a received one counts only where the log says that it was installed. Otherwise the install was cut
 *         short before anything old went, and nobody was told of it: the file is dropped.
 */
import { join } from 'node:path';
import type { LogIndex, SnapshotMeta } from '@holdfast/raft';
import { StorageDamagedError } from './damage.ts';
import type { Disk, DiskFile, FoundFile } from './disk.ts';
import { hashOf } from './file-hash.ts';
import { receivedOf, snapshotOf } from './layout.ts';
import type { SnapshotName } from './layout.ts';
import { decodeHead, encodeHead, maxHeadBytes } from './snapshot-head.ts';
import type { SnapshotPoint } from './snapshot-head.ts';

export const noSnapshot: SnapshotMeta = {
  index: 0,
  term: 0,
  membership: { members: [] },
  hash: '',
  byteLength: 0,
};

export interface FoundSnapshot {
  readonly meta: SnapshotMeta;
  readonly named: SnapshotName;
  /** Of the file as it was found. */
  readonly name: string;
  /** It does not have its final name yet. */
  readonly isReceived: boolean;
  readonly file: DiskFile;
}

/** Of the files in the folder of snapshots; undefined where there is none. `installedIndex`: of the log's last install. */
export async function recoverSnapshot(
  disk: Disk,
  folder: string,
  files: readonly FoundFile[],
  installedIndex: LogIndex,
): Promise<FoundSnapshot | undefined> {
  let newest: (Pick<FoundSnapshot, 'named' | 'isReceived'> & { found: FoundFile }) | undefined;
  for (const found of files) {
    const received = receivedOf(found.name);
    const named = received?.index === installedIndex ? received : snapshotOf(found.name); // SFILE-7
    if (named !== undefined && named.index > (newest?.named.index ?? 0))
      newest = { named, found, isReceived: named === received };
  }
  if (newest === undefined) return undefined;
  const { named, isReceived, found } = newest;
  const { byteLength } = found;
  await disk.syncFolder(folder);
  const path = join(folder, found.name);
  const { point, file } = await openSnapshotFile(disk, path, named, byteLength);
  const meta = { ...point, hash: named.hash, byteLength };
  return { meta, named, name: found.name, isReceived, file };
}

/** Every byte of it is checked. @throws StorageDamagedError where it is not what its name says. */
export async function openSnapshotFile(
  disk: Disk,
  path: string,
  { index, hash }: SnapshotName,
  byteLength: number,
): Promise<{ readonly point: SnapshotPoint; readonly file: DiskFile }> {
  const file = await disk.open(path);
  try {
    if ((await hashOf(file, byteLength)) !== hash)
      throw new StorageDamagedError(path, 'its bytes are not those that its name has the hash of');
    const point = headOf(path, await file.read(0, Math.min(maxHeadBytes, byteLength)));
    if (point.index !== index)
      throw new StorageDamagedError(path, `its head names index ${String(point.index)}`);
    return { point, file };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function headOf(path: string, bytes: Uint8Array): SnapshotPoint {
  let point: SnapshotPoint | undefined;
  try {
    point = decodeHead(bytes);
  } catch (error) {
    throw new Error(
      `${path} cannot be read: ${String(error)}. Run the version that wrote it, or newer.`,
      {
        cause: error,
      },
    );
  }
  const head = point === undefined ? undefined : encodeHead(point);
  if (
    point === undefined ||
    Buffer.compare(head ?? new Uint8Array(), bytes.subarray(0, head?.byteLength)) !== 0
  )
    throw new StorageDamagedError(path, 'its head is not that of a snapshot');
  return point;
}
