/**
 * What stands in a folder whose identity says that its log was not made yet.
 *
 * ULOG-1: a log is replaced, or removed, only where nothing can ever have been acknowledged from it: it
 *         holds no more than the one frame that making it writes, or no more than the log of the format
 *         before from which it was converted. Anything else was used: the identity is an older one that
 *         was put back, and a member that began anew would have forgotten its votes and entries.
 */
import { join } from 'node:path';
import type { HardState, LogIndex } from '@holdfast/raft';
import { LogMissingError } from './damage.ts';
import type { Disk, FoundFile } from './disk.ts';
import { anyFrameAt, frameAlignment, frameMagic } from './frame.ts';
import type { Folders } from './layout.ts';
import type { SnapshotName } from './layout.ts';
import { isSpare, receivedOf, segmentOf, snapshotOf } from './layout.ts';
import { readWhole } from './recover.ts';

/** What the log of the format before says. */
export interface FormerState {
  readonly hardState: HardState;
  readonly lastIndex: LogIndex;
  readonly snapshotIndex: LogIndex;
}

/** @throws LogMissingError where there is more than an unfinished beginning leaves behind (ULOG-1). */
export async function refuseUsedLog(
  disk: Disk,
  folders: Folders,
  files: { readonly logFiles: readonly FoundFile[]; readonly snapshotFiles: readonly FoundFile[] },
  logId: Buffer,
): Promise<void> {
  const snapshot = files.snapshotFiles.find(({ name }) => named(name) !== undefined);
  if (snapshot !== undefined)
    throw used(folders.log, `there is a snapshot, ${join(folders.snapshots, snapshot.name)}`);
  for await (const { path, id, sequence } of allFrames(disk, folders.log, files.logFiles)) {
    if (!id.equals(logId))
      throw new LogMissingError(
        folders.log,
        `what is there is another log, ${id.toString('hex')}, and the identity names ${logId.toString('hex')}, which was not made yet`,
      );
    if (sequence > 1) throw used(folders.log, `${path} holds writes of it`, id);
  }
}

/** @throws LogMissingError where there is a log that went on after it was converted (ULOG-1). */
export async function refuseUsedConversion(
  disk: Disk,
  folders: Folders,
  files: { readonly logFiles: readonly FoundFile[]; readonly snapshotFiles: readonly FoundFile[] },
  former: FormerState,
): Promise<void> {
  const { term, commit } = former.hardState;
  for (const { name } of files.snapshotFiles)
    if ((named(name)?.index ?? 0) > former.snapshotIndex)
      throw used(folders.log, `${join(folders.snapshots, name)} is newer than the former log`);
  for await (const { path, id, said } of allFrames(disk, folders.log, files.logFiles))
    if (
      said === undefined ||
      said.hardState.term > term ||
      said.hardState.commit > commit ||
      said.lastIndex > former.lastIndex
    )
      throw used(folders.log, `${path} holds writes that the log of the format before lacks`, id);
}

const named = (name: string): SnapshotName | undefined => snapshotOf(name) ?? receivedOf(name);

const used = (folder: string, what: string, id?: Buffer): LogMissingError =>
  new LogMissingError(
    folder,
    `the identity says that its log was not made yet, though ${what}. ` +
      `If an older identity.json was put back, put the newer one in its place again${id === undefined ? '' : `: it names the log ${id.toString('hex')}`}`,
  );

interface AnyFrame {
  readonly path: string;
  readonly id: Buffer;
  readonly sequence: number;
  /** Undefined: of a version that this one cannot read. */
  readonly said: { readonly hardState: HardState; readonly lastIndex: LogIndex } | undefined;
}

/** Whole frames, wherever they stand in a segment or a spare file: also behind a damaged one. */
async function* allFrames(
  disk: Disk,
  folder: string,
  files: readonly FoundFile[],
): AsyncGenerator<AnyFrame> {
  for (const { name, byteLength } of files) {
    if (segmentOf(name) === undefined && !isSpare(name)) continue;
    const path = join(folder, name);
    const bytes = await readWhole(disk, path, byteLength);
    for (
      let offset = bytes.indexOf(frameMagic);
      offset >= 0;
      offset = bytes.indexOf(frameMagic, offset + 1)
    ) {
      const found = offset % frameAlignment === 0 ? anyFrameAt(bytes, offset) : undefined;
      if (found !== undefined)
        yield { path, id: Buffer.from(found.logId), sequence: found.sequence, said: found.frame };
    }
  }
}
