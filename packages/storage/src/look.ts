/**
 * Looks at the log and the snapshots of a node that does not run.
 *
 * LOOK-1: nothing in the folder is changed: no byte, no name, no lock. All is read by a disk that cannot write
 *         (FD-3), and a log of the format before, which SQLite would change by opening it, in a copy.
 * LOOK-2: what a start would refuse is told in the words of a start: the same functions judge it. What can be told of a damaged
 *         log is told all the same, and is never taken for the whole.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HardState, Recovered } from '@holdfast/raft';
import type { Disk, FoundFile } from './disk.ts';
import { FolderInUseError } from './disk.ts';
import { readOnlyDisk } from './file-disk.ts';
import { formerFileName } from './former-schema.ts';
import { openFormer } from './former.ts';
import type { FormerOwner } from './former.ts';
import { logIdBytes } from './frame.ts';
import { foldersOf } from './layout.ts';
import type { Folders } from './layout.ts';
import { isLocked } from './lock.ts';
import { lookAtSegments } from './look-segments.ts';
import type { SeenSegment } from './look-segments.ts';
import { lookAtSnapshots } from './look-snapshots.ts';
import type { SeenSnapshot } from './look-snapshots.ts';
import { recoverMade } from './open.ts';
import type { Files } from './open.ts';
import { encodeHead } from './snapshot-head.ts';
import { noSnapshot } from './snapshot-recovery.ts';
import type { LogPosition } from './types.ts';

export type { SeenSegment } from './look-segments.ts';
export type { SeenSnapshot } from './look-snapshots.ts';

/** What stands in a folder. */
export interface SeenLog {
  /** `former`: a SQLite file, of the format before; `none`: there is no log yet. */
  readonly format: 'segments' | 'former' | 'none';
  readonly segments: readonly SeenSegment[];
  readonly snapshots: readonly SeenSnapshot[];
  /** Of the newest frame that can be read. */
  readonly hardState: HardState | undefined;
  /** Why no node starts on it, in plain sentences. */
  readonly damage: readonly string[];
  /** What a start would repair: a write that was cut short. */
  readonly repairs: readonly string[];
  /** Snapshot and entries; where the log is damaged, the newest whole snapshot alone. Undefined: there is neither. */
  readonly recovered: Recovered | undefined;
  /** The bytes of the snapshot's state, in slices. */
  readonly stateChunks: () => AsyncIterable<Uint8Array>;
  /** Takes away the copy of a log of the format before. */
  readonly close: () => void;
}

/** What was seen, for who goes on reading what is in the folder. */
interface LookedAt extends SeenLog {
  /** @throws FolderInUseError when a process has the folder by now: it may have written since. */
  readonly assertUnused: () => void;
}

export interface LookOptions {
  readonly logFolder: string;
  /** As the identity of the node says; undefined: there is none, and what the first frame says counts. */
  readonly log: ({ readonly id: string; readonly made: boolean } & LogPosition) | undefined;
  readonly formerOwner?: FormerOwner;
}

/** @throws FolderInUseError when a process has the folder, at the beginning or when all was read: it may have written meanwhile. */
export async function lookAtLog(options: LookOptions): Promise<LookedAt> {
  const folders = foldersOf(options.logFolder);
  refuseInUse(folders);
  const seen = await look(folders, options);
  try {
    refuseInUse(folders);
    return { ...seen, assertUnused: () => refuseInUse(folders) };
  } catch (error) {
    seen.close();
    throw error;
  }
}

function refuseInUse({ log }: Folders): void {
  const lock = join(log, 'lock');
  if (isLocked(lock)) throw new FolderInUseError(lock);
}

