/**
 * The replicated log in memory: entries after a point that has been compacted away.
 *
 * RAFT-LOG-1: entries are contiguous; the entry before the first is known by index and term (`base`).
 * RAFT-LOG-2: no operation costs more than the entries it is about. The entries lie in blocks, so that
 *     compaction drops blocks and copies none; the bytes up to each entry and the places where the term
 *     changes are kept, so that nothing is ever added up or searched along the log.
 */
import type { EntryImage, LogImage } from './image.ts';
import { invariant } from './invariant.ts';
import type { Entry, LogIndex, Term } from './types.ts';

const entriesPerBlock = 256;

interface Block {
  /** Undefined where an entry was compacted away. */
  readonly entries: (Entry | undefined)[];
  /** Bytes of all entries ever appended, up to and including this one. */
  readonly ends: number[];
}

/** From here on, until the next run, all entries have this term. */
interface TermRun {
  readonly term: Term;
  readonly from: LogIndex;
}

export class Log {
  #baseIndex: LogIndex;
  #baseTerm: Term;
  #baseBytes = 0;
  #lastIndex: LogIndex;
  #blocks: Block[] = [];
  /** Index of the first place of the first block, which may be below `#baseIndex`. */
  #origin: LogIndex;
  /** The first covers the base. */
  #runs: TermRun[];

  constructor(baseIndex: LogIndex, baseTerm: Term, entries: readonly Entry[]) {
    this.#baseIndex = baseIndex;
    this.#baseTerm = baseTerm;
    this.#lastIndex = baseIndex;
    this.#origin = baseIndex + 1;
    this.#runs = [{ term: baseTerm, from: baseIndex }];
    this.append(entries);
  }

  get firstIndex(): LogIndex {
    return this.#baseIndex + 1;
  }

  get lastIndex(): LogIndex {
    return this.#lastIndex;
  }

  get lastTerm(): Term {
    return this.#runs.at(-1)?.term ?? this.#baseTerm;
  }

