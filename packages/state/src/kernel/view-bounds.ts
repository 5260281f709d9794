/**
 * How much an answer shows. An answer crosses the wire between nodes and a client's limits (4 MiB is what
 * gRPC clients take when nothing else is set), so it is bounded by what it weighs as well as by number.
 *
 * STATE-VIEW-1: a list shows at most so many rows and at most so many bytes; how many there are is told beside it.
 * STATE-VIEW-2: a page has at least one row where there is one to show, so that whoever pages comes to the end.
 */

/** Holders, and waiters, that a view shows when nobody asks for more. */
export const rowsShown = 100;
/** What a list may weigh. The largest row (names and metadata of the longest) is below 8 kB. */
const maxListBytes = 512 * 1024;
/** What a row weighs beside its texts: names of fields, numbers, a session id. */
const rowBytes = 200;
/** Metadata is at most 1024 bytes as JSON: that is what it weighs, whatever it is. */
const metadataBytes = 1024;

/** What a row is weighed by. */
export interface Row {
  readonly texts: readonly string[];
  readonly metadata?: unknown;
}

/** Counts what a list shows. */
export class ListBudget {
  #rows: number;
  #bytesLeft: number;
  #isEmpty = true;

  constructor(maxRows: number, maxBytes: number = maxListBytes) {
    this.#rows = maxRows;
    this.#bytesLeft = maxBytes;
  }

  /**
   * Whether there is room for a row with these texts; then it has been counted.
   *
   * @param bytesBeside What the row weighs beside its texts, which somebody else puts in.
   */
  takes(texts: readonly string[], metadata?: unknown, bytesBeside = 0): boolean {
    return this.#take(weightOf({ texts, metadata }) + bytesBeside);
  }

  /** The same for a row that has rows of its own. */
  takesTogether(rows: readonly Row[]): boolean {
    let bytes = 0;
    for (const row of rows) bytes += weightOf(row);
    return this.#take(bytes);
  }

  #take(bytes: number): boolean {
    if (this.#rows <= 0) return false;
    if (bytes > this.#bytesLeft && !this.#isEmpty) return false; // STATE-VIEW-1, STATE-VIEW-2
    this.#isEmpty = false;
    this.#rows -= 1;
    this.#bytesLeft -= bytes;
    return true;
  }
}

function weightOf({ texts, metadata }: Row): number {
  let bytes = rowBytes + (metadata === undefined ? 0 : metadataBytes);
  // A UTF-16 unit is at most three bytes of UTF-8.
  for (const text of texts) bytes += text.length * 3;
  return bytes;
}
