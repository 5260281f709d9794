/**
 * The names of the files in a node's folder: segments and spare files in `log`, snapshots beside it.
 * Numbers have leading zeros, so that the order of the names is that of the numbers.
 */
import { dirname, join } from 'node:path';

export interface Folders {
  readonly log: string;
  readonly snapshots: string;
}

export const foldersOf = (logFolder: string): Folders => ({
  log: logFolder,
  snapshots: join(dirname(logFolder), 'snapshots'),
});

export const segmentName = (segment: number): string =>
  `${String(segment).padStart(12, '0')}.segment`;
export const spareName = (segment: number): string => `${String(segment).padStart(12, '0')}.spare`;
export const snapshotName = (index: number, hash: string): string =>
  `${String(index).padStart(16, '0')}-${hash}.snapshot`;
/** What is being written; never read again after a restart. */
export const partialEnding = '.partial';

export function segmentOf(name: string): number | undefined {
  const digits = /^(\d{12,15})\.segment$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export const isSpare = (name: string): boolean => /^\d{12,15}\.spare$/.test(name);

export function snapshotOf(
  name: string,
): { readonly index: number; readonly hash: string } | undefined {
  const found = /^(\d{16})-([0-9a-f]{64})\.snapshot$/.exec(name);
  return found?.[1] === undefined || found[2] === undefined
    ? undefined
    : { index: Number(found[1]), hash: found[2] };
}
