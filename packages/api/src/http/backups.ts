/**
 * Backups that are being read on this node: a stream each, at most so many at a time. The bytes are those of
 * a snapshot's file, with the payloads of messages in it where those stand beside the state.
 *
 * HTTP-BACKUP-1: nothing is read ahead of the reader but what its connection buffers; a backup that nobody reads any
 *      more (hung up, or stopped reading for `idleMs`) is closed. The time in which the node saves the
 *      snapshot does not count: nobody is late then.
 * HTTP-BACKUP-2: a place is given back when its stream closes, or when none came to be.
 * HTTP-BACKUP-3: a backup ends in time, however its reader reads: after `graceMs`, and what its size takes at the least rate.
 *      Until then the node keeps the old snapshot and what ends meanwhile. How long that is, is told before the first byte.
 */
import { Readable } from 'node:stream';
import type { Backup } from '@holdfast/engine';
import type { PerCaller } from '../callers.ts';
import type { ApiLog } from '../log.ts';
import { RequestError } from '../request-error.ts';

const idleMs = 60_000;
const graceMs = 60_000;
/** A timer takes no more. */
const longestTimerSeconds = 2_000_000;

/** A backup on its way to its reader. */
export interface BackupStream {
  readonly backup: Omit<Backup, 'chunks' | 'close'>;
  readonly stream: Readable;
  /** HTTP-BACKUP-3. */
  readonly longestSeconds: number;
}

export interface BackupBounds {
  readonly maxBackups: number;
  /** HTTP-BACKUP-3: a reader that is slower for all of it is cut off. */
  readonly minBackupBytesPerSecond: number;
}

/** What is told of a backup in front of its bytes. */
export function backupHeaders(
  { backup, longestSeconds }: BackupStream,
  clusterId: string,
): Readonly<Record<string, string>> {
  const { index, hash, byteLength } = backup;
  const cluster = clusterId.replaceAll(/[^A-Za-z0-9._-]/g, '_');
  return {
    'content-length': String(byteLength),
    'content-disposition': `attachment; filename="holdfast-${cluster}-${String(index)}.snapshot"`,
    'holdfast-cluster-id': clusterId,
    'holdfast-snapshot-index': String(index),
    'holdfast-snapshot-hash': hash,
    'holdfast-snapshot-longest-seconds': String(longestSeconds),
  };
}

export class Backups {
  readonly #bounds: BackupBounds;
  readonly #perCaller: PerCaller;
  readonly #after: (ms: number, callback: () => void) => () => void;
  readonly #log: Pick<ApiLog, 'warn'>;
  #open = 0;

  /** @param after Calls back once; returns what cancels that. */
  constructor(
    bounds: BackupBounds,
    perCaller: PerCaller,
    after: (ms: number, callback: () => void) => () => void,
    log: Pick<ApiLog, 'warn'>,
  ) {
    this.#bounds = bounds;
    this.#log = log;
    this.#perCaller = perCaller;
    this.#after = after;
  }

  /** @param open Opens the backup; called only where there is a place. */
  async begin(
    caller: string | undefined,
    open: () => Promise<Backup>,
  ): Promise<BackupStream | RequestError> {
    const { maxBackups } = this.#bounds;
    if (this.#open >= maxBackups) {
      return new RequestError(
        'overloaded',
        `This node is sending ${String(maxBackups)} backups, which is its limit. Retry when one has finished, or use another node.`,
        { limit: 'max_backups', value: maxBackups },
      );
    }
    const giveBack = this.#perCaller.take(caller);
    if (giveBack instanceof RequestError) return giveBack;
    this.#open += 1;
    let backup: Backup;
    try {
      backup = await open();
    } catch (error) {
      this.#open -= 1; // HTTP-BACKUP-2
      giveBack();
      throw error;
    }
    const { minBackupBytesPerSecond } = this.#bounds;
    const sendingSeconds = Math.ceil(backup.byteLength / minBackupBytesPerSecond);
    const longestSeconds = Math.min(graceMs / 1000 + sendingSeconds, longestTimerSeconds);
    return { backup, stream: this.#streamOf(backup, longestSeconds, giveBack), longestSeconds };
  }

  #streamOf(backup: Backup, longestSeconds: number, giveBack: () => void): Readable {
    let sent = 0;
    let sentBytes = 0;
    const counted = countedChunks(backup.chunks, ({ byteLength }) => {
      sent += 1;
      sentBytes += byteLength;
    });
    const stream = Readable.from(counted, { objectMode: false, highWaterMark: 64 * 1024 });
    let cancel: () => void = () => undefined;
    const watch = (seen: number): void => {
      cancel = this.#after(idleMs, () => {
        if (sent > seen) watch(sent);
        else
          stream.destroy(
            new Error(
              `The backup was cancelled: the client read nothing for ${String(idleMs)} ms.`,
            ),
          ); // HTTP-BACKUP-1
      });
    };
    watch(sent);
    // HTTP-BACKUP-3
    const cancelDeadline = this.#after(longestSeconds * 1000, () => {
      stream.destroy(
        new Error(
          `The backup was cancelled: its reader had ${String(longestSeconds)} s for it. Read it faster, or lower limits.min_backup_bytes_per_second.`,
        ),
      );
    });
    stream.once('error', (error) => {
      const { index, byteLength } = backup;
      this.#log.warn(
        { err: error, index, byteLength, sentBytes },
        'A backup was not sent to its end.',
      );
    });
    stream.once('close', () => {
      this.#open -= 1; // HTTP-BACKUP-2
      giveBack();
      cancel();
      cancelDeadline();
      backup.close();
    });
    return stream;
  }
}

async function* countedChunks(
  chunks: AsyncIterable<Uint8Array>,
  onChunk: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    onChunk(chunk);
    yield chunk;
  }
}