async function look(
  folders: Folders,
  { logFolder, log, formerOwner }: LookOptions,
): Promise<SeenLog> {
  const disk = readOnlyDisk;
  const logFiles = await disk.list(folders.log);
  const files = { logFiles, snapshotFiles: await disk.list(folders.snapshots) };
  const hasFormer = logFiles.some(({ name }) => name === formerFileName);
  if (hasFormer && log?.made !== true)
    return lookAtFormer(join(logFolder, formerFileName), formerOwner);
  const segments = await lookAtSegments(disk, folders.log, logFiles);
  const snapshots = await lookAtSnapshots(disk, folders.snapshots, files.snapshotFiles);
  const id = log?.id ?? segments.find(({ logId }) => logId !== undefined)?.logId;
  const judged = await judge(disk, folders, files, id, log);
  const newest = snapshots.findLast(
    ({ problem, isReceived }) => problem === undefined && !isReceived,
  );
  const recovered = judged.recovered ?? onlySnapshot(newest);
  const current = snapshots.find(({ hash }) => hash === recovered?.snapshot.hash);
  return {
    format: segments.length === 0 && snapshots.length === 0 ? 'none' : 'segments',
    segments,
    snapshots,
    hardState: segments.findLast(({ hardState }) => hardState !== undefined)?.hardState,
    damage: judged.damage,
    repairs: judged.repairs,
    recovered,
    stateChunks: () => chunksOf(disk, current),
    close: () => undefined,
  };
}

interface Judged {
  readonly damage: readonly string[];
  readonly repairs: readonly string[];
  /** Undefined: it is damaged, or was never made. */
  readonly recovered: Recovered | undefined;
}

/** LOOK-2. */
async function judge(
  disk: Disk,
  folders: Folders,
  files: Files,
  id: string | undefined,
  log: LookOptions['log'],
): Promise<Judged> {
  const wasMade = log?.made ?? hasSegments(files.logFiles);
  if (id === undefined || !wasMade) return { damage: [], repairs: [], recovered: undefined };
  try {
    const made = await recoverMade(disk, folders, files, logIdBytes(id), log ?? {});
    await made.found?.file.close();
    return { damage: [], repairs: made.repairs, recovered: made.recovered };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { damage: [message], repairs: [], recovered: undefined };
  }
}

const hasSegments = (files: readonly FoundFile[]): boolean =>
  files.some(({ name }) => name.endsWith('.segment'));

function onlySnapshot(newest: SeenSnapshot | undefined): Recovered | undefined {
  if (newest?.point === undefined) return undefined;
  const { point, hash, byteLength } = newest;
  const hardState = { term: point.term, votedFor: null, commit: point.index };
  return { hardState, snapshot: { ...point, hash, byteLength }, entries: [] };
}

const sliceBytes = 256 * 1024;

async function* chunksOf(
  disk: Disk,
  snapshot: SeenSnapshot | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (snapshot?.point === undefined) return;
  const { path, point, byteLength } = snapshot;
  const file = await disk.open(path);
  try {
    for (let offset = encodeHead(point).byteLength; offset < byteLength; offset += sliceBytes)
      yield await file.read(offset, Math.min(sliceBytes, byteLength - offset));
  } finally {
    await file.close();
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function* inTurns(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for (const chunk of chunks) {
    yield chunk;
    await nextTurn();
  }
}

/** LOOK-1: opened in a folder of its owner's alone, from which it is taken away again. */
function lookAtFormer(file: string, owner: FormerOwner | undefined): SeenLog {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-look-'));
  const clear = (): void => rmSync(folder, { recursive: true, force: true });
  const copy = join(folder, formerFileName);
  try {
    copyFileSync(file, copy);
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
    const former = openFormer(copy, owner);
    const { hardState, snapshot: point, entries } = former;
    const snapshot = point === undefined ? noSnapshot : { ...point, hash: '', byteLength: 0 };
    return {
      ...nothingSeen,
      format: 'former',
      hardState,
      repairs: former.repairs.map((text) => text.replaceAll(copy, file)),
      recovered:
        hardState === undefined
          ? undefined
          : {
              hardState: { ...hardState, commit: Math.max(hardState.commit, snapshot.index) },
              snapshot,
              entries,
            },
      stateChunks: () => inTurns(former.stateChunks()),
      close: () => {
        former.close();
        clear();
      },
    };
  } catch (error) {
    clear();
    const message = (error instanceof Error ? error.message : String(error)).replaceAll(copy, file);
    // What SQLite says of a damaged file does not name it.
    const damage = message.includes(file) ? message : `${file} cannot be read: ${message}.`;
    return { ...nothingSeen, format: 'former', damage: [damage] };
  }
}

const nothingSeen: SeenLog = {
  format: 'none',
  segments: [],
  snapshots: [],
  hardState: undefined,
  damage: [],
  repairs: [],
  recovered: undefined,
  stateChunks: () => inTurns([]),
  close: () => undefined,
};
