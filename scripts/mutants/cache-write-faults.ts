/** Faults in the writes of the cache on their way into the log, in what they wait for, and in loads of values. */
import type { Fault } from './fault.ts';

const writes = 'packages/engine/src/cache/writes.ts';
const leading = 'packages/engine/src/cache/leading.ts';
const filling = 'packages/client/src/cache-filling.ts';
const fillingTest = 'packages/client/test/unit/cache-filling.test.ts';
const writesTest = 'packages/engine/test/unit/cache-writes.test.ts';
const gateTest = 'packages/engine/test/unit/cache-gate.test.ts';

export const cacheWriteFaults: readonly Fault[] = [
  {
    name: 'cache-writes-begun-within-each-other',
    breaks:
      'a leader whose queue of commands is full ends with its stack used up, once a thousand writes of one key wait',
    file: writes,
    find: `    this.#going.add([
      () => {
        if (this.#byKey === byKey) this.#next(key, ofKey); // WRITE-2
      },
    ]);`,
    put: `    if (this.#byKey === byKey) this.#next(key, ofKey);`,
    hiddenFromRuns: 'no run fills the queue of commands',
    test: writesTest,
  },
  {
    name: 'cache-write-begun-after-its-leadership',
    breaks: 'a write whose caller was told that it was not begun goes into the log',
    file: writes,
    find: `      if (this.#byKey !== byKey) return; // WRITE-2
`,
    put: ``,
    test: writesTest,
  },
  {
    name: 'cache-writes-at-the-gate-uncounted',
    breaks:
      'first writes of any number of keys wait in the memory of a leader for lines to be dropped',
    file: writes,
    find: `    else if (ofKey.atGate === write) this.#wait(ofKey, write);`,
    put: ``,
    hiddenFromRuns: 'no run has so many writes wait',
    test: writesTest,
  },
  {
    name: 'cache-writes-of-one-key-take-all-room',
    breaks: 'writes of one key have those of all others refused',
    file: writes,
    find: `    if (waiting.length < most.countOfKey && byteLength + ownBytes <= most.bytesOfKey)
      return undefined;`,
    put: `    if (waiting.length < most.count && byteLength + ownBytes <= most.bytes) return undefined;`,
    hiddenFromRuns: 'no run has so many writes wait',
    test: writesTest,
  },
  {
    name: 'cache-write-executed-after-its-time',
    breaks: 'a write of the cache is executed long after its caller has gone',
    file: writes,
    find: `    if (this.#clock.now() < deadlineMs) return false;`,
    put: `    if (this.#clock.now() < deadlineMs * 1000) return false;`,
    hiddenFromRuns: 'callers are told that the outcome is unknown by then',
    test: writesTest,
  },
  {
    name: 'cache-writes-let-go-in-one-turn',
    breaks: 'all writes that waited for earlier leaders go into the log in one turn',
    file: leading,
    find: `    this.#looking.add(looks([...led.atGate.keys()], (key) => this.#lookAgain(led, key)));`,
    put: `    for (const key of [...led.atGate.keys()]) this.#lookAgain(led, key);`,
    hiddenFromRuns: 'nothing is wrong but the length of a turn',
    test: gateTest,
  },
  {
    name: 'acknowledgement-of-another-memory-counts',
    breaks:
      'a client answers an old value after a write was acknowledged: its node took what it said to another node for the drop of other keys',
    file: 'packages/engine/src/cache/client-memories.ts',
    find: `told?.memoryId !== memoryId) return; // MEMORY-8`,
    put: `told === undefined) return;`,
    test: 'packages/engine/test/unit/client-memories.test.ts',
  },
  {
    name: 'turn-awaited-without-time-of-its-own',
    breaks: 'a follower tells a loader that waits for its turn that the outcome is unknown',
    file: 'packages/engine/src/leader-calls.ts',
    find: ` + asked.waitMs; // LEADER-CALL-1`,
    put: `;`,
    hiddenFromRuns: 'clients read the key again',
    test: 'packages/engine/test/unit/leader-calls.test.ts',
  },
  {
    name: 'failed-load-repeated-by-each-that-waited',
    breaks: 'hundreds of reads load a value that cannot be loaded one after the other',
    file: filling,
    find: `} else await unlessAborted(other, end); // CLIENT-FILL-3`,
    put: `} else await unlessAborted(other.catch(() => undefined), end);`,
    hiddenFromRuns: 'nothing is wrong but how long reads take',
    test: fillingTest,
  },
  {
    name: 'read-with-a-loader-without-end',
    breaks: 'a read with a loader goes on for as long as its key is written again and again',
    file: filling,
    find: `    const mostMs = this.#timeoutMs + fillTimeoutMs;`,
    put: `    const mostMs = 100 * (this.#timeoutMs + fillTimeoutMs);`,
    hiddenFromRuns: 'nothing is wrong but how long reads take',
    test: fillingTest,
  },
  {
    name: 'turn-over-before-more-is-asked-for',
    breaks: 'a second loader begins while the first one works under a turn that it was given late',
    file: filling,
    find: `const standsMs = turnMs - extendEveryMs - onItsWayMs;`,
    put: `const standsMs = turnMs - onItsWayMs + 0 * extendEveryMs;`,
    test: fillingTest,
  },
  {
    name: 'lease-that-is-no-number',
    breaks:
      'a client answers old values for ever once its node has told it a lease that is no number',
    file: 'packages/protocol/src/cache/lines.ts',
    find: `    if (!areNumbers(answer)) return 'invalid'; // LINE-9`,
    put: `    if (!areNumbers({ term: 1, grant: 'over' })) return 'invalid';`,
    hiddenFromRuns: 'nodes tell numbers',
    test: 'packages/protocol/test/unit/lines.test.ts',
  },
  {
    name: 'lease-of-a-node-unread',
    breaks: 'a client keeps what it is answered though it cannot read for how long',
    file: 'packages/client/src/messages.ts',
    find: `  if (typeof seq !== 'number' || typeof leaseMs !== 'number') return undefined;`,
    put: `  if (typeof seq !== 'number' || (typeof leaseMs !== 'number' && typeof leaseMs !== 'string'))
    return undefined;`,
    hiddenFromRuns: 'nodes tell numbers',
    test: 'packages/client/test/unit/messages.test.ts',
  },
  {
    name: 'deadline-of-a-command-not-told',
    breaks:
      'writes of the cache that wait for each other are executed long after their callers have gone',
    file: 'packages/engine/src/submissions.ts',
    find: `      trace,
      deadlineMs,
    );`,
    put: `      trace,
    );`,
    hiddenFromRuns: 'callers are told that the outcome is unknown by then',
    test: 'packages/engine/test/unit/submissions.test.ts',
  },
  {
    name: 'write-before-a-dead-node-ends',
    breaks:
      'a write of the cache does not wait for a node that does not answer, and may answer what it had',
    file: 'packages/engine/src/cache/directory.ts',
    find: `    if (nowMs < sharer.expiresMs) return false;
    for (const owed`,
    put: `    if (nowMs < sharer.expiresMs - 2000) return false;
    for (const owed`,
    test: 'packages/engine/test/integration/cache.test.ts',
  },
  {
    name: 'write-delay-not-counted',
    breaks: 'the metrics of the leader do not tell that a dead node holds writes of the cache up',
    file: 'packages/engine/src/cache/leading.ts',
    find: `    this.#delayMs += waitedMs;
`,
    put: ``,
    test: 'packages/workload/test/integration/cache-kill.test.ts',
  },
];
