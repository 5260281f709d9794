/** Opens a node's log and snapshots: reads back what is there, or makes or converts it. */
import { dirname, join } from 'node:path';
import type { Recovered } from '@holdfast/raft';
import { convert, removeLeftovers } from './convert.ts';
import { LogMissingError, StorageDamagedError } from './damage.ts';
import { DiskError } from './disk-error.ts';
import type { Disk, FoundFile } from './disk.ts';
import { syncFolder } from './durable-names.ts';
import { delayed, fileDisk } from './file-disk.ts';
import { lockName, nameOwner, watchFolder } from './folder-owner.ts';
import { formerFileName } from './former-schema.ts';
import { openFormer } from './former.ts';
import { logIdBytes } from './frame.ts';
import { foldersOf, isSpare, partialEnding, receivedOf, snapshotOf } from './layout.ts';
import type { Folders } from './layout.ts';
import { LogStorage } from './log-storage.ts';
import { LogTerms } from './log-terms.ts';
import { PayloadFiles } from './payload-files.ts';
import { closePayloads, findPayloads } from './payload-scan.ts';
import type { FoundPayloads } from './payload-scan.ts';
import { defaultPayloads } from './payload-settings.ts';
import type { PayloadSettings } from './payload-settings.ts';
import { recoverLog } from './recover.ts';
import type { FoundLog, LogEnd } from './recover.ts';
import { SegmentLog } from './segment-log.ts';
import type { SegmentLogOptions } from './segment-log.ts';
import { SnapshotFiles } from './snapshot-files.ts';
import { noSnapshot, recoverSnapshot } from './snapshot-recovery.ts';
import type { FoundSnapshot } from './snapshot-recovery.ts';
import type { LogPosition, Opened, StorageOptions } from './types.ts';
import { refuseUsedConversion, refuseUsedLog } from './unrecorded-log.ts';

const mebibyte = 1024 * 1024;

/** What a simulator sets otherwise. */
export interface SegmentSettings {
  readonly segmentBytes: number;
  readonly maxSpares: number;
  readonly payloads?: PayloadSettings;
}
export const defaultSegments: SegmentSettings = { segmentBytes: 8 * mebibyte, maxSpares: 8 };

/**
 * Opens (or makes, or converts) the log in a folder and reads it back, checked.
 *
 * @throws StorageDamagedError when anything that was acknowledged may be missing or changed.
 * @throws LogMissingError when the log that the identity names is not there.
 * @throws FolderInUseError when another process has it.
 */
export function openStorage(options: StorageOptions): Promise<Opened> {
  const { writeDelayMs = 0 } = options;
  const disk = writeDelayMs > 0 ? delayed(fileDisk, writeDelayMs) : fileDisk;
  const watch = (onLost: (error: Error) => void): (() => void) =>
    watchFolder(options.folder, onLost);
  return openStorageOn(disk, { watch, ...options }, defaultSegments);
}

/**
 * Keeps every other process away from the log in this folder, and from what belongs to it, until the
 * function it resolves with is called. It makes the folder, durably, where there is none.
 *
 * @throws FolderInUseError
 */
export async function lockFolder(logFolder: string): Promise<() => void> {
  await fileDisk.makeFolder(logFolder);
  const { folder } = foldersOf(logFolder);
  await syncWherePossible(dirname(folder)); // FD-5
  await fileDisk.syncFolder(folder);
  const found = (await fileDisk.list(logFolder)).map(({ name }) => name);
  const unlock = await fileDisk.lock(join(logFolder, lockName));
  try {
    await nameOwner(logFolder, found); // FOLDER-1, FOLDER-2
  } catch (error) {
    unlock();
    throw error;
  }
  return unlock;
}

/** FD-5. The folder that a node's is in may be somebody else's, or on a file system that is only read: no folder was made there. */
async function syncWherePossible(folder: string): Promise<void> {
  try {
    await fileDisk.syncFolder(folder);
  } catch (error) {
    if (error instanceof DiskError && error.systemCode === 'EIO') throw error;
  }
}

/** Whether there is a log of the format before in this folder. */
export async function holdsFormerLog(logFolder: string): Promise<boolean> {
  return (await fileDisk.list(logFolder)).some(({ name }) => name === formerFileName);
}

