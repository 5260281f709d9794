/**
 * The replicated log in memory: entries after a point that has been compacted away.
 *
 * G1: entries are contiguous; the entry before the first is known by index and term (`base`).
 */
import { invariant } from './invariant.ts';
import type { Entry, LogIndex, Term } from './types.ts';

export class Log {
  #baseIndex: LogIndex;
  #baseTerm: Term;
  /** `#entries[i]` has index `#baseIndex + 1 + i`. */
  #entries: Entry[];

  constructor(baseIndex: LogIndex, baseTerm: Term, entries: readonly Entry[]) {
    this.#baseIndex = baseIndex;
    this.#baseTerm = baseTerm;
    this.#entries = [];
    this.append(entries);
  }

  get firstIndex(): LogIndex {
    return this.#baseIndex + 1;
  }

  get lastIndex(): LogIndex {
    return this.#baseIndex + this.#entries.length;
  }

  get lastTerm(): Term {
    return this.#entries.at(-1)?.term ?? this.#baseTerm;
  }

  /** Undefined where the entry is compacted away or not there yet. */
  termAt(index: LogIndex): Term | undefined {
    if (index === this.#baseIndex) return this.#baseTerm;
    return this.#entries[index - this.#baseIndex - 1]?.term;
  }

  entryAt(index: LogIndex): Entry | undefined {
    return this.#entries[index - this.#baseIndex - 1];
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      invariant(
        entry.index === this.lastIndex + 1,
        `G1: entry ${String(entry.index)} does not follow ${String(this.lastIndex)}`,
      );
      this.#entries.push(entry);
    }
  }

  truncateFrom(index: LogIndex): void {
    invariant(
      index > this.#baseIndex,
      `G1: truncation at ${String(index)} reaches into the compacted part`,
    );
    this.#entries.length = index - this.#baseIndex - 1;
  }

  /** Entries from `from` on, until `maxBytes` is reached; at least one where there is one. */
  slice(from: LogIndex, to: LogIndex, maxBytes: number): Entry[] {
    const entries: Entry[] = [];
    let bytes = 0;
    for (let index = from; index <= to; index++) {
      const entry = this.entryAt(index);
      if (entry === undefined) break;
      bytes += entry.data.byteLength + entryOverheadBytes;
      if (entries.length > 0 && bytes > maxBytes) break;
      entries.push(entry);
    }
    return entries;
  }

  compact(keepFrom: LogIndex): void {
    if (keepFrom <= this.firstIndex) return;
    const baseTerm = this.termAt(keepFrom - 1);
    invariant(baseTerm !== undefined, `G1: compaction to ${String(keepFrom)} goes past the end`);
    this.#entries = this.#entries.slice(keepFrom - this.firstIndex);
    this.#baseIndex = keepFrom - 1;
    this.#baseTerm = baseTerm;
  }

  /** The whole log is replaced by a snapshot. */
  reset(index: LogIndex, term: Term): void {
    this.#baseIndex = index;
    this.#baseTerm = term;
    this.#entries = [];
  }
}

export const entryOverheadBytes: number = 32;
