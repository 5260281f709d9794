/**
 * Makes a log of what the format before holds.
 *
 * CONV-1: the former file counts until the node's identity says that the log was made. So a conversion that
 *         did not come to its end is begun anew, and what it left behind is removed first.
 * CONV-2: the former file stays, locked, until the identity is durable.
 */
import { join } from 'node:path';
import type { HardState, LogIndex, Recovered } from '@holdfast/raft';
import type { Disk, FoundFile } from './disk.ts';
import { syncFolder } from './durable-names.ts';
import type { FormerLog } from './former.ts';
import { isSpare, partialEnding, receivedOf, segmentOf, snapshotOf } from './layout.ts';
import type { Folders } from './layout.ts';
import { SegmentLog } from './segment-log.ts';
import type { SegmentLogOptions } from './segment-log.ts';
import { piecesOf, SnapshotFiles } from './snapshot-files.ts';
import { noSnapshot } from './snapshot-recovery.ts';

/** Bytes of entries in one frame. */
const maxFrameBytes = 1024 * 1024;

/** Removes what an unfinished beginning or conversion left behind (CONV-1). */
export async function removeLeftovers(
  disk: Disk,
  folders: Folders,
  logFiles: readonly FoundFile[],
  snapshotFiles: readonly FoundFile[],
): Promise<void> {
  for (const { name } of logFiles)
    if (segmentOf(name) !== undefined || isSpare(name) || name.endsWith(partialEnding))
      await disk.remove(join(folders.log, name));
  for (const { name } of snapshotFiles)
    if (
      snapshotOf(name) !== undefined ||
      receivedOf(name) !== undefined ||
      name.endsWith(partialEnding)
    )
      await disk.remove(join(folders.snapshots, name));
  // What is made next must not meet again what was removed (DIR-1).
  await syncFolder(disk, folders.log);
  await syncFolder(disk, folders.snapshots);
}

export async function convert(
  former: FormerLog,
  options: SegmentLogOptions,
  folders: Folders,
): Promise<{
  readonly log: SegmentLog;
  readonly snapshots: SnapshotFiles;
  readonly recovered: Recovered | undefined;
}> {
  let log: SegmentLog | undefined;
  const snapshots = new SnapshotFiles(
    options.disk,
    folders.snapshots,
    undefined,
    () => log?.frames ?? 0,
  );
  const point = former.snapshot;
  const { entries } = former;
  try {
    const snapshot =
      point === undefined
        ? undefined
        : await snapshots.save(point, piecesOf(point, former.stateChunks()), () =>
            Promise.resolve(true),
          );
    log = await SegmentLog.make(options);
    if (former.hardState === undefined) return { log, snapshots, recovered: undefined };
    const { term, votedFor, commit } = former.hardState;
    const hardState: HardState = { term, votedFor, commit: Math.max(commit, snapshot?.index ?? 0) };
    const base = entries[0] === undefined ? (snapshot?.index ?? 0) : entries[0].index - 1;
    await append(log, hardState, entries, base);
    return { log, snapshots, recovered: { hardState, snapshot: snapshot ?? noSnapshot, entries } };
  } catch (error) {
    // What it does in the background must not go on when the folder is given back, as it was (CONV-2).
    await log?.close().catch(() => undefined);
    await snapshots.close().catch(() => undefined);
    throw error;
  }
}

async function append(
  log: SegmentLog,
  hardState: HardState,
  entries: Recovered['entries'],
  base: LogIndex,
): Promise<void> {
  const installed = { index: base, term: 0, replacesLog: true };
  await log.append({
    hardState,
    lastIndex: base,
    ...(base > 0 ? { installed } : {}),
    entries: [],
  });
  let start = 0;
  while (start < entries.length) {
    let end = start;
    let byteLength = 0;
    while (end < entries.length && byteLength < maxFrameBytes) {
      byteLength += entries[end]?.data.byteLength ?? 0;
      end += 1;
    }
    const part = entries.slice(start, end);
    await log.append({ hardState, lastIndex: part.at(-1)?.index ?? base, entries: part });
    start = end;
  }
}
