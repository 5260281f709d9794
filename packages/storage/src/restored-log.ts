/**
 * Makes the log and the snapshot of a node that begins with a state which did not come out of a log of its own:
 * that of a backup. The caller has the folder to itself, and counts it as nothing until this is done.
 */
import type { HardState } from '@holdfast/raft';
import type { Disk } from './disk.ts';
import { logIdBytes } from './frame.ts';
import { foldersOf } from './layout.ts';
import { defaultSegments } from './open.ts';
import type { SegmentSettings } from './open.ts';
import { PayloadFiles } from './payload-files.ts';
import { findPayloads } from './payload-scan.ts';
import { defaultPayloads } from './payload-settings.ts';
import { SegmentLog } from './segment-log.ts';
import { piecesOf, SnapshotFiles } from './snapshot-files.ts';
import type { SnapshotPoint } from './snapshot-head.ts';
import type { LogPosition } from './types.ts';

/**
 * Everything is durable when it resolves with how far the log has come, which the node's identity has to say.
 *
 * @param chunks The bytes of the state as of `point`.
 */
export async function writeRestored(
  disk: Disk,
  logFolder: string,
  logId: string,
  point: SnapshotPoint,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  settings: SegmentSettings = defaultSegments,
): Promise<Required<LogPosition>> {
  const folders = foldersOf(logFolder);
  await disk.makeFolder(folders.log);
  await disk.makeFolder(folders.snapshots);
  const snapshots = new SnapshotFiles(disk, folders.snapshots, undefined, () => 0);
  let log: SegmentLog | undefined;
  try {
    await snapshots.save(point, piecesOf(point, chunks), () => Promise.resolve(true));
    log = await SegmentLog.make({
      disk,
      folder: folders.log,
      logId: logIdBytes(logId),
      ...settings,
    });
    const { index, term } = point;
    const hardState: HardState = { term, votedFor: null, commit: index };
    const installed = { index, term, replacesLog: true };
    await log.append({ hardState, lastIndex: index, installed, entries: [] });
    return { starts: log.starts, frames: log.frames };
  } finally {
    await log?.close();
    await snapshots.close();
  }
}

/**
 * The payloads of a folder that has no node yet. Whoever opens them closes them.
 *
 * @param onFailure Why nothing more can be written.
 */
export async function openPayloads(
  disk: Disk,
  logFolder: string,
  onFailure: (error: unknown) => void,
): Promise<PayloadFiles> {
  const { payloads } = foldersOf(logFolder);
  await disk.makeFolder(payloads);
  const found = await findPayloads(disk, payloads);
  return new PayloadFiles(disk, payloads, found, defaultPayloads, { onFailure });
}
