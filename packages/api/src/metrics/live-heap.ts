/**
 * The memory of the heap that is still used when a full garbage collection has ended. Between two of them the heap fills with what nobody
 * needs any more, so what is used at any other moment says little about whether a process keeps more and more.
 */
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** Of this process, for as long as it runs. */
export function addLiveHeap(registry: Registry): void {
  const gauge = new Gauge({
    name: 'holdfast_nodejs_heap_live_bytes',
    help: 'Bytes of the heap in use after the last full garbage collection; 0 before the first one.',
    registers: [registry],
  });
  const observer = new PerformanceObserver((list) => {
    if (list.getEntries().some((entry) => isFull(entry))) gauge.set(process.memoryUsage().heapUsed);
  });
  observer.observe({ entryTypes: ['gc'] });
}

function isFull(entry: object): boolean {
  const detail: unknown = 'detail' in entry ? entry.detail : undefined;
  return (
    typeof detail === 'object' &&
    detail !== null &&
    'kind' in detail &&
    detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR
  );
}