  /** Undefined where the entry is compacted away or not there yet. */
  termAt(index: LogIndex): Term | undefined {
    if (index === this.#baseIndex) return this.#baseTerm;
    return this.entryAt(index)?.term;
  }

  entryAt(index: LogIndex): Entry | undefined {
    if (index <= this.#baseIndex || index > this.#lastIndex) return undefined;
    const place = index - this.#origin;
    return this.#blocks[Math.floor(place / entriesPerBlock)]?.entries[place % entriesPerBlock];
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      invariant(
        entry.index === this.#lastIndex + 1,
        `RAFT-LOG-1: entry ${String(entry.index)} does not follow ${String(this.#lastIndex)}`,
      );
      const end = this.#endOf(this.#lastIndex) + byteLengthOf(entry);
      if (entry.term !== this.lastTerm) this.#runs.push({ term: entry.term, from: entry.index });
      let block = this.#blocks.at(-1);
      if (block === undefined || block.entries.length === entriesPerBlock) {
        block = { entries: [], ends: [] };
        this.#blocks.push(block);
      }
      block.entries.push(entry);
      block.ends.push(end);
      this.#lastIndex = entry.index;
    }
  }

  truncateFrom(index: LogIndex): void {
    invariant(
      index > this.#baseIndex,
      `RAFT-LOG-1: truncation at ${String(index)} reaches into the compacted part`,
    );
    if (index > this.#lastIndex) return;
    this.#lastIndex = index - 1;
    const places = index - this.#origin;
    this.#blocks.length = Math.ceil(places / entriesPerBlock);
    const last = this.#blocks.at(-1);
    if (last !== undefined) {
      const kept = places - (this.#blocks.length - 1) * entriesPerBlock;
      last.entries.length = kept;
      last.ends.length = kept;
    }
    while (this.#runs.length > 1 && (this.#runs.at(-1)?.from ?? 0) >= index) this.#runs.pop();
  }

  /** Entries from `from` on, until `maxBytes` or `maxCount` is reached; at least one where there is one. */
  slice(from: LogIndex, to: LogIndex, maxBytes: number, maxCount: number = Infinity): Entry[] {
    const entries: Entry[] = [];
    let bytes = 0;
    for (let index = from; index <= to && entries.length < maxCount; index++) {
      const entry = this.entryAt(index);
      if (entry === undefined) break;
      bytes += byteLengthOf(entry);
      if (entries.length > 0 && bytes > maxBytes) break;
      entries.push(entry);
    }
    return entries;
  }

  /** Bytes of the entries from `from` to `to`, as far as the log holds them. */
  bytesBetween(from: LogIndex, to: LogIndex): number {
    const first = Math.max(from, this.firstIndex);
    const last = Math.min(to, this.#lastIndex);
    return last < first ? 0 : this.#endOf(last) - this.#endOf(first - 1);
  }

  /** The first entry of the term that the entry at `index` has, as far as the log holds them. */
  firstOfTermAt(index: LogIndex): LogIndex {
    if (index <= this.#baseIndex) return index;
    return Math.max(this.#runs[this.#runAt(index)]?.from ?? 0, this.firstIndex);
  }

  /** The last entry up to `upTo` whose term is not above `term`; the base where there is none. */
  lastOfTermUpTo(term: Term, upTo: LogIndex): LogIndex {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle]?.term ?? Infinity) <= term) low = middle + 1;
      else high = middle;
    }
    const runAfter = this.#runs[low];
    const last = runAfter === undefined ? this.#lastIndex : runAfter.from - 1;
    return Math.max(this.#baseIndex, Math.min(upTo, last));
  }

  /** RAFT-LOG-2. */
  compact(keepFrom: LogIndex): void {
    if (keepFrom <= this.firstIndex) return;
    const baseIndex = keepFrom - 1;
    const baseTerm = this.termAt(baseIndex);
    invariant(
      baseTerm !== undefined,
      `RAFT-LOG-1: compaction to ${String(keepFrom)} goes past the end`,
    );
    this.#baseBytes = this.#endOf(baseIndex);
    this.#runs = this.#runs.slice(this.#runAt(baseIndex));
    this.#runs[0] = { term: baseTerm, from: baseIndex };
    this.#baseIndex = baseIndex;
    this.#baseTerm = baseTerm;
    const dropped = Math.floor((keepFrom - this.#origin) / entriesPerBlock);
    this.#blocks.splice(0, dropped);
    this.#origin += dropped * entriesPerBlock;
    // What is left of the first block must not hold the memory of its entries.
    this.#blocks[0]?.entries.fill(undefined, 0, keepFrom - this.#origin);
  }

  /** The whole log is replaced by a snapshot. */
  reset(index: LogIndex, term: Term): void {
    this.#baseIndex = index;
    this.#baseTerm = term;
    this.#baseBytes = 0;
    this.#lastIndex = index;
    this.#blocks = [];
    this.#origin = index + 1;
    this.#runs = [{ term, from: index }];
  }

  image(): LogImage {
    const entries = this.slice(this.firstIndex, this.#lastIndex, Infinity);
    return [this.#baseIndex, this.#baseTerm, entries.map(imageOfEntry)];
  }

  #endOf(index: LogIndex): number {
    if (index === this.#baseIndex) return this.#baseBytes;
    const place = index - this.#origin;
    const end = this.#blocks[Math.floor(place / entriesPerBlock)]?.ends[place % entriesPerBlock];
    invariant(end !== undefined, `RAFT-LOG-1: entry ${String(index)} is not in the log`);
    return end;
  }

  /** Position of the run that `index` lies in. */
  #runAt(index: LogIndex): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#runs[middle]?.from ?? Infinity) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** What is reckoned for an entry's index, term, kind and length, wherever bytes of entries are counted. */
export const entryOverheadBytes: number = 32;

export const imageOfEntry = ({ index, term, kind, data }: Entry): EntryImage => [
  index,
  term,
  kind,
  data.join(),
];

function byteLengthOf(entry: Entry): number {
  return entry.data.byteLength + entryOverheadBytes;
}
