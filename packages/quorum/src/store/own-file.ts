/**
 * What stands at a path that is to be the file of a lease node. Whoever mistypes a path names anything: a text, the
 * file of another program, a device.
 *
 * LEASE-FILE-1: nothing is opened by SQLite, moved or removed but regular files that were once a lease node's. Everything
 *     else is refused, with its path and what it is, and stays as it was.
 * LEASE-FILE-2: no link is followed, and what is no regular file is not even opened: a pipe would not answer, a device act.
 *
 * A file was a lease node's where its head says so, or where one of its tables is still written down in its first
 * page, as SQLite writes it: damage in some places leaves the others. Where it leaves none, nobody can tell it from a
 * stranger's file.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  rmSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { applicationId, tables } from './schema.ts';

/** It is not the file of a lease node: nothing was done. */
export class NotALeaseFileError extends Error {
  override readonly name: string = 'NotALeaseFileError';
  readonly code = 'not_a_lease_file';
  readonly path: string;
  /** With its article: "a text file". */
  readonly kind: string;

  constructor(path: string, kind: string) {
    super(
      `${path} is ${kind}, not the file of a lease node: it was left as it is. Name the file of this node, or a path where nothing is yet. Was it one that is damaged beyond recognition? Move it away, and the node learns from the others.`,
    );
    this.path = path;
    this.kind = kind;
  }
}

/** So much of a file is read to tell what it is: its first page, or the first pages of its log. */
const readBytes = 64 * 1024;
const magic = 'SQLite format 3\0';
const applicationIdAt = 68;

/** Whether there is one that was a lease node's; false: there is nothing. @throws NotALeaseFileError */
export function isLeaseFile(path: string): boolean {
  const head = headOf(path);
  if (head === undefined) return false;
  if (!wasOfALeaseNode(head)) throw new NotALeaseFileError(path, kindOfContents(head));
  return true;
}

/** Whether there is the log of one whose file is gone; false: there is nothing. @throws NotALeaseFileError */
export function isLeaseLog(path: string): boolean {
  const head = headOf(path);
  if (head === undefined) return false;
  // Each log begins with the page that says whether the file needs it (log-mark.ts).
  if (!head.includes('needs_log') || !head.includes('has_voted') || isText(head))
    throw new NotALeaseFileError(path, kindOfContents(head));
  return true;
}

/** What has its name from a lease file, or from one that is being made. @throws NotALeaseFileError */
export function checkRegular(path: string): void {
  const found = at(path);
  if (found !== undefined && !found.isFile())
    throw new NotALeaseFileError(path, kindOf(path, found));
}

/** What a process left that ended while it made a file. @throws NotALeaseFileError */
export function removeUnfinished(path: string): void {
  if (headOf(path)?.length !== 0) isLeaseFile(path);
  const beside = ['-wal', '-shm', '-journal'].map((suffix) => path + suffix);
  for (const one of beside) checkRegular(one);
  for (const one of [path, ...beside]) rmSync(one, { force: true });
}

/** LEASE-FILE-2. Undefined: there is nothing. */
function headOf(path: string): Buffer | undefined {
  checkRegular(path);
  if (at(path) === undefined) return undefined;
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  // Where the platform has no such flag its constant is undefined, which counts as 0 here.
  const descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new NotALeaseFileError(path, kindOf(path, found));
    const head = Buffer.alloc(readBytes);
    return head.subarray(0, readSync(descriptor, head, 0, readBytes, 0));
  } finally {
    closeSync(descriptor);
  }
}

function at(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // A file where a folder should be: who makes the file says so.
    if ((error as { readonly code?: unknown }).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function wasOfALeaseNode(head: Buffer): boolean {
  if (head.length >= applicationIdAt + 4 && head.readUInt32BE(applicationIdAt) === applicationId)
    return true;
  // As in a row of sqlite_schema: its kind, its name twice, the number of its first page in one byte, its text.
  const text = head.toString('latin1');
  return Object.entries(tables).some(([name, sql]) => {
    const row = `table${name}${name}`;
    const place = text.indexOf(row);
    const behind = place < 0 ? '' : text.slice(place + row.length);
    return behind.charCodeAt(0) < 32 && behind.startsWith(sql, 1);
  });
}

function kindOf(path: string, found: Stats): string {
  if (found.isSymbolicLink()) return `a symbolic link to ${readlinkSync(path)}`;
  if (found.isDirectory()) return 'a folder';
  if (found.isCharacterDevice()) return 'a character device';
  if (found.isBlockDevice()) return 'a block device';
  if (found.isFIFO()) return 'a named pipe';
  return found.isSocket() ? 'a socket' : 'no regular file';
}

function kindOfContents(head: Buffer): string {
  if (head.length === 0) return 'an empty file';
  if (head.toString('latin1', 0, magic.length) === magic)
    return 'an SQLite file of another program';
  return isText(head) ? 'a text file' : 'a file of another kind';
}

function isText(head: Buffer): boolean {
  if (head.includes(0)) return false;
  try {
    // The last character may be cut off.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  }
}
