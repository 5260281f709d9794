/**
 * Files and folders of which nobody but their owner gets to know anything: whoever reads a session's id can act
 * for that session.
 *
 * PRIV-1: what is made is its owner's alone, whatever the umask allows others: folders 0700, files 0600.
 * PRIV-2: a folder is made step by step, each once. A file system that makes none (`/proc`) ends that with an
 *     error; `mkdir` of Node, asked for the whole path at once, goes on for ever there.
 * PRIV-3: what was there before stays as it is, since its owner may want it so. Who is told of it can say so.
 * PRIV-4: a file that is written anew is not written through a symbolic link of its name: root may write into a folder whose owner
 *     may be hostile, and the link may lead to any file.
 */
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  promises,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { askedDiskError, diskError } from './disk-error.ts';

export const privateFileMode = 0o600;
const privateFolderMode = 0o700;
const othersMode = 0o077;
/** PRIV-4. */
const anewFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/**
 * Makes a folder, and those above it that are not there (PRIV-1, PRIV-2).
 *
 * @returns Those that were made, the outermost first.
 * @throws DiskError
 */
export function makeFolders(folder: string): readonly string[] {
  const missing: string[] = [];
  for (let path = resolve(folder); !isFolder(path); path = dirname(path)) {
    missing.unshift(path);
    if (path === dirname(path)) break;
  }
  return missing.filter(makeFolder);
}

/** The same for who serves meanwhile: the event loop does not wait for the disk. @throws DiskError */
export async function makeFoldersAsync(folder: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (let path = resolve(folder); !(await isFolderAsync(path)); path = dirname(path)) {
    missing.unshift(path);
    if (path === dirname(path)) break;
  }
  const made: string[] = [];
  for (const path of missing) {
    try {
      await promises.mkdir(path, { mode: privateFolderMode });
      made.push(path);
    } catch (error) {
      if (!(await isFolderAsync(path))) throw await askedDiskError(error, 'made', path);
    }
  }
  return made;
}

const isFolderAsync = (path: string): Promise<boolean> =>
  promises.stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** Whether it was made now, and not by somebody else meanwhile. @throws DiskError */
function makeFolder(path: string): boolean {
  try {
    mkdirSync(path, { mode: privateFolderMode });
    return true;
  } catch (error) {
    if (isFolder(path)) return false;
    throw diskError(error, 'made', path);
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    // It cannot even be asked: what is tried next tells why.
    return false;
  }
}

/** Makes an empty file where there is none, for who would make it readable for others (PRIV-1). @throws DiskError */
export function makePrivateFile(path: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx', privateFileMode);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return;
    throw diskError(error, 'made', path);
  }
  closeSync(descriptor);
}

/** A descriptor of a file that is made where there is none (PRIV-1), with `wx` only there. @throws DiskError */
export function openPrivateFile(path: string, flags: 'a' | 'w' | 'wx'): number {
  try {
    return openSync(path, flags, privateFileMode);
  } catch (error) {
    throw diskError(error, 'opened', path);
  }
}

/** Not durable when it returns. @throws DiskError */
export function writePrivateFile(path: string, text: string): void {
  try {
    const descriptor = openSync(path, anewFlags, privateFileMode);
    try {
      writeFileSync(descriptor, text);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw diskError(error, 'written', path);
  }
}

/** Which of these, in a folder, others than the owner can use; none where the folder itself is the owner's alone (PRIV-3). */
export function openToOthers(folder: string, names: readonly string[]): readonly string[] {
  // Windows has no such modes.
  if (process.platform === 'win32' || !isForOthers(folder)) return [];
  return names.map((name) => join(folder, name)).filter(isForOthers);
}

function isForOthers(path: string): boolean {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & othersMode) !== 0;
}
