/** The lines of a node, so many and of so many bytes at most. */
import { LRUCache } from 'lru-cache';
import type { Line, LineStore } from '@holdfast/protocol/cache';
import type { CacheView } from '@holdfast/state';

export interface StoreBounds {
  readonly maxLines: number;
  readonly maxBytes: number;
}
const defaultBounds: StoreBounds = { maxLines: 50_000, maxBytes: 64 * 1024 * 1024 };
/** What a line takes beside its texts. */
const lineBytes = 200;

/** What a line has of its key. */
export interface Found {
  /** Undefined: the key has no value. */
  readonly view: CacheView | undefined;
  readonly revision: number;
}

export interface NodeStore extends LineStore<Found> {
  /** The latest read first. */
  entries(): Iterable<readonly [key: string, line: Line<Found>]>;
}

export function nodeStore({ maxLines, maxBytes }: StoreBounds = defaultBounds): NodeStore {
  // Not told how many there may be, it takes no memory for those that there are not.
  const lines = new LRUCache<string, Line<Found>>({
    maxSize: maxBytes,
    sizeCalculation: ({ value: { view } }, key) =>
      lineBytes + 2 * key.length + 2 * (view === undefined ? 0 : view.value.length),
  });
  return {
    get: (key) => lines.get(key),
    peek: (key) => lines.peek(key),
    set: (key, line) => {
      lines.set(key, line);
      if (lines.size > maxLines) lines.pop();
    },
    delete: (key) => lines.delete(key),
    clear: () => lines.clear(),
    entries: () => lines.entries(),
    get size() {
      return lines.size;
    },
    get calculatedSize() {
      return lines.calculatedSize;
    },
  };
}
