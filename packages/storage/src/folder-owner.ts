/**
 * Which process has a folder, beside the lock (lock.ts). That is of a file: who removes the file takes the lock away from a process
 * that goes on, and the next one would get another.
 *
 * FOLDER-1: who has the lock writes a name of its own into the folder, and looks every `lookMs` whether it is still there. Where there is
 *     another name, or none, it writes nothing more and stops: another process has the folder, or the folder is elsewhere.
 * FOLDER-2: who finds a log without the lock's file, which everybody who had the lock left there, waits once it has written its name,
 *     before it reads or writes anything else, for longer than a process that runs needs to notice.
 * FOLDER-3: a look that fails in another way says nothing.
 *
 * What remains: a process that is paused all that time, and goes on before it looks. Its peers take no notice of it (RUN-1 of the engine).
 */
import { randomUUID } from 'node:crypto';
import { promises, renameSync } from 'node:fs';
import { join } from 'node:path';
import { diskError } from './disk-error.ts';
import { writePrivateFile } from './private-files.ts';

export const lockName = 'lock';
const ownerName = 'owner';
const lookMs = 1000;
const noticeMs = 2500;

/** Folders of this process, and its names there. */
const owned = new Map<string, string>();

/** The folder's log belongs to another process now, or is not where it was. */
class FolderLostError extends Error {
  override readonly name: string = 'FolderLostError';
  constructor(path: string, isThere: boolean) {
    super(
      `${path} ${isThere ? 'names another process' : 'is not there any more'}: this folder was moved, or its lock was removed and another process uses it. ` +
        'This node writes nothing more and stops. Run one process on one folder, and never remove files of a folder that is in use.',
    );
  }
}

/**
 * Of whoever has the lock now.
 *
 * @param found Names of the files that were in the folder of the log before it was locked.
 * @param pause Resolves after so many milliseconds.
 */
export async function nameOwner(
  logFolder: string,
  found: readonly string[],
  pause: (ms: number) => Promise<void> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
): Promise<void> {
  const name = randomUUID();
  const path = join(logFolder, ownerName);
  writePrivateFile(`${path}.${name}`, name);
  try {
    renameSync(`${path}.${name}`, path);
  } catch (error) {
    throw diskError(error, 'written', path);
  }
  owned.set(logFolder, name);
  if (found.length > 0 && !found.includes(lockName)) await pause(noticeMs); // FOLDER-2
}

/** FOLDER-1. Returns what ends it. A folder that nobody has locked by `lockFolder` is not looked at. */
export function watchFolder(logFolder: string, onLost: (error: Error) => void): () => void {
  const name = owned.get(logFolder);
  if (name === undefined) return () => undefined;
  const path = join(logFolder, ownerName);
  let isLooking = false;
  let isOver = false;
  const end = (): void => {
    isOver = true;
    clearInterval(timer);
  };
  const look = async (): Promise<void> => {
    if (isLooking) return; // A disk that hangs is asked once.
    isLooking = true;
    const text = await promises.readFile(path, 'utf8').catch((error: unknown) => {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      return isMissing ? undefined : name; // FOLDER-3
    });
    isLooking = false;
    if (text === name || isOver) return;
    end();
    onLost(new FolderLostError(path, text !== undefined));
  };
  const timer = setInterval(() => void look(), lookMs);
  timer.unref();
  return end;
}
