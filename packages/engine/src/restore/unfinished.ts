/**
 * A folder into which something is being restored says so, from before anything else is in it until all of it is
 * durable (REST-1 of `restore.ts`).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const markerName = 'restoring.json';

/** @throws Error where a restore into this folder has not come to its end. */
export function refuseUnfinished(folder: string): void {
  const marker = join(folder, markerName);
  if (existsSync(marker)) throw new Error(unfinished(folder));
}

export const unfinished = (folder: string): string =>
  `${join(folder, markerName)} says that a restore into this folder has not come to its end: what is in it is not whole. ` +
  `Wait for the restore that is under way; where none is, delete the folder and restore the backup again.`;
