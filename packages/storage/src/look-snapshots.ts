/** Which snapshots there are, and whether each is what its name says. */
import { join } from 'node:path';
import { StorageDamagedError } from './damage.ts';
import type { Disk, FoundFile } from './disk.ts';
import { receivedOf, snapshotOf } from './layout.ts';
import type { SnapshotPoint } from './snapshot-head.ts';
import { openSnapshotFile } from './snapshot-recovery.ts';

export interface SeenSnapshot {
  readonly path: string;
  readonly index: number;
  /** SHA-256, as the name tells it. */
  readonly hash: string;
  readonly byteLength: number;
  /** From a leader; it counts where the log says that it was installed. */
  readonly isReceived: boolean;
  /** Of one that is whole. */
  readonly point: SnapshotPoint | undefined;
  /** Undefined: all its bytes were read, and have the hash. */
  readonly problem: string | undefined;
}

/** In the order of their indexes. */
export async function lookAtSnapshots(
  disk: Disk,
  folder: string,
  files: readonly FoundFile[],
): Promise<readonly SeenSnapshot[]> {
  const seen: SeenSnapshot[] = [];
  for (const found of files) {
    const received = receivedOf(found.name);
    const named = received ?? snapshotOf(found.name);
    if (named === undefined) continue;
    const { index, hash } = named;
    const path = join(folder, found.name);
    const { byteLength } = found;
    const isReceived = received !== undefined;
    const facts = { path, index, hash, byteLength, isReceived };
    try {
      const { point, file } = await openSnapshotFile(disk, path, named, byteLength);
      await file.close();
      seen.push({ ...facts, point, problem: undefined });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const problem = error instanceof StorageDamagedError ? error.what : error.message;
      seen.push({ ...facts, point: undefined, problem });
    }
  }
  return seen.sort((one, other) => one.index - other.index);
}
