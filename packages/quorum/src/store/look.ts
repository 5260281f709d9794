/**
 * Looks at a file before SQLite may write to it, and puts it aside where it is damaged.
 *
 * STORE-LOOK-1: nothing is changed by looking. A file that is of another set, or in use, stays as it is.
 * STORE-LOOK-2: the look and the renaming hold SQLite's lock: no other process writes meanwhile.
 * LEASE-FILE-1 of own-file.ts: what was never a lease node's is refused before.
 * STORE-LOOK-3: what is put aside is kept byte by byte, with its log: whoever looks into it finds all there was.
 */
import { closeSync, existsSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { QuorumSet } from '@holdfast/protocol';
import { inspectWal } from '@holdfast/storage';
import { Damaged, isDamage } from './damage.ts';
import { checkRegular, isLeaseFile, isLeaseLog } from './own-file.ts';
import { readContents, readSchema } from './read.ts';
import { pageBytes } from './schema.ts';

/** Told before a file is put aside: where to, and why. */
export type OnDamage = (aside: string, why: string) => void;

/**
 * @returns where it was put; undefined: there is none, or it is whole.
 * @throws Error when it is in use, of another set, or of a newer format; NotALeaseFileError.
 */
export function putAsideIfDamaged(
  file: string,
  told: QuorumSet | undefined,
  onDamage: OnDamage,
): string | undefined {
  const isThere = isLeaseFile(file); // LEASE-FILE-1
  for (const suffix of ['-wal', '-shm']) checkRegular(file + suffix);
  // The file alone is gone: deleted, or putting it aside was cut short.
  if (!isThere)
    return isLeaseLog(`${file}-wal`)
      ? putAside(file, 'there is a log without it', onDamage)
      : undefined;
  // Before SQLite has it: closing a descriptor of one's own would take away SQLite's lock.
  const isWritable = isWritableByItsHead(file);
  const hasLog = sizeOf(`${file}-wal`) >= smallestLogBytes;
  // Such a connection neither takes the log into the file nor deletes it on closing (STORE-LOOK-1).
  const database = new DatabaseSync(file, { readOnly: true });
  let isLocked = false;
  try {
    readSchema(database); // STORE-LOOK-2
    isLocked = true;
    if (!isWritable) throw new Damaged('its head says that it must not be written');
    inspectWal(file);
    checkTrees(database);
    const { needsLog } = readContents(database, file, told);
    if (needsLog && !hasLog) throw new Damaged('its log is gone');
    return undefined;
  } catch (error) {
    if (isDamage(error)) return putAside(file, (error as Error).message, onDamage);
    throw error;
  } finally {
    if (isLocked) removeTraces(file);
    database.close();
  }
}

/** Its head, and one page with what comes before it. */
const smallestLogBytes = 32 + 24 + pageBytes;

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Which version may write it: a flipped bit makes one that this SQLite is not, and it would only read. */
function isWritableByItsHead(file: string): boolean {
  const head = Buffer.alloc(19);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, head, 0, head.length, 0);
  } finally {
    closeSync(descriptor);
  }
  return (head[18] ?? 0) <= 2;
}

/** Every page is where it belongs, and what stands in an index stands in its table. */
function checkTrees(database: DatabaseSync): void {
  const { integrity_check: found } = database.prepare('PRAGMA integrity_check(1)').get() ?? {};
  if (found !== 'ok') throw new Damaged(String(found));
}

/** STORE-LOOK-3. The file first: a log without a file still tells that there was one. */
function putAside(file: string, why: string, onDamage: OnDamage): string {
  const aside = `${file}.damaged-${String(process.hrtime.bigint())}`;
  onDamage(aside, why);
  for (const suffix of ['', '-wal'])
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  return aside;
}

/** What SQLite made for the look. */
function removeTraces(file: string): void {
  rmSync(`${file}-shm`, { force: true });
  if (sizeOf(`${file}-wal`) === 0) rmSync(`${file}-wal`, { force: true });
}
