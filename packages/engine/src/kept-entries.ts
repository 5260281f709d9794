/**
 * Which applied entries stay in the log behind a snapshot, so that a follower that is a little late
 * needs no snapshot: the latest ones, bounded by count and by bytes.
 */
import type { Entry, LogIndex } from '@holdfast/raft';

const defaultMaxCount = 1000;
const maxBytes = 16 * 1024 * 1024;

export class KeptEntries {
  readonly #maxCount: number;
  /** Sizes of the latest applied entries, as a ring. */
  readonly #byteLengths: number[] = [];
  #lastIndex: LogIndex = 0;

  constructor(maxCount: number = defaultMaxCount) {
    this.#maxCount = maxCount;
  }

  applied({ index, data }: Entry): void {
    this.#lastIndex = index;
    if (this.#maxCount > 0) this.#byteLengths[index % this.#maxCount] = data.byteLength;
  }

  /** What came before is behind a snapshot that was installed. */
  clear(): void {
    this.#byteLengths.length = 0;
    this.#lastIndex = 0;
  }

  /** The first index that stays behind a snapshot at this index, not before the log's first. */
  keepFrom(snapshotIndex: LogIndex, firstIndex: LogIndex): LogIndex {
    const oldest = Math.max(firstIndex, snapshotIndex + 1 - this.#maxCount);
    let keepFrom = snapshotIndex + 1;
    let bytes = 0;
    while (keepFrom > oldest) {
      const index = keepFrom - 1;
      // The ring holds the sizes up to the last applied entry, which is past the snapshot by now.
      if (index + this.#maxCount <= this.#lastIndex) break;
      bytes += this.#byteLengths[index % this.#maxCount] ?? 0;
      if (bytes > maxBytes) break;
      keepFrom = index;
    }
    return keepFrom;
  }
}
