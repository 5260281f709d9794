/**
 * Gives the main thread of a node a processor before the threads that help it.
 *
 * HELPERS-1: the threads with which V8 marks, sweeps and compiles in the background have a lower priority than the main thread, once the heap
 *     is large. There are four of them, and while they mark a large heap each gets as much of the processors as the thread that answers, where
 *     those are few: a turn with 60 ms of work then lasts for 400 ms. At a nice value of 5 more they have a third of its share. At 10 and more
 *     V8's pauses, in which the main thread waits for what they have begun, become longer (measured: docs/performance.md).
 * HELPERS-2: nothing but the threads of this process is changed, and a node starts as well where they cannot be: on systems other than Linux, which
 *     know no priority of a single thread, and where a sandbox forbids it.
 * HELPERS-3: not before (large-heap.ts): a small heap is marked in a few ms, and a node is slow until they have compiled what it runs often.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/** As V8's platform in Node calls them. */
const helperName = 'V8Worker';
const lowerBy = 5;

/** What is asked of the system; another one in tests. */
export interface ThreadPriorities {
  readonly platform: NodeJS.Platform;
  /** Its id is that of the process. */
  readonly mainThread: number;
  /** Ids of the threads of this process. */
  threads(): readonly string[];
  nameOf(thread: string): string;
  /** Of this process. */
  get(): number;
  set(thread: number, priority: number): void;
}

const ofThisProcess: ThreadPriorities = {
  platform: process.platform,
  mainThread: process.pid,
  threads: () => readdirSync('/proc/self/task'),
  nameOf: (thread) => readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim(),
  get: () => getPriority(),
  set: setPriority,
};

/** @returns How many threads have a lower priority now (HELPERS-1, HELPERS-2). */
export function lowerHelperThreads(system: ThreadPriorities = ofThisProcess): number {
  if (system.platform !== 'linux') return 0;
  let lowered = 0;
  const lower = (thread: string, priority: number): void => {
    if (system.nameOf(thread) !== helperName) return;
    system.set(Number(thread), priority);
    lowered += 1;
  };
  unlessRefused(() => {
    const priority = Math.min(system.get() + lowerBy, constants.priority.PRIORITY_LOW);
    const threads = system.threads();
    // Where `/proc` is that of another namespace, its ids are those of other threads.
    if (!threads.includes(String(system.mainThread))) return;
    for (const thread of threads) unlessRefused(() => lower(thread, priority));
  });
  return lowered;
}

/** HELPERS-2: without `/proc`, or forbidden, it is slower under load, and no less safe; and a thread may have ended. */
function unlessRefused(act: () => void): void {
  try {
    act();
  } catch {
    // As it was.
  }
}
