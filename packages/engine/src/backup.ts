/**
 * A backup: a snapshot, read from a descriptor that was opened when it began, so that neither the state machine nor the
 * disk keeps anything for a slow reader but that one file (ENG-SNAP-3), and the payloads that it names (PAYLOAD-2).
 *
 * BACKUP-1: the descriptor is closed exactly once: behind the last byte, or when the backup is closed, and
 *     then not before a read that is under way has ended.
 * BACKUP-2: payloads beside the state are put into it, so that it is whole by itself. It is read twice then: its hash and
 *     length are told before its first byte. Both readings are of what PAYLOAD-2 keeps, and give the same bytes.
 * BACKUP-3: where that is no longer kept (PAYLOAD-8) it ends with an error, and is closed at once.
 * BACKUP-4: its first reading is for who still waits for it: where the caller has gone, or a piece takes longer than `longestPieceMs`, it ends with an
 *     error, and is closed, when the read that is under way has ended. No payload of it takes longer than PAYLOAD-9 says.
 */
import { createHash } from 'node:crypto';
import { HoldfastError } from '@holdfast/protocol';
import { WholeSnapshot } from '@holdfast/state';
import type { StoredPayload } from '@holdfast/state';
import type { SnapshotReader } from '@holdfast/storage';
import { backupCancelled } from './backup-refusals.ts';
import { SnapshotLines } from './snapshot-lines.ts';
import type { Backup } from './types.ts';

const chunkBytes = 256 * 1024;
/** BACKUP-4. Of one payload, or of one piece of the file. */
export const longestPieceMs = 60_000;

/** What a backup is made of. */
export interface BackupSource {
  readonly reader: SnapshotReader;
  /** Where the lines of the state begin in the file. */
  readonly stateOffset: number;
  /** JSON. Undefined where nothing stands beside the state. @throws HoldfastError */
  readonly payload: ((stored: StoredPayload) => Promise<string>) | undefined;
  /** Aborted when payloads that it names may be gone (PAYLOAD-8). */
  readonly lost: AbortSignal;
  /** Nothing of it is read any more. */
  readonly release: () => void;
  /** Monotonic. */
  readonly now: () => number;
}

/** @param signal Aborted when whoever asked has gone (BACKUP-4). */
export async function backupOf(source: BackupSource, signal?: AbortSignal): Promise<Backup> {
  const { reader, payload } = source;
  const { index, hash, byteLength } = reader.meta;
  if (payload === undefined)
    return { index, hash, byteLength, ...readOnce(source, (read) => plain(reader, read)) };
  const sum = createHash('sha256');
  let wholeBytes = 0;
  try {
    for await (const chunk of whole(source, payload, wantedBy(source, signal))) {
      sum.update(chunk);
      wholeBytes += chunk.byteLength;
    }
    if (signal?.aborted === true) throw backupCancelled();
  } catch (error) {
    reader.close();
    source.release();
    throw error;
  }
  const chunks = readOnce(source, (read) => whole(source, payload, read));
  return { index, hash: sum.digest('hex'), byteLength: wholeBytes, ...chunks };
}

/** How each read is made: the backup may be closed meanwhile. */
type Guard = <T>(act: () => Promise<T>) => Promise<T>;

/** BACKUP-3. */
const keptBy =
  ({ lost }: BackupSource): Guard =>
  async (act) => {
    try {
      if (!lost.aborted) return await act();
    } catch (error) {
      if (!lost.aborted) throw error;
    }
    throw new HoldfastError(
      'overloaded',
      'The backup was cancelled: too many messages have ended while it was read, and their payloads are no longer kept for it. ' +
        'Make it where it is read faster: on the machine of the node, or when less is consumed.',
    );
  };

/** BACKUP-4. */
function wantedBy(source: BackupSource, signal: AbortSignal | undefined): Guard {
  const whileKept = keptBy(source);
  return async (act) => {
    if (signal?.aborted === true) throw backupCancelled();
    const endMs = source.now() + longestPieceMs;
    const read = await whileKept(act);
    if (source.now() > endMs)
      throw new HoldfastError(
        'overloaded',
        `The backup was cancelled: a payload of its messages was not read within ${String(longestPieceMs / 1000)} s. ` +
          'Ask another node, or when its disk has less to do.',
      );
    return read;
  };
}

/** BACKUP-1. */
function readOnce(
  source: BackupSource,
  chunksBy: (read: Guard) => AsyncGenerator<Uint8Array, void, undefined>,
): Pick<Backup, 'chunks' | 'close'> {
  const { reader, lost, release } = source;
  const whileKept = keptBy(source);
  let isReading = false;
  let isOver = false;
  let isClosed = false;
  const end = (): void => {
    isOver = true;
    if (isReading || isClosed) return; // BACKUP-1
    isClosed = true;
    lost.removeEventListener('abort', end);
    reader.close();
    release();
  };
  lost.addEventListener('abort', end, { once: true }); // BACKUP-3
  const guard: Guard = async (act) => {
    if (isOver && !lost.aborted) throw new Error('This backup has been closed.');
    isReading = true;
    try {
      return await whileKept(act);
    } finally {
      isReading = false;
    }
  };
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* chunksBy(guard);
    } finally {
      end();
    }
  }
  return { chunks: chunks(), close: end };
}

async function* plain(
  reader: SnapshotReader,
  read: Guard,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { byteLength } = reader.meta;
  for (let offset = 0; offset < byteLength; offset += chunkBytes)
    yield await read(() => pieceAt(reader, offset));
}

function pieceAt(reader: SnapshotReader, offset: number): Promise<Uint8Array> {
  const { byteLength } = reader.meta;
  return reader.read(offset, Math.min(chunkBytes, byteLength - offset));
}

/** BACKUP-2. */
async function* whole(
  { reader, stateOffset }: BackupSource,
  payload: (stored: StoredPayload) => Promise<string>,
  read: Guard,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield await read(() => reader.read(0, stateOffset));
  const snapshot = new WholeSnapshot();
  const gathered: string[] = [];
  let gatheredLength = 0;
  for await (const line of linesOf(reader, stateOffset, read)) {
    const wanted = snapshot.wanted(line);
    const text = wanted === undefined ? undefined : await read(() => payload(wanted));
    const told = snapshot.line(line, text);
    gathered.push(told);
    gatheredLength += told.length;
    if (gatheredLength < chunkBytes) continue;
    yield Buffer.from(`${gathered.splice(0).join('\n')}\n`);
    gatheredLength = 0;
  }
  if (gathered.length > 0) yield Buffer.from(`${gathered.join('\n')}\n`);
}

async function* linesOf(
  reader: SnapshotReader,
  stateOffset: number,
  read: Guard,
): AsyncGenerator<string, void, undefined> {
  const { byteLength } = reader.meta;
  const lines = new SnapshotLines();
  for (let offset = stateOffset; offset < byteLength; offset += chunkBytes)
    yield* lines.push(await read(() => pieceAt(reader, offset)));
}
