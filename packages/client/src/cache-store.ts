/**
 * The lines of a client, so many and of so many bytes at most: those that were read longest ago go first.
 *
 * A list that runs through the entries, for a Map that is to remember the order would have to be written at each read.
 */
import type { Line, LineStore } from '@holdfast/protocol/cache';

/** What a line takes beside its key and value. */
const lineBytes = 300;

interface Entry<V> {
  readonly key: string;
  line: Line<V>;
  bytes: number;
  /** Read before it, and after it. */
  older: Entry<V> | undefined;
  newer: Entry<V> | undefined;
}

export interface StoreBounds {
  readonly maxKeys: number;
  readonly maxBytes: number;
}

export class CacheStore<V> implements LineStore<V> {
  readonly #bounds: StoreBounds;
  readonly #bytesOf: (value: V) => number;
  readonly #entries = new Map<string, Entry<V>>();
  #oldest: Entry<V> | undefined;
  #newest: Entry<V> | undefined;
  #bytes = 0;

  constructor(bounds: StoreBounds, bytesOf: (value: V) => number) {
    this.#bounds = bounds;
    this.#bytesOf = bytesOf;
  }

  get size(): number {
    return this.#entries.size;
  }

  get calculatedSize(): number {
    return this.#bytes;
  }

  get(key: string): Line<V> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry !== this.#newest) {
      this.#unlink(entry);
      this.#link(entry);
    }
    return entry.line;
  }

  peek(key: string): Line<V> | undefined {
    return this.#entries.get(key)?.line;
  }

  set(key: string, line: Line<V>): void {
    this.delete(key);
    const bytes = lineBytes + 2 * key.length + this.#bytesOf(line.value);
    if (bytes > this.#bounds.maxBytes || this.#bounds.maxKeys < 1) return;
    const entry: Entry<V> = { key, line, bytes, older: undefined, newer: undefined };
    this.#entries.set(key, entry);
    this.#bytes += bytes;
    this.#link(entry);
    while (this.#oldest !== undefined && this.#isTooMuch()) this.delete(this.#oldest.key);
  }

  #isTooMuch(): boolean {
    return this.#entries.size > this.#bounds.maxKeys || this.#bytes > this.#bounds.maxBytes;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
    this.#unlink(entry);
  }

  share(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.line.state = 'shared';
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
    this.#oldest = undefined;
    this.#newest = undefined;
  }

  #link(entry: Entry<V>): void {
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry<V>): void {
    const { older, newer } = entry;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    entry.older = undefined;
    entry.newer = undefined;
  }
}
