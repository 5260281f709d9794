/**
 * When V8 collects the heap of a node, and how much of that stands in one turn of the event loop.
 *
 * COLLECTOR-1: the memory of buffers counts towards the limit of the heap, as in V8 from 14.8 on. Before, every 64 MiB that were allocated in buffers
 *     begin a collection, and until it has ended each further buffer takes a step of marking of 5 to 10 ms on the main thread: a node with a
 *     heap of 500 MB had turns of 300 to 800 ms in which it received entries of some hundred bytes.
 * COLLECTOR-2: once the heap is large (large-heap.ts) a collection begins when heap and buffers are twice as much as what lived after the one before. V8's
 *     own factor is up to four, and with COLLECTOR-1 that is buffers of some hundred MiB that nobody uses any more. A small heap is left to V8: it would be
 *     collected often.
 * COLLECTOR-3: the options are those of the process, so only a node that has its own process sets them. V8 reads both whenever it decides, so they
 *     count from then on. What a V8 does by itself is not asked of it: that one does not know the option any more.
 */
import { setFlagsFromString } from 'node:v8';

/** COLLECTOR-2, in per cent of what lives. */
const growingPercent = 100;
/** From it on V8 has no such option: what COLLECTOR-1 asks for is how it works. */
const countsBuffersFrom = { major: 14, minor: 8 };

/** COLLECTOR-1. To be called as soon as the process starts. */
export function countBuffers(
  v8Version: string = process.versions.v8,
  set: (option: string) => void = setFlagsFromString,
): void {
  if (isBefore(v8Version, countsBuffersFrom)) set('--external-memory-accounted-in-global-limit'); // COLLECTOR-3
}

/** COLLECTOR-2 */
export function limitGrowth(set: (option: string) => void = setFlagsFromString): void {
  set(`--heap-growing-percent=${String(growingPercent)}`);
}

function isBefore(version: string, bound: { readonly major: number; readonly minor: number }) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < bound.major || (major === bound.major && minor < bound.minor);
}
