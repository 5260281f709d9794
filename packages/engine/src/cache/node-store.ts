/** The lines of a node, so many and of so many bytes at most, and how many of them are in which state. */
import { LRUCache } from 'lru-cache';
import type { Line, LineState, LineStore } from '@holdfast/protocol/cache';
import type { CacheView } from '@holdfast/state';
import { NameIndex } from '@holdfast/state/collections';

export interface NodeStoreBounds {
  readonly maxLines: number;
  readonly maxBytes: number;
}
const defaultBounds: NodeStoreBounds = { maxLines: 50_000, maxBytes: 64 * 1024 * 1024 };
/** What a line takes beside its texts. */
const lineBytes = 200;

/** What a line has of its key. */
export interface CachedKey {
  /** Undefined: the key has no value. */
  readonly view: CacheView | undefined;
  readonly revision: number;
}

/** How many lines are in each state. */
export type LineCounts = Readonly<Record<LineState, number>>;

export interface NodeStore extends LineStore<CachedKey> {
  /** In the order of keys, from this one on. No line may come or go meanwhile. */
  from(first: string): Iterable<readonly [key: string, line: Line<CachedKey>]>;
  /** Counted as lines come and go: to look at all of them takes too long for one turn. */
  readonly counts: LineCounts;
}

export const noLines: LineCounts = { modified: 0, exclusive: 0, shared: 0, invalid: 0 };

export function nodeStore({ maxLines, maxBytes }: NodeStoreBounds = defaultBounds): NodeStore {
  const counts = { ...noLines };
  let keys = new NameIndex<string>();
  let isClearing = false;
  // Not told how many there may be, it takes no memory for those that there are not.
  const lines = new LRUCache<string, Line<CachedKey>>({
    maxSize: maxBytes,
    sizeCalculation: ({ value: { view } }, key) =>
      lineBytes + 2 * key.length + 2 * (view === undefined ? 0 : view.value.length),
    dispose: ({ state }, key) => {
      counts[state] -= 1;
      if (!isClearing) keys.remove(key);
    },
  });
  return {
    get: (key) => lines.get(key),
    peek: (key) => lines.peek(key),
    set: (key, line) => {
      lines.set(key, line);
      if (lines.peek(key) !== line) return; // One that is larger than all of the memory is not kept.
      counts[line.state] += 1;
      keys.add(key);
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
    clear: () => {
      isClearing = true; // To take the keys from their index one by one takes too long for one turn.
      lines.clear();
      isClearing = false;
      keys = new NameIndex();
    },
    *from(first) {
      for (const key of keys.from(first)) {
        const line = lines.peek(key);
        if (line !== undefined) yield [key, line];
      }
    },
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
