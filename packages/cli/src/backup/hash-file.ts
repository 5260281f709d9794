/** The file beside a backup that tells its hash, as `sha256sum` writes and checks it: `FILE.sha256`. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { diskError } from '@holdfast/storage/files';
import { UsageError } from '../failure.ts';

const form = /^[0-9a-f]{64}$/;

export const hashFileOf = (file: string): string => `${file}.sha256`;
export const hashLine = (file: string, hash: string): string => `${hash}  ${basename(file)}\n`;

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

function readHashFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').split(/\s/, 1)[0] ?? '';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw diskError(error, 'read', path);
  }
}
