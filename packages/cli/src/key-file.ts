/**
 * A file for a key that is shown once. It is made before the key is, so that no key is lost for want of a place, and is
 * its owner's alone from the beginning.
 */
import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { diskError } from '@holdfast/storage/files';
import { Option } from 'commander';
import { AdvisedError, UsageError } from './failure.ts';
import { syncFolder } from './sync-folder.ts';

export const keyFileOption = (): Option =>
  new Option(
    '--key-file <path>',
    'write the key to this new file, readable by its owner alone, and do not show it',
  );

/**
 * What made a key, as it may be shown: without the key where that is in a file.
 *
 * @throws UsageError where the file cannot be made. Whatever `make` throws leaves no file, nor does one that makes no key.
 */
export async function keptIn<Made extends { readonly key?: string | undefined }>(
  path: string | undefined,
  make: () => Promise<Made>,
): Promise<{ readonly made: Made; readonly shown: object }> {
  if (path === undefined) {
    const made = await make();
    return { made, shown: made };
  }
  const file = create(path);
  let written = false;
  try {
    const made = await make();
    if (made.key === undefined) return { made, shown: made };
    write(file, path, made.key);
    written = true;
    const { key: _, ...rest } = made;
    return { made, shown: { ...rest, key_file: path } };
  } finally {
    closeSync(file);
    if (!written) rmSync(path, { force: true });
  }
}

/**
 * A key that is known before it counts: it is in its file, durably, first (RKEY-1). Gives what removes the file where the key comes to
 * count for nothing.
 *
 * @throws UsageError, DiskError: there is no file then.
 */
export function writeKeyFirst(path: string, key: string): () => void {
  const file = create(path);
  const remove = (): void => rmSync(path, { force: true });
  try {
    writeFileSync(file, `${key}\n`);
    fsyncSync(file);
    syncFolder(dirname(path));
  } catch (error) {
    remove();
    throw diskError(error, 'written', path);
  } finally {
    closeSync(file);
  }
  return remove;
}

function create(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `--key-file cannot be made: ${reason}. No key was made. Name a file that is not there yet, in a folder that you may write to.`,
      { cause: error },
    );
  }
}

function write(file: number, path: string, key: string): void {
  try {
    writeFileSync(file, `${key}\n`);
    fsyncSync(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AdvisedError(
      'internal',
      `A key was made and could not be written to ${path}: ${reason}.`,
      `Revoke it: holdfast auth key revoke ${key.split('_')[1] ?? ''}`,
      {},
      { cause: error },
    );
  }
}