export async function openStorageOn(
  disk: Disk,
  options: StorageOptions,
  settings: SegmentSettings,
): Promise<Opened> {
  const folders = foldersOf(options.folder);
  await disk.makeFolder(folders.log);
  await disk.makeFolder(folders.snapshots);
  await disk.makeFolder(folders.payloads);
  if (options.unlock !== undefined)
    return openLocked(disk, options, settings, folders, options.unlock);
  const unlock = await disk.lock(join(folders.log, lockName));
  try {
    return await openLocked(disk, options, settings, folders, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

interface Found {
  readonly log: SegmentLog;
  readonly snapshots: SnapshotFiles;
  readonly recovered: Recovered | undefined;
  readonly repairs: readonly string[];
  /** Gives back the file of the format before. */
  readonly closeFormer: () => void;
}

async function openLocked(
  disk: Disk,
  options: StorageOptions,
  settings: SegmentSettings,
  folders: Folders,
  unlock: () => void,
): Promise<Opened> {
  const payloads = await findPayloads(disk, folders.payloads);
  try {
    return await openBeside(payloads, disk, options, settings, folders, unlock);
  } catch (error) {
    await closePayloads(payloads.files);
    throw error;
  }
}

async function openBeside(
  payloads: FoundPayloads,
  disk: Disk,
  options: StorageOptions,
  settings: SegmentSettings,
  folders: Folders,
  unlock: () => void,
): Promise<Opened> {
  const logFiles = await disk.list(folders.log);
  const snapshotFiles = await disk.list(folders.snapshots);
  const hasFormer = logFiles.some(({ name }) => name === formerFileName);
  const logId = logIdBytes(options.log.id);
  const segments: SegmentLogOptions = { disk, folder: folders.log, logId, ...settings };
  const files = { logFiles, snapshotFiles };
  const found = options.log.made
    ? await openMade(segments, folders, files, options.log)
    : hasFormer
      ? await openConverted(segments, folders, files, options)
      : await makeNew(segments, folders, files);
  const { log, snapshots, recovered, repairs, closeFormer } = found;
  const entries = recovered?.entries ?? [];
  const state = {
    hardState: recovered?.hardState ?? { term: 0, votedFor: null, commit: 0 },
    lastIndex: entries.at(-1)?.index ?? recovered?.snapshot.index ?? 0,
  };
  const terms = new LogTerms();
  terms.wrote({ ...state, entries });
  const { onFailure, onClosed, onWarning = () => undefined, watch } = options;
  const unlockAll = (): void => {
    closeFormer();
    unlock();
  };
  const storage = new LogStorage({
    disk,
    log,
    state,
    terms,
    snapshots,
    openPayloads: (listeners) =>
      new PayloadFiles(
        disk,
        folders.payloads,
        payloads,
        settings.payloads ?? defaultPayloads,
        listeners,
      ),
    onFailure,
    onWarning,
    onClosed,
    watch,
    unlock: unlockAll,
  });
  const position = { starts: log.starts, frames: log.frames };
  const opened = { storage, recovered, repairs, position };
  const formerNames = logFiles.flatMap(({ name }) =>
    name.startsWith(formerFileName) ? [name] : [],
  );
  if (formerNames.length === 0) return opened;
  const finishConversion = (): void =>
    storage.clearUp(async () => {
      closeFormer();
      for (const name of [formerFileName, `${formerFileName}-wal`, `${formerFileName}-shm`])
        await disk.remove(join(folders.log, name));
      await syncFolder(disk, folders.log);
    });
  return { ...opened, finishConversion };
}

export interface Files {
  readonly logFiles: readonly FoundFile[];
  readonly snapshotFiles: readonly FoundFile[];
}

/** A log that was made, and its snapshot, checked as a whole. */
interface FoundMade extends FoundLog {
  /** Undefined: there is none. The caller closes its file. */
  readonly found: FoundSnapshot | undefined;
  readonly recovered: Recovered;
}

/**
 * Changes nothing: whoever only looks (`look.ts`) sees what a start would see.
 *
 * @throws LogMissingError, StorageDamagedError
 */
export async function recoverMade(
  disk: Disk,
  folders: Folders,
  { logFiles, snapshotFiles }: Files,
  logId: Buffer,
  known: LogPosition,
): Promise<FoundMade> {
  const folder = folders.log;
  const { replay, end, repairs } = await recoverLog(disk, folder, logFiles, logId);
  const { installedIndex } = replay;
  const found = await recoverSnapshot(disk, folders.snapshots, snapshotFiles, installedIndex);
  try {
    const recovered = replay.finish(found?.meta ?? noSnapshot, folder);
    refuseOlder(folder, known, end);
    refuseFewerFrames(folders, snapshotFiles, end.nextSequence - 1);
    return { replay, end, repairs, found, recovered };
  } catch (error) {
    await found?.file.close();
    throw error;
  }
}

async function openMade(
  options: SegmentLogOptions,
  folders: Folders,
  files: Files,
  known: LogPosition,
): Promise<Found> {
  const { disk, logId } = options;
  const made = await recoverMade(disk, folders, files, logId, known);
  const { replay, end, repairs, found, recovered } = made;
  let log: SegmentLog | undefined;
  const snapshots = new SnapshotFiles(disk, folders.snapshots, found, () => log?.frames ?? 0);
  try {
    // Everything was found good: from here on something may be changed.
    const kept = await removeUnneeded(options, folders, files, found?.name);
    log = await SegmentLog.goOn(options, end, kept, replay.state);
    if (found !== undefined) await snapshots.installed(found.meta); // STORAGE-3
  } catch (error) {
    await log?.close().catch(() => undefined);
    await snapshots.close().catch(() => undefined);
    throw error;
  }
  return {
    log,
    snapshots,
    recovered: replay.isEmpty && found === undefined ? undefined : recovered,
    repairs,
    closeFormer: () => undefined,
  };
}

/** What is not needed of a log that was found good. Gives back the names of the spare files that are kept. */
async function removeUnneeded(
  { disk, segmentBytes, maxSpares }: SegmentLogOptions,
  folders: Folders,
  { logFiles, snapshotFiles }: Files,
  snapshot: string | undefined,
): Promise<readonly string[]> {
  const spares = logFiles.filter(
    ({ name, byteLength }) => isSpare(name) && byteLength === segmentBytes,
  );
  const kept = new Set(spares.slice(0, maxSpares).map(({ name }) => name));
  for (const { name } of logFiles)
    if (name.endsWith(partialEnding) || (isSpare(name) && !kept.has(name)))
      await disk.remove(join(folders.log, name));
  for (const { name } of snapshotFiles)
    if (
      name.endsWith(partialEnding) ||
      ((snapshotOf(name) ?? receivedOf(name)) !== undefined && name !== snapshot)
    )
      await disk.remove(join(folders.snapshots, name));
  return [...kept];
}

/** What the node's identity says of the log: an older copy of it is not the log of this node (FR-4). */
function refuseOlder(folder: string, known: LogPosition, { starts, nextSequence }: LogEnd): void {
  const frames = nextSequence - 1;
  if (starts >= (known.starts ?? 0) && frames >= (known.frames ?? 0)) return;
  throw new LogMissingError(
    folder,
    `it is an older copy, or has lost its end: it was opened ${String(starts)} times and has ${String(frames)} writes, and the identity says ${String(known.starts)} times and ${String(known.frames)} writes at least`,
  );
}

/** What each snapshot's name says of the log: with fewer frames than that it has lost its end (REPLAY-2). */
function refuseFewerFrames(
  folders: Folders,
  snapshotFiles: readonly FoundFile[],
  frames: number,
): void {
  for (const { name } of snapshotFiles) {
    const named = snapshotOf(name) ?? receivedOf(name);
    if (named !== undefined && named.frames > frames)
      throw new StorageDamagedError(
        folders.log,
        `it ends after ${String(frames)} writes, though there were ${String(named.frames)} when ${join(folders.snapshots, name)} was saved: what was written behind is missing`,
      );
  }
}

async function openConverted(
  segments: SegmentLogOptions,
  folders: Folders,
  { logFiles, snapshotFiles }: Files,
  options: StorageOptions,
): Promise<Found> {
  const former = openFormer(join(folders.log, formerFileName), options.formerOwner);
  try {
    const snapshotIndex = former.snapshot?.index ?? 0;
    const { term = 0, votedFor = null, commit = 0 } = former.hardState ?? {};
    await refuseUsedConversion(
      segments.disk,
      folders,
      { logFiles, snapshotFiles },
      {
        hardState: { term, votedFor, commit: Math.max(commit, snapshotIndex) },
        lastIndex: former.entries.at(-1)?.index ?? snapshotIndex,
        snapshotIndex,
      },
    );
    await removeLeftovers(segments.disk, folders, logFiles, snapshotFiles);
    const converted = await convert(former, segments, folders);
    const repairs = [
      ...former.repairs,
      `${folders.log}: the log was converted from the format before.`,
    ];
    return { ...converted, repairs, closeFormer: former.close };
  } catch (error) {
    former.close();
    throw error;
  }
}

async function makeNew(
  options: SegmentLogOptions,
  folders: Folders,
  { logFiles, snapshotFiles }: Files,
): Promise<Found> {
  const { disk, logId } = options;
  await refuseUsedLog(disk, folders, { logFiles, snapshotFiles }, logId);
  await removeLeftovers(disk, folders, logFiles, snapshotFiles);
  const log = await SegmentLog.make(options);
  return {
    log,
    snapshots: new SnapshotFiles(disk, folders.snapshots, undefined, () => log.frames),
    recovered: undefined,
    repairs: [],
    closeFormer: () => undefined,
  };
}
