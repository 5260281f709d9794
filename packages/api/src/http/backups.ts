/**
 * Backups that are being read on this node: a stream each, at most so many at a time. The bytes are those of
 * a snapshot's file, as they are.
 *
 * HTTP-BACKUP-1: nothing is read ahead of the reader but what its connection buffers; a backup that nobody reads any
 *      more (hung up, or stopped reading for `idleMs`) is closed. The time in which the node saves the
 *      snapshot does not count: nobody is late then.
 * HTTP-BACKUP-2: a place is given back when its stream closes, or when none came to be.
 */
import { Readable } from 'node:stream';
import type { Backup } from '@holdfast/engine';
import type { PerCaller } from '../callers.ts';
import { RequestError } from '../request-error.ts';

const idleMs = 60_000;

/** A backup on its way to its reader. */
export interface BackupStream {
  readonly backup: Omit<Backup, 'chunks' | 'close'>;
  readonly stream: Readable;
}

export class Backups {
  readonly #most: number;
  readonly #perCaller: PerCaller;
  readonly #after: (ms: number, callback: () => void) => () => void;
  #open = 0;

  /** @param after Calls back once; returns what cancels that. */
  constructor(
    most: number,
    perCaller: PerCaller,
    after: (ms: number, callback: () => void) => () => void,
  ) {
    this.#most = most;
    this.#perCaller = perCaller;
    this.#after = after;
  }

  /** @param open Opens the backup; called only where there is a place. */
  async begin(
    caller: string | undefined,
    open: () => Promise<Backup>,
  ): Promise<BackupStream | RequestError> {
    if (this.#open >= this.#most) {
      return new RequestError(
        'overloaded',
        `This node is sending ${String(this.#most)} backups, which is its limit. Retry when one has finished, or use another node.`,
        { limit: 'max_backups', value: this.#most },
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
    return { backup, stream: this.#streamOf(backup, giveBack) };
  }

  #streamOf(backup: Backup, giveBack: () => void): Readable {
    let sent = 0;
    const counted = countedChunks(backup.chunks, () => {
      sent += 1;
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
    stream.once('close', () => {
      this.#open -= 1; // HTTP-BACKUP-2
      giveBack();
      cancel();
      backup.close();
    });
    return stream;
  }
}

async function* countedChunks(
  chunks: AsyncIterable<Uint8Array>,
  onChunk: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    onChunk();
    yield chunk;
  }
}
