/**
 * The files beside a backup: `FILE.sha256` tells its hash, as `sha256sum` writes and checks it, and `FILE.cluster` the cluster that it
 * is of. Backups of before have the first alone.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { diskError } from '@holdfast/storage/files';
import { UsageError } from '../failure.ts';

const form = /^[0-9a-f]{64}$/;

export const hashFileOf = (file: string): string => `${file}.sha256`;
export const hashLine = (file: string, hash: string): string => `${hash}  ${basename(file)}\n`;

export const clusterFileOf = (file: string): string => `${file}.cluster`;

/** The name of the cluster that a backup is of; undefined: nobody tells. */
export function formerCluster(file: string): string | undefined {
  const name = readBeside(clusterFileOf(file))?.trim();
  return name === '' ? undefined : name;
}

/**
 * The hash that a backup should have: as it was given, else as the file beside it tells. Undefined: nobody tells.
 *
 * @throws UsageError where what tells it is none.
 */
export function wantedHash(file: string, given: string | undefined): string | undefined {
  const [hash, origin] =
    given === undefined
      ? [readHashFile(hashFileOf(file)), hashFileOf(file)]
      : [given.toLowerCase(), '--hash'];
  if (hash !== undefined && !form.test(hash))
    throw new UsageError(
      `${origin} has to tell a SHA-256: 64 hexadecimal digits. It tells "${hash.slice(0, 80)}".`,
    );
  return hash;
}

const readHashFile = (path: string): string | undefined => readBeside(path)?.split(/\s/, 1)[0];

function readBeside(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw diskError(error, 'read', path);
  }
}
