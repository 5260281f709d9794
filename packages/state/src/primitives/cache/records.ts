/** One key with its value, and what all of them take. */
import { utf8Length } from '../../kernel/utf8-length.ts';
import { recordBytes } from '../../kernel/weights.ts';
import type { LogIndex, ResourceName } from '../../kernel/names.ts';

/** Behind all that sessions, locks and messages have at the same time. */
const cacheRank = 10;

/** What the cache takes, and what was taken out of it by the present entry. */
export class CacheTotals {
  bytes = 0;
  #index: LogIndex = -1;
  #deleted = new Set<ResourceName>();

  deletedIn(index: LogIndex, name: ResourceName): void {
    if (this.#index !== index) this.#deleted = new Set();
    this.#index = index;
    this.#deleted.add(name);
  }

  wasDeletedIn(index: LogIndex, name: ResourceName): boolean {
    return this.#index === index && this.#deleted.has(name);
  }
}

export class CacheEntry {
  readonly kind = 'cache';
  readonly name: ResourceName;
  /** JSON. */
  value: string;
  version: LogIndex;
  /** What it counts for. */
  byteLength: number;
  /** Of what is due: the end of its time; 0 where it has none. */
  dueMs = 0;
  readonly rank: number = cacheRank;
  sequence = 0;
  heapIndex = -1;
  savedIn: number;

  constructor(name: ResourceName, value: string, version: LogIndex, savedIn: number) {
    this.name = name;
    this.value = value;
    this.version = version;
    this.byteLength = bytesOf(name, value);
    this.savedIn = savedIn;
  }
}

/** What a key counts for. */
export const bytesOf = (name: ResourceName, value: string): number =>
  recordBytes + utf8Length(name) + utf8Length(value);
