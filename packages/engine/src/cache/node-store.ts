/** The lines of a node, so many and of so many bytes at most, and how many of them are in which state. */
import { LRUCache } from 'lru-cache';
import type { Line, LineState, LineStore } from '@holdfast/protocol/cache';
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

/** How many lines are in each state. */
export type LineCounts = Readonly<Record<LineState, number>>;

export interface NodeStore extends LineStore<Found> {
  /** The latest read first. */
  entries(): Iterable<readonly [key: string, line: Line<Found>]>;
  /** Counted as lines come and go: to look at all of them takes too long for one turn. */
  readonly counts: LineCounts;
}

export const noLines: LineCounts = { modified: 0, exclusive: 0, shared: 0, invalid: 0 };

export function nodeStore({ maxLines, maxBytes }: StoreBounds = defaultBounds): NodeStore {
  const counts = { ...noLines };
  // Not told how many there may be, it takes no memory for those that there are not.
  const lines = new LRUCache<string, Line<Found>>({
    maxSize: maxBytes,
    sizeCalculation: ({ value: { view } }, key) =>
      lineBytes + 2 * key.length + 2 * (view === undefined ? 0 : view.value.length),
    dispose: ({ state }) => {
      counts[state] -= 1;
    },
  });
  return {
    get: (key) => lines.get(key),
    peek: (key) => lines.peek(key),
    set: (key, line) => {
      lines.set(key, line);
      if (lines.peek(key) !== line) return; // One that is larger than all of the memory is not kept.
      counts[line.state] += 1;
      if (lines.size > maxLines) lines.pop();
    },
    delete: (key) => lines.delete(key),
    share: (key) => {
      const line = lines.peek(key);
      if (line === undefined) return;
      counts[line.state] -= 1;
      counts.shared += 1;
      line.state = 'shared';
    },
    clear: () => lines.clear(),
    entries: () => lines.entries(),
    get size() {
      return lines.size;
    },
    get calculatedSize() {
      return lines.calculatedSize;
    },
    get counts() {
      return { ...counts };
    },
  };
}
