/**
 * A backup: the bytes of a snapshot's file, read from a descriptor that was opened when it began, so that
 * neither the state machine nor the disk keeps anything for a slow reader but that one file (ENG-SNAP-3).
 *
 * BACKUP-1: the descriptor is closed exactly once: behind the last byte, or when the backup is closed, and
 *     then not before a read that is under way has ended.
 */
import type { SnapshotReader } from '@holdfast/storage';
import type { Backup } from './types.ts';

const chunkBytes = 256 * 1024;

export function backupOf(reader: SnapshotReader): Backup {
  const { index, hash, byteLength } = reader.meta;
  let isReading = false;
  let isOver = false;
  let isClosed = false;
  const end = (): void => {
    isOver = true;
    if (isReading || isClosed) return; // BACKUP-1
    isClosed = true;
    reader.close();
  };
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let offset = 0; offset < byteLength; offset += chunkBytes) {
        if (isOver) throw new Error('This backup has been closed.');
        isReading = true;
        let chunk: Uint8Array;
        try {
          chunk = await reader.read(offset, Math.min(chunkBytes, byteLength - offset));
        } finally {
          isReading = false;
        }
        yield chunk;
      }
    } finally {
      end();
    }
  }
  return { index, hash, byteLength, chunks: chunks(), close: end };
}
