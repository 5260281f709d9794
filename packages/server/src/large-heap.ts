/**
 * What a node does once its heap has grown, and not before.
 *
 * LARGE-HEAP-1: it is done once, when heap and buffers together, with what is not collected yet, have reached a bound. Where the heap is small V8 needs
 *     none of it, and is slower by it.
 */
import { getHeapStatistics } from 'node:v8';

const lookEveryMs = 1000;

function bytesInUse(): number {
  const { used_heap_size: heap, external_memory: buffers } = getHeapStatistics();
  return heap + buffers;
}

/** Looks now and then, for as long as the process lives or until it is done (LARGE-HEAP-1). */
export function whenHeapReaches(
  bytes: number,
  act: () => void,
  usedBytes: () => number = bytesInUse,
): void {
  const timer = setInterval(() => {
    if (usedBytes() < bytes) return;
    clearInterval(timer);
    act();
  }, lookEveryMs);
  timer.unref();
}
