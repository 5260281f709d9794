/**
 * A backup in a file: a snapshot with all payloads in it, as `GET /cluster/snapshot` sends it.
 *
 * BFILE-1: nothing of it is believed before all of it was read: that it has the hash it should have, where one is
 *     told, and that a state comes out of it, which ends with a sum of its own.
 * BFILE-2: it is read twice, first for the hash and then for the state, and where payloads are in it a third time, for those. Where
 *     the bytes changed in between that reading counts for nothing.
 * BFILE-3: a snapshot out of a node's folder names payloads that are not in it: it is no backup.
 * BFILE-4: one that a newer version wrote, or a cluster of a higher feature level, is not told as damaged: it is whole.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { decodeHead, diskError, encodeHead, maxHeadBytes } from '@holdfast/storage';
import type { SnapshotPoint } from '@holdfast/storage';
import { beginRestore, payloadIn, SnapshotFormatError } from '@holdfast/state';
import type { KeptPayload, StateMachine } from '@holdfast/state';
import { SnapshotLines } from '../snapshot-lines.ts';
import { IdSet } from '../payloads/id-set.ts';
import { RestoreError } from './restore-error.ts';

const pieceBytes = 1024 * 1024;

/** How far it has come, in bytes of the file. */
export type OnBytes = (bytes: number, totalBytes: number) => void;

export interface ReadBackup {
  readonly point: SnapshotPoint;
  /** SHA-256 of the whole file. */
  readonly hash: string;
  readonly byteLength: number;
  readonly state: StateMachine;
  /** Where the state begins in the file. */
  readonly begin: number;
  /** Payloads that stand beside the state are in it. */
  readonly hasPayloads: boolean;
}

/**
 * @param wantedHash SHA-256 as the node told it; undefined where nobody kept it.
 * @throws RestoreError where it is damaged, cut off or no backup; DiskError.
 */
export async function readBackup(
  path: string,
  wantedHash: string | undefined,
  onChecked: OnBytes,
  onRead: OnBytes,
): Promise<ReadBackup> {
  const file = await onDisk(path, open(path, 'r'));
  try {
    const { size: byteLength } = await onDisk(path, file.stat());
    const { hash, head } = await hashOf(file, path, byteLength, onChecked);
    if (wantedHash !== undefined && hash !== wantedHash)
      throw new RestoreError(
        `${path} is damaged or cut off: its SHA-256 is ${hash}, and should be ${wantedHash}. It has ${String(byteLength)} bytes.`,
      );
    const point = pointOf(path, head);
    const begin = encodeHead(point).byteLength;
    const within = new IdSet();
    let hasPayloads = false;
    const state = await stateOf(file, path, { begin, byteLength, hash }, onRead, (payloads) => {
      for (const { id } of payloads) within.add(id);
      hasPayloads ||= payloads.length > 0;
    });
    if (state.index !== point.index)
      throw new RestoreError(
        `${path} is damaged: its head says index ${String(point.index)}, its state ${String(state.index)}.`,
      );
    for (const { id } of state.queues.stored())
      if (!within.has(id))
        throw new RestoreError(
          `${path} is no whole backup: the payload of message ${String(id)} is not in it. Make one with "holdfast backup", or GET /cluster/snapshot.`,
        ); // BFILE-3
    return { point, hash, byteLength, state, begin, hasPayloads };
  } finally {
    await file.close();
  }
}

async function hashOf(
  file: FileHandle,
  path: string,
  byteLength: number,
  onBytes: OnBytes,
): Promise<{ readonly hash: string; readonly head: Uint8Array }> {
  const sum = createHash('sha256');
  let head: Uint8Array = new Uint8Array();
  for (let offset = 0; offset < byteLength;) {
    const bytes = await pieceAt(file, path, offset, byteLength);
    if (offset === 0) head = bytes;
    sum.update(bytes);
    offset += bytes.byteLength;
    onBytes(offset, byteLength);
  }
  return { hash: sum.digest('hex'), head };
}

/** The payloads in a backup that was read, once more from the file (BFILE-2). @throws RestoreError; DiskError. */
export async function readPayloads(
  path: string,
  found: Span,
  onBytes: OnBytes,
  keep: (payloads: readonly KeptPayload[]) => Promise<void>,
): Promise<void> {
  const file = await onDisk(path, open(path, 'r'));
  const lines = new SnapshotLines();
  try {
    await takeAll(file, path, found, onBytes, (bytes) =>
      keep(lines.push(bytes).flatMap((line) => payloadIn(line) ?? [])),
    );
  } catch (error) {
    throw asRefusal(path, error);
  } finally {
    await file.close();
  }
}

/** BFILE-1. */
async function stateOf(
  file: FileHandle,
  path: string,
  found: Span,
  onBytes: OnBytes,
  onPayloads: (payloads: readonly KeptPayload[]) => void,
): Promise<StateMachine> {
  const restorer = beginRestore();
  try {
    await takeAll(file, path, found, onBytes, (bytes) => {
      restorer.push(bytes);
      onPayloads(restorer.takePayloads());
    });
    return restorer.end();
  } catch (error) {
    throw asRefusal(path, error);
  }
}

/** Where the state is in the file, and the hash of the whole file. */
type Span = Pick<ReadBackup, 'begin' | 'byteLength' | 'hash'>;

/** The bytes of the state, piece by piece (BFILE-2). */
async function takeAll(
  file: FileHandle,
  path: string,
  { begin, byteLength, hash }: Span,
  onBytes: OnBytes,
  take: (bytes: Uint8Array) => Promise<void> | void,
): Promise<void> {
  const sum = createHash('sha256');
  for (let offset = 0; offset < byteLength;) {
    const bytes = await pieceAt(file, path, offset, byteLength);
    sum.update(bytes);
    const from = Math.max(0, begin - offset);
    if (from < bytes.byteLength) await take(bytes.subarray(from));
    offset += bytes.byteLength;
    onBytes(offset, byteLength);
  }
  if (sum.digest('hex') !== hash)
    throw new RestoreError(
      `${path} was changed while it was read. Restore a copy to which nothing writes.`,
    );
}

function asRefusal(path: string, error: unknown): unknown {
  if (!(error instanceof SnapshotFormatError)) return error;
  const what = error.isNewer ? 'is of a newer version' : 'is no whole backup'; // BFILE-4
  return new RestoreError(`${path} ${what}: ${error.message}`, { cause: error });
}

async function pieceAt(
  file: FileHandle,
  path: string,
  offset: number,
  byteLength: number,
): Promise<Uint8Array> {
  const wanted = Math.min(pieceBytes, byteLength - offset);
  const buffer = new Uint8Array(wanted);
  const { bytesRead } = await onDisk(path, file.read(buffer, 0, wanted, offset));
  if (bytesRead === 0)
    throw new RestoreError(`${path} was cut off while it was read, at byte ${String(offset)}.`);
  return buffer.subarray(0, bytesRead);
}

function pointOf(path: string, bytes: Uint8Array): SnapshotPoint {
  let point: SnapshotPoint | undefined;
  try {
    point = decodeHead(bytes.subarray(0, maxHeadBytes));
  } catch (error) {
    throw new RestoreError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}. Run the version that wrote it, or newer.`,
      { cause: error },
    );
  }
  if (point === undefined || point.index < 1)
    throw new RestoreError(
      `${path} is no backup: it does not begin with the head of a snapshot. Make one with "holdfast backup", or GET /cluster/snapshot.`,
    );
  return point;
}

async function onDisk<T>(path: string, done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    throw diskError(error, 'read', path);
  }
}
