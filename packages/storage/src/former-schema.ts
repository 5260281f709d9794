/** The checksums of the rows of a log of the format before. */
import { crc32 } from 'node:zlib';
import type { EntryKind } from '@holdfast/raft';

export const formatVersion = 1;
export const formerFileName = 'holdfast.sqlite';

export const entryKinds: readonly EntryKind[] = ['command', 'noop', 'membership'];

export function entryChecksum(index: number, term: number, kind: number, data: Uint8Array): number {
  return crc32(data, crc32(`${String(index)} ${String(term)} ${String(kind)}`));
}

export function hardStateChecksum(
  term: number,
  votedFor: string | null,
  commit: number,
  lastIndex: number,
): number {
  return crc32(JSON.stringify([term, votedFor, commit, lastIndex]));
}

export function snapshotChecksum(
  index: number,
  term: number,
  membership: string,
  chunkCount: number,
): number {
  return crc32(JSON.stringify([index, term, membership, chunkCount]));
}

export function chunkChecksum(snapshot: number, chunk: number, data: Uint8Array): number {
  return crc32(data, crc32(`${String(snapshot)} ${String(chunk)}`));
}
