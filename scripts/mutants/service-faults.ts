/** Faults of what a node tells over HTTP and gRPC: events, latches, backups. */
import type { Fault } from './fault.ts';

export const serviceFaults: readonly Fault[] = [
  {
    name: 'collections-begun-by-dead-buffers',
    breaks: 'a node with a large heap receives entries in turns of 300 to 800 ms',
    file: 'packages/server/src/collector-limits.ts',
    find: `  if (isBefore(v8Version, countsBuffersFrom)) set(`,
    put: `  if (v8Version === '') set(`,
    test: 'packages/server/test/unit/collector-limits.test.ts',
    hiddenFromRuns: 'runs have no process of a node',
  },
  {
    name: 'collections-of-a-process-not-limited',
    breaks: 'a node with a large heap receives entries in turns of 300 to 800 ms',
    file: 'packages/server/src/process.ts',
    find: `  countBuffers();
`,
    put: ``,
    test: 'packages/server/test/unit/collector-limits.test.ts',
    hiddenFromRuns: 'runs have no process of a node',
  },
  {
    name: 'small-heap-limited-as-a-large-one',
    breaks: 'LARGE-HEAP-1: one in a hundred acquires takes a third longer, and nothing is gained',
    file: 'packages/server/src/large-heap.ts',
    find: `    if (usedBytes() < largeBytes) return;
`,
    put: ``,
    test: 'packages/server/test/unit/large-heap.test.ts',
    hiddenFromRuns: 'runs have no process of a node',
  },
  {
    name: 'heap-many-times-as-large-as-what-lives',
    breaks: 'a node with a deep queue has some hundred MiB that nobody uses any more',
    file: 'packages/server/src/collector-limits.ts',
    find: `const growingPercent = 100;`,
    put: `const growingPercent = 0;`,
    test: 'packages/server/test/unit/collector-limits.test.ts',
    hiddenFromRuns: 'runs have no process of a node',
  },
  {
    name: 'main-thread-lowered-with-its-helpers',
    breaks: 'the thread that answers has the lowest priority of all, as soon as the heap is large',
    file: 'packages/server/src/helper-threads.ts',
    find: `if (system.nameOf(thread) !== helperName) return;`,
    put: `if (system.nameOf(thread) === '') return;`,
    test: 'packages/server/test/unit/helper-threads.test.ts',
    hiddenFromRuns: 'runs are of one thread',
  },
  {
    name: 'node-ended-by-a-priority-it-may-not-set',
    breaks:
      'in a sandbox that forbids to change priorities a node ends as soon as its heap is large',
    file: 'packages/server/src/helper-threads.ts',
    find: `  } catch {
    // As it was.`,
    put: `  } catch (error) {
    if (error instanceof Error) throw error;
    // As it was.`,
    test: 'packages/server/test/unit/helper-threads.test.ts',
    hiddenFromRuns: 'runs are of one thread',
  },
  {
    name: 'streams-counted-until-their-sockets-close',
    breaks:
      'one caller has all streams of a node, by frames that wait on streams that it has closed',
    file: 'packages/api/src/stream/server.ts',
    find: `      socket.off('close', giveBack);`,
    put: ``,
    test: 'packages/api/test/unit/stream-shares.test.ts',
    hiddenFromRuns: 'runs have no interface in front of the engine',
  },
  {
    name: 'probe-by-head-has-no-room',
    breaks: 'a load balancer that probes by HEAD takes a busy node out',
    file: 'packages/api/src/http/routes.ts',
    find: `method === 'HEAD' ? 'GET' : method`,
    put: `method`,
    test: 'packages/api/test/unit/turns/own-room.test.ts',
    hiddenFromRuns: 'runs have no interface in front of the engine',
  },
  {
    name: 'pipelined-without-a-bound',
    breaks: 'who sends a quarter of a megabyte of short requests at once deposes a leader',
    file: 'packages/api/src/http/pipelined.ts',
    find: `if (count > mostInFlight) socket.destroy();`,
    put: `if (count < 0) socket.destroy();`,
    test: 'packages/api/test/unit/pipelined.test.ts',
    hiddenFromRuns: 'runs have no interface in front of the engine',
  },
  {
    name: 'latch-open-at-one',
    breaks: 'those who wait for a latch go on when one count is left',
    file: 'packages/api/src/operations/latches.ts',
    find: `open: count === 0,`,
    put: `open: count <= 1,`,
  },
  {
    name: 'watch-loses-the-rest-of-an-entry',
    breaks: 'what else happened in the same entry is not told to one who resumes',
    file: 'packages/api/src/watch/feed.ts',
    find: `if (entry.revision === after.revision && numberOf(event) <= after.number) continue;`,
    put: `if (entry.revision === after.revision && after.number > 0) continue;`,
  },
  {
    name: 'called-after-unsubscribing',
    breaks: 'who no longer waits for an event is called about it, in the middle of something else',
    file: 'packages/api/src/watch/feed.ts',
    find: `if (listeners.has(listener)) yield`,
    put: `if (listeners.size > 0) yield`,
  },
  {
    name: 'backup-keeps-its-place',
    breaks: 'a backup whose reader has hung up counts for ever',
    file: 'packages/api/src/http/backups.ts',
    find: `this.#open -= 1; // HTTP-BACKUP-2
      giveBack();
      cancel();`,
    put: `giveBack();
      cancel();`,
  },
  {
    name: 'backup-keeps-its-file',
    breaks: 'a backup whose reader has hung up keeps its descriptor and its file',
    file: 'packages/api/src/http/backups.ts',
    find: `      cancelDeadline();
      backup.close();`,
    put: `      cancelDeadline();`,
  },
  {
    name: 'turn-lost-as-a-second-ends',
    breaks: 'a node that is blocked for seconds tells that no turn of its event loop was long',
    file: 'packages/api/src/metrics/longest-turn.ts',
    find: `oldest.reset(); // LONGEST-TURN-2`,
    put: `for (const one of monitors) one.reset();`,
    test: 'packages/api/test/unit/metrics/longest-turn.test.ts',
  },
];
