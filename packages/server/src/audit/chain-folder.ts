/** The files of a chain in a folder: their names, in order, and where the last one ends. */
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '@holdfast/storage';
import { chainStart, readLine } from './lines.ts';
import type { ChainEnd, ChainName } from './lines.ts';

const digits = 16;
const suffix = '.jsonl';

/** @param first Number of the first record in it. */
export const fileName = (chain: ChainName, first: number): string =>
  `${chain}-${String(first).padStart(digits, '0')}${suffix}`;

/** In the order of their records. The node serves meanwhile: nothing waits for the disk. */
export async function filesOf(folder: string, chain: ChainName): Promise<readonly string[]> {
  return namesOf(await readdir(folder).catch(orNone), chain);
}

/** The same, where a node starts. */
function filesAtStart(folder: string, chain: ChainName): readonly string[] {
  try {
    return namesOf(readdirSync(folder), chain);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw diskError(error, 'read', folder);
  }
}

function namesOf(names: readonly string[], chain: ChainName): string[] {
  const form = new RegExp(`^${chain}-\\d{${String(digits)}}\\${suffix}$`);
  return names.filter((name) => form.test(name)).sort();
}

export interface FoundEnd {
  readonly end: ChainEnd;
  /** Undefined: there is no file yet. */
  readonly file: { readonly name: string; readonly bytes: number } | undefined;
  /** Bytes of a line that was being written when the node ended; they are cut off. */
  readonly torn: number;
}

/** A record has a bounded length, well below this. */
const lastPartBytes = 4 * 1024 * 1024;

/**
 * Where the chain in this folder, which no other process has (AUDIT-NODE-7), ends. A line that was being written when the node ended is cut off: what it told is
 * told again, or was never answered.
 *
 * @throws Error where the end of the last file is none of an audit.
 */
export function findEnd(folder: string, chain: ChainName): FoundEnd {
  const names = filesAtStart(folder, chain);
  for (let at = names.length - 1; at >= 0; at--) {
    const name = names[at] ?? '';
    const found = endOfFile(join(folder, name), name);
    // The node ended before the first line of a new file was whole: the one before has the end.
    if (found !== undefined) return found;
  }
  return { end: chainStart, file: undefined, torn: 0 };
}

function endOfFile(path: string, name: string): FoundEnd | undefined {
  const { size } = statSync(path);
  const start = Math.max(0, size - lastPartBytes);
  const part = Buffer.alloc(size - start);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, part, 0, part.length, start);
  } finally {
    closeSync(descriptor);
  }
  const wholeLength = part.lastIndexOf(0x0a) + 1;
  const torn = part.length - wholeLength;
  if (wholeLength === 0) {
    if (size >= lastPartBytes) throw notAudit(path);
    truncateSync(path, 0);
    return undefined;
  }
  makeDurable(path, torn > 0 ? start + wholeLength : undefined);
  const beforeLast = part.lastIndexOf(0x0a, wholeLength - 2) + 1;
  const last = readLine(part.toString('utf8', beforeLast, wholeLength - 1));
  if (last === undefined) throw notAudit(path);
  const file = { name, bytes: start + wholeLength };
  switch (last.type) {
    case 'record':
      return { end: { seq: last.seq, head: last.hash }, file, torn };
    case 'file':
      return { end: last.after, file, torn };
    case 'gap':
      return { end: last.to, file, torn };
  }
}

/** Whoever wrote it may have ended before it did so. @param cutOffAt What comes from there on goes. */
function makeDurable(path: string, cutOffAt: number | undefined): void {
  if (cutOffAt !== undefined) truncateSync(path, cutOffAt);
  const descriptor = openSync(path, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const notAudit = (path: string): Error =>
  new Error(
    `The end of ${path} is no record of an audit: it is damaged or was altered. Nothing was changed. Keep the file for whoever looks into it, ` +
      `move it out of the folder, and start the node again: "holdfast audit verify" names what is missing then.`,
  );

export interface Retention {
  readonly folder: string;
  readonly chain: ChainName;
  /** Of all its files together; the oldest go. */
  readonly keepBytes: number;
  /** Files that were written last so long ago go; 0: by size alone. */
  readonly keepMs: number;
}

/**
 * Deletes the oldest files (AUDIT-FILE-6, AUDIT-FILE-9 of the writer). The node serves meanwhile: nothing waits for the disk, and the file
 * that is written may become another one.
 *
 * @param written Looked at before each file is deleted.
 */
export async function deleteOldest(
  { folder, chain, keepBytes, keepMs }: Retention,
  written: { readonly name: string | undefined },
  nowMs: number,
): Promise<void> {
  let mayGoByAge = keepMs > 0;
  const names = await filesOf(folder, chain);
  const files: { readonly name: string; readonly size: number; readonly mtimeMs: number }[] = [];
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(orNone);
    if (!Array.isArray(found)) files.push({ name, size: found.size, mtimeMs: found.mtimeMs });
  }
  let bytes = files.reduce((sum, { size }) => sum + size, 0);
  for (const { name, size, mtimeMs } of files) {
    if (name === written.name || name === names.at(-1)) continue; // AUDIT-FILE-6
    const isTooMuch = bytes > keepBytes;
    if (!isTooMuch && !(mayGoByAge && nowMs - mtimeMs > keepMs)) break;
    if (!isTooMuch) mayGoByAge = false; // AUDIT-FILE-9
    await rm(join(folder, name), { force: true });
    bytes -= size;
  }
}

/** What is not there, or is gone meanwhile, is none to be deleted. */
function orNone(error: unknown): string[] {
  if (hasCode(error, 'ENOENT')) return [];
  throw error;
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
