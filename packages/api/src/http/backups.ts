/**
 * Backups that are being read on this node: a stream each, at most so many at a time.
 *
 * BK1: nothing is read ahead of the reader but what its connection buffers; the source of a backup that
 *      nobody reads any more (hung up, or stopped reading for `idleMs`) is closed. Until its first chunk is there
 *      a backup is being saved, and nobody is late.
 * BK2: a place is given back when its stream closes, however it came to that.
 */
import { Readable } from 'node:stream';
import { Refused } from '../refused.ts';
import { framedSnapshot } from './snapshot.ts';

const maxBackups = 4;
const idleMs = 60_000;

export class Backups {
  readonly #after: (ms: number, callback: () => void) => () => void;
  #open = 0;

  /** @param after Calls back once; returns what cancels that. */
  constructor(after: (ms: number, callback: () => void) => () => void) {
    this.#after = after;
  }

  /** @param open Opens the source; called only where there is a place. */
  begin(open: () => AsyncIterable<Uint8Array>): Readable | Refused {
    if (this.#open >= maxBackups) {
      return new Refused(
        'overloaded',
        `This node sends ${String(maxBackups)} backups already, and not more at a time. Try again when one is through, or ask another node.`,
        { limit: maxBackups },
      );
    }
    this.#open += 1;
    let sent = 0;
    let cancel: () => void = () => undefined;
    // Begun with the first chunk: before it the node saves the snapshot, which takes what it takes.
    const watch = (seen: number): void => {
      cancel = this.#after(idleMs, () => {
        if (sent > seen) watch(sent);
        else stream.destroy(new Error(`Nobody read this backup for ${String(idleMs)} ms.`)); // BK1
      });
    };
    const stream: Readable = Readable.from(
      framedSnapshot(
        counted(open(), () => {
          sent += 1;
          if (sent === 1) watch(0);
        }),
      ),
      { objectMode: false, highWaterMark: 64 * 1024 },
    );
    stream.once('close', () => {
      this.#open -= 1; // BK2
      cancel();
    });
    return stream;
  }
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  onChunk: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    onChunk();
    yield chunk;
  }
}
