/**
 * The names of the files in a node's folder: segments and spare files in `log`, snapshots beside it.
 * Numbers have leading zeros, so that the order of the names is that of the numbers.
 */
import { dirname, join } from 'node:path';

export interface Folders {
  /** Of the node, with all its others in it. */
  readonly folder: string;
  readonly log: string;
  readonly snapshots: string;
  readonly payloads: string;
}

export const foldersOf = (logFolder: string): Folders => ({
  folder: dirname(logFolder),
  log: logFolder,
  snapshots: join(dirname(logFolder), 'snapshots'),
  payloads: join(dirname(logFolder), 'payloads'),
});

export const segmentName = (segment: number): string =>
  `${String(segment).padStart(12, '0')}.segment`;
export const spareName = (segment: number): string => `${String(segment).padStart(12, '0')}.spare`;
/** What the name of a snapshot's file says. `frames`: how many the log had when the file was given its name. */
export interface SnapshotName {
  readonly index: number;
  readonly hash: string;
  readonly frames: number;
}

const snapshotStem = ({ index, hash, frames }: SnapshotName): string =>
  `${String(index).padStart(16, '0')}-${hash}-${String(frames).padStart(12, '0')}`;
export const snapshotName = (name: SnapshotName): string => `${snapshotStem(name)}.snapshot`;
/** Of a snapshot of the leader, until the log says durably that it was installed. */
export const receivedName = (name: SnapshotName): string => `${snapshotStem(name)}.received`;
/** What is being written; never read again after a restart. */
export const partialEnding = '.partial';

export function segmentOf(name: string): number | undefined {
  const digits = /^(\d{12,15})\.segment$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export const isSpare = (name: string): boolean => /^\d{12,15}\.spare$/.test(name);

export const snapshotOf = (name: string): SnapshotName | undefined =>
  namedBy(/^(\d{16})-([0-9a-f]{64})-(\d{12,15})\.snapshot$/, name);
export const receivedOf = (name: string): SnapshotName | undefined =>
  namedBy(/^(\d{16})-([0-9a-f]{64})-(\d{12,15})\.received$/, name);

function namedBy(pattern: RegExp, name: string): SnapshotName | undefined {
  const [, index, hash, frames] = pattern.exec(name) ?? [];
  return index === undefined || hash === undefined || frames === undefined
    ? undefined
    : { index: Number(index), hash, frames: Number(frames) };
}

/** Beside the files of payloads: room that is kept aside (payload-reserve.ts). */
export const reserveName = 'room.reserve';

export const payloadFileName = (number: number): string =>
  `${String(number).padStart(12, '0')}.payloads`;

export function payloadFileOf(name: string): number | undefined {
  const digits = /^(\d{12,15})\.payloads$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
