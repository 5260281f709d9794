/**
 * Why the disk refused, as a person can act upon it.
 *
 * DERR-1: an error names the path, what was tried and the cause. Where the operating system names no path, or
 *     SQLite no cause, they are added here; of several paths it names the one that is in the way.
 * DERR-2: whoever serves meanwhile does not wait for the operating system, which is asked what is in the way: a disk that refuses
 *     may hang as well. The event loop waits only where a process starts or stops, and for SQLite, as its calls do.
 * DERR-3: a shortage of room or of descriptors is told from a failure: what was not written is not there, and may be written later.
 *     A sync that fails is never one: nobody knows what it left behind.
 */
import { accessSync, constants, promises, statfsSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, resolve } from 'node:path';

/** What could not be done: "PATH could not be ...". */
export type DiskOperation =
  | 'made'
  | 'opened'
  | 'read'
  | 'written'
  | 'synced'
  | 'closed'
  | 'removed'
  | 'locked'
  | `renamed to ${string}`;

export class DiskError extends Error {
  override readonly name: string = 'DiskError';
  readonly code = 'disk_error';
  readonly path: string;
  readonly operation: DiskOperation;
  /** As the operating system calls the cause, e.g. `EACCES`; that of SQLite where only SQLite names one. */
  readonly systemCode: string;

  constructor(
    path: string,
    operation: DiskOperation,
    systemCode: string,
    why: string,
    of: unknown,
  ) {
    super(`${path} could not be ${operation}: ${why} (${systemCode}).`, { cause: of });
    this.path = path;
    this.operation = operation;
    this.systemCode = systemCode;
  }
}

/** Of room or of descriptors: it passes when somebody else gives some back. */
const shortages: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE']);

/** DERR-3. */
export function isShortage(error: unknown): error is DiskError {
  if (!(error instanceof DiskError) || !shortages.has(error.systemCode)) return false;
  const { cause } = error;
  const call = cause instanceof Error && 'syscall' in cause ? cause.syscall : undefined;
  return error.operation !== 'synced' && call !== 'fsync' && call !== 'fdatasync';
}

/**
 * What was thrown, with path and cause. What is no refusal of the disk, or says all of that already, comes back
 * as it is.
 */
export function asDiskError(error: unknown, operation: DiskOperation, path: string): unknown {
  if (!(error instanceof Error) || error instanceof DiskError) return error;
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  if (typeof errcode === 'number') return ofSqlite(error, errcode, operation, path);
  // What the operating system says names the call that failed.
  if (typeof code !== 'string' || !('syscall' in error)) return error;
  const why = reasonOf(code, path, error.message, partsOf(code, path));
  return new DiskError(path, operation, code, why, error);
}

/** DERR-2: as `diskError`, for who serves meanwhile. Never rejects. */
export async function askedDiskError(
  error: unknown,
  operation: DiskOperation,
  path: string,
): Promise<Error> {
  if (error instanceof Error && !(error instanceof DiskError) && !('errcode' in error)) {
    const { code } = error as { readonly code?: unknown };
    if (typeof code === 'string' && 'syscall' in error) {
      const parts = await askForParts(code, path);
      const why = reasonOf(code, path, error.message, parts);
      return new DiskError(path, operation, code, why, error);
    }
  }
  return diskError(error, operation, path);
}

/** The same, for who throws what comes back. */
export function diskError(error: unknown, operation: DiskOperation, path: string): Error {
  const told = asDiskError(error, operation, path);
  return told instanceof Error
    ? told
    : new Error(`${path} could not be ${operation}: ${String(told)}`, { cause: error });
}

/** SQLite's codes for a disk that refuses; the extended ones have them in their lowest byte. */
const ofTheDisk: ReadonlyMap<number, string> = new Map([
  [3, 'SQLITE_PERM'],
  [8, 'SQLITE_READONLY'],
  [10, 'SQLITE_IOERR'],
  [13, 'SQLITE_FULL'],
  [14, 'SQLITE_CANTOPEN'],
]);

/** SQLite keeps to itself what the operating system said: it is asked again. */
function ofSqlite(error: Error, errcode: number, operation: DiskOperation, path: string): unknown {
  const name = ofTheDisk.get(errcode & 0xff);
  if (name === undefined) return error;
  const code = name === 'SQLITE_FULL' ? 'ENOSPC' : refusalAt(path);
  if (code !== undefined)
    return new DiskError(
      path,
      operation,
      code,
      reasonOf(code, path, error.message, partsOf(code, path)),
      error,
    );
  const text = `SQLite says "${error.message}", code ${String(errcode)}: ${lookAtTheKernel}`;
  return new DiskError(path, operation, name, text, error);
}

/** What the operating system says to whoever uses this file, or would make it. */
function refusalAt(path: string): string | undefined {
  const folder = dirname(resolve(path));
  return (
    refusal(() => {
      if (!statSync(folder).isDirectory()) throw notAFolder();
      accessSync(folder, constants.W_OK | constants.X_OK);
    }) ??
    refusal(() => {
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined) return;
      if (found.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
      accessSync(path, constants.R_OK | constants.W_OK);
    }) ??
    refusal(() => {
      if (statfsSync(folder).bavail === 0) throw Object.assign(new Error(), { code: 'ENOSPC' });
    })
  );
}

