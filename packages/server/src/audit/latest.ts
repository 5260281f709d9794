/**
 * The latest records of a chain, as they stand in the files of this node: what a person looks at, a bounded part of the end.
 * Whether all of it is whole, `verify.ts` says.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditedRecord, LatestRecords } from '@holdfast/api';
import { filesOf } from './chain-folder.ts';
import { hashAfter, readLine } from './lines.ts';
import type { ChainName } from './lines.ts';

/** Of the end of each file: well above what so many records take. */
const lookedAtBytes = 512 * 1024;
/** A file that was just begun has few, and the one before it the rest. */
const mostFiles = 2;

interface Line {
  readonly seq: number;
  readonly hash: string;
  readonly body: string;
}

/** Newest first. */
export async function latestRecords(
  folder: string,
  chain: ChainName,
  limit: number,
): Promise<LatestRecords> {
  const lines: Line[] = [];
  const names = await filesOf(folder, chain);
  for (const name of names.slice(-mostFiles).toReversed()) {
    for (const text of (await endOfFile(join(folder, name))).toReversed()) {
      if (lines.length > limit) break;
      const line = readLine(text);
      if (line?.type === 'record') lines.push(line);
    }
  }
  const shown = lines.slice(0, limit);
  return { records: shown.map(recordOf), isWhole: areLinked(lines) };
}

/** The whole lines at its end. */
async function endOfFile(path: string): Promise<string[]> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (isGone(error)) return undefined; // It was too old, and was deleted meanwhile.
    throw error;
  });
  if (file === undefined) return [];
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - lookedAtBytes);
    const part = Buffer.alloc(size - start);
    const { bytesRead } = await file.read(part, 0, part.length, start);
    const lines = part.toString('utf8', 0, bytesRead).split('\n');
    lines.pop(); // Empty, or a line that is being written.
    if (start > 0) lines.shift();
    return lines;
  } finally {
    await file.close();
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Each follows by its number and hash on the one before (AUDIT-LINE-1); where some are not there by purpose it cannot be told. */
function areLinked(lines: readonly Line[]): boolean {
  for (const [index, { seq, hash, body }] of lines.entries()) {
    const before = lines[index + 1];
    if (before?.seq === seq - 1 && hashAfter(before.hash, body) !== hash) return false;
  }
  return true;
}

/** As far as people look at it; its text was made by a node. */
function recordOf({ seq, hash, body }: Line): AuditedRecord {
  const fields = JSON.parse(body) as Readonly<Record<string, unknown>>;
  const textOf = (name: string): string => {
    const value = fields[name];
    return typeof value === 'string' ? value : '';
  };
  const { at_ms: atMs, on } = fields;
  return {
    seq,
    hash,
    atMs: typeof atMs === 'number' ? atMs : 0,
    by: textOf('by'),
    proof: textOf('proof'),
    address: textOf('address'),
    client: textOf('client'),
    operation: textOf('operation'),
    outcome: textOf('outcome'),
    on: Array.isArray(on) ? on.map(String) : [],
  };
}
