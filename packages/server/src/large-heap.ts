/**
 * What a node does once its heap is large, and not before.
 *
 * LARGE-HEAP-1: it is done once, after a full collection after which more than a bound still lives, heap and buffers together. Where little lives V8
 *     needs none of it, and is slower by it.
 * LARGE-HEAP-2: after a collection, and not at any time: V8 computes from what lives then at how much it collects again. Where that becomes
 *     much less later, it is exceeded by so much that V8 marks the whole heap in one pause.
 */
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

const largeBytes = 80 * 1024 * 1024;

function bytesInUse(): number {
  const { used_heap_size: heap, external_memory: buffers } = getHeapStatistics();
  return heap + buffers;
}

/** What tells of full collections; another one in tests. */
export type CollectionObserver = (onCollection: () => void) => { disconnect(): void };

const observeCollections: CollectionObserver = (onCollection) => {
  const observer = new PerformanceObserver((list) => {
    if (list.getEntries().some(isFull)) onCollection();
  });
  observer.observe({ entryTypes: ['gc'] });
  return observer;
};

const isFull = (entry: object): boolean =>
  'detail' in entry &&
  typeof entry.detail === 'object' &&
  entry.detail !== null &&
  'kind' in entry.detail &&
  entry.detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;

/**
 * Acts once, after a full collection of a large heap (LARGE-HEAP-1, LARGE-HEAP-2).
 *
 * @param usedBytes Of heap and buffers.
 */
export function onceHeapIsLarge(
  act: () => void,
  usedBytes: () => number = bytesInUse,
  observe: CollectionObserver = observeCollections,
): void {
  const observer = observe(() => {
    if (usedBytes() < largeBytes) return;
    observer.disconnect();
    act();
  });
}