const notAFolder = (): Error => Object.assign(new Error(), { code: 'ENOTDIR' });

function refusal(look: () => void): string | undefined {
  try {
    look();
    return undefined;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    return typeof code === 'string' ? code : undefined;
  }
}

const lookAtTheKernel = 'look at the disk and at what the kernel says of it (dmesg)';

function reasonOf(code: string, path: string, message: string, parts: readonly Part[]): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return denied(parts);
    case 'EROFS':
      return 'the file system is mounted read-only. Mount it for writing, or choose another place';
    case 'ENOSPC':
      return 'no space is left on the device. Make room, or choose another place';
    case 'EDQUOT':
      return `the quota of ${thisUser()} is used up. Make room, or choose another place`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `${fileOnTheWay(parts) ?? path} is a file where a folder should be. Choose another place`;
    case 'EISDIR':
      return 'it is a folder where a file should be. Choose another place';
    case 'ELOOP':
      return 'a symbolic link is in its place, which is not followed, or the links of its path lead back to themselves. Remove the link, or choose another place';
    case 'ENOENT':
      return missing(path, parts);
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open. Raise the limit (ulimit -n)';
    case 'EIO':
      return `the device fails: ${lookAtTheKernel}`;
    default:
      return message;
  }
}

/** A part of a path, as the operating system answers for it. */
interface Part {
  readonly path: string;
  /** Undefined: it is not there, or may not be asked for. */
  readonly stats: Stats | undefined;
  /** This process may not use it as one who writes at the end of the path has to. */
  readonly isDenied: boolean;
}

/** Codes whose cause is told by the parts of the path. */
const toldByParts: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'ENOTDIR',
  'EEXIST',
  'ENOENT',
]);

const neededAt = (stats: Stats, isLast: boolean): number =>
  stats.isDirectory()
    ? constants.X_OK | (isLast ? constants.W_OK : 0)
    : constants.R_OK | constants.W_OK;

function partsOf(code: string, path: string): readonly Part[] {
  if (!toldByParts.has(code)) return [];
  const paths = outermostFirst(path);
  return paths.map((part, position) => {
    const isLast = position === paths.length - 1;
    try {
      const stats = statSync(part);
      const isDenied = refusal(() => accessSync(part, neededAt(stats, isLast))) !== undefined;
      return { path: part, stats, isDenied };
    } catch {
      return { path: part, stats: undefined, isDenied: false };
    }
  });
}

/** DERR-2. */
async function askForParts(code: string, path: string): Promise<readonly Part[]> {
  if (!toldByParts.has(code)) return [];
  const paths = outermostFirst(path);
  return Promise.all(
    paths.map(async (part, position) => {
      const stats = await promises.stat(part).catch(() => undefined);
      if (stats === undefined) return { path: part, stats, isDenied: false };
      const needed = neededAt(stats, position === paths.length - 1);
      const isDenied = await promises.access(part, needed).then(
        () => false,
        () => true,
      );
      return { path: part, stats, isDenied };
    }),
  );
}

function denied(parts: readonly Part[]): string {
  const wall = deniedAt(parts);
  if (wall?.stats === undefined)
    return `permission denied to ${thisUser()}. Let this user write there, or choose another place`;
  const mode = (wall.stats.mode & 0o7777).toString(8).padStart(4, '0');
  return (
    `permission denied: ${wall.path} belongs to user ${String(wall.stats.uid)} (mode ${mode}), and this process is ${thisUser()}. ` +
    `Run it as that user, give the path to this one (chown), or choose another place`
  );
}

/** The outermost part of a path that this process may not use. */
function deniedAt(parts: readonly Part[]): Part | undefined {
  for (const [position, part] of parts.entries()) {
    if (part.stats === undefined) return parts[position - 1];
    if (part.isDenied) return part;
  }
  return parts.at(-2);
}

const fileOnTheWay = (parts: readonly Part[]): string | undefined =>
  parts.find(({ stats }) => stats?.isDirectory() === false)?.path;

function missing(path: string, parts: readonly Part[]): string {
  const there = parts.findLast(({ stats }) => stats !== undefined)?.path;
  return there === undefined || there === dirname(resolve(path))
    ? `${there ?? '/'} takes no such file or folder. Choose another place`
    : `only ${there} is there. Make what is missing, or choose another place`;
}

function outermostFirst(path: string): readonly string[] {
  const parts = [resolve(path)];
  for (let part = dirname(resolve(path)); part !== parts[0]; part = dirname(part))
    parts.unshift(part);
  return parts;
}

function thisUser(): string {
  try {
    const { uid, username } = userInfo();
    return `user ${String(uid)} ("${username}")`;
  } catch {
    // A user that no list of users names.
    return `user ${String(process.getuid?.() ?? 'unknown')}`;
  }
}
