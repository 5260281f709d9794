/**
 * A folder into which something is being restored says so, from before anything else is in it until all of it is
 * durable (REST-1 of `restore.ts`).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '@holdfast/protocol';
import { asDiskError, DiskError } from '@holdfast/storage';
import { RestoreError } from './restore-error.ts';

export const markerName = 'restoring.json';

/** @throws Error where a restore into this folder has not come to its end. */
export function refuseUnfinished(folder: string): void {
  const marker = join(folder, markerName);
  if (existsSync(marker)) throw new Error(unfinished(folder));
}

export const unfinished = (folder: string): string =>
  `${join(folder, markerName)} says that a restore into this folder has not come to its end: what is in it is not whole. ` +
  `Wait for the restore that is under way; where none is, delete the folder and restore the backup again.`;

/** Why a restore came to its end before the folder was whole, with what is left of it and what to do (REST-5 of `restore.ts`). */
export function notWhole(error: unknown, folder: string): Error {
  const told = refusalIn(error, folder) ?? error;
  const message =
    `${told instanceof Error ? told.message : String(told)} ` +
    `${folder} is not whole: delete it and restore the backup again.`;
  if (told instanceof DiskError) {
    told.message = message; // As it is for whoever tells refusals of a disk from others.
    return told;
  }
  if (told instanceof HoldfastError)
    return new HoldfastError(told.code, message, told.details, { cause: told });
  return told instanceof RestoreError
    ? new RestoreError(message, { cause: told })
    : new Error(message, { cause: told });
}

/** What the disk said, where it was that: the storage says by errors of its own what is to become of a node then. */
function refusalIn(error: unknown, folder: string): DiskError | undefined {
  for (let at = asDiskError(error, 'written', folder); at instanceof Error; at = at.cause)
    if (at instanceof DiskError) return at;
  return undefined;
}
