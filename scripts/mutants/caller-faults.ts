/** Faults of what programs are told, and of what they hand their client. Found by the tests of the client. */
import type { Fault } from './fault.ts';

export const callerFaults: readonly Fault[] = [
  {
    name: 'lost-hold-told-as-work-that-went-well',
    breaks:
      'work under a lock is told to have succeeded though the cluster found at the release that the lock was not held',
    file: 'packages/client/src/with-lock.ts',
    find: `  await hold.release();
  assertNotLost(hold);`,
    put: `  await hold.release();`,
    test: 'packages/client/test/unit/with-lock.test.ts',
    hiddenFromRuns: 'no run has work under a lock that ends with it',
  },
  {
    name: 'loops-outlive-their-client',
    breaks: 'a loop over messages, and a watch, go on for ever after their client is closed',
    file: 'packages/client/src/until-answered.ts',
    find: `  errorDefinitions[error.code].retry !== 'never' &&
  !isClosed(error);`,
    put: `  errorDefinitions[error.code].retry !== 'never';`,
    test: 'packages/client/test/unit/queue-ends.test.ts',
    hiddenFromRuns: 'runs have no program that uses a closed client',
  },
  {
    name: 'callback-of-the-program-fails-the-client',
    breaks:
      'a warning or a span of the program that fails leaves a grant that no caller has, or a call without an end',
    file: 'packages/client/src/callbacks.ts',
    find: `      this.#failedWith(name, error);
      return undefined;`,
    put: `      this.#failedWith(name, error);
      throw error;`,
    test: 'packages/client/test/unit/callbacks.test.ts',
    hiddenFromRuns: 'callbacks of runs do not fail',
  },
  {
    name: 'late-messages-kept-until-their-visibility-ends',
    breaks: 'messages that a cancelled pop took are given to nobody until their visibility ends',
    file: 'packages/client/src/answers.ts',
    find: `typeof receipt === 'string' ? [{ queue, receipt }] : [];`,
    put: `typeof receipt === 'number' ? [{ queue, receipt }] : [];`,
    test: 'packages/client/test/unit/queue-ends.test.ts',
    hiddenFromRuns: 'runs have no messages',
  },
  {
    name: 'failed-delivery-comes-again-at-once',
    breaks: 'a loop that fails and begins anew uses up all deliveries of a message within moments',
    file: 'packages/client/src/queue.ts',
    find: `isGiven && hasFailed ? {} : { delayMs: 0 }`,
    put: `isGiven && hasFailed ? { delayMs: 0 } : { delayMs: 0 }`,
    test: 'packages/client/test/unit/queue-ends.test.ts',
    hiddenFromRuns: 'runs have no messages',
  },
  {
    name: 'release-without-a-turn-is-forgotten',
    breaks:
      'a release that waited for its turn in vain is never asked for again: the lock stands as long as its session',
    file: 'packages/client/src/giving-back.ts',
    find: `if (number === undefined) this.#goOn();`,
    put: `if (number === undefined) return;`,
    test: 'packages/client/test/unit/turns.test.ts',
    hiddenFromRuns: 'no run has so many requests under way',
  },
  {
    name: 'hold-without-a-token-is-believed',
    breaks: 'an answer without a fencing token becomes a hold that guards nothing',
    file: 'packages/client/src/answers.ts',
    find: `const isGrant = ({ fence_token: token }: Fields): boolean => isNumber(token);`,
    put: `const isGrant = ({ fence_token: token }: Fields): boolean => token !== 'none';`,
    test: 'packages/client/test/unit/answers.test.ts',
    hiddenFromRuns: 'nodes of runs answer what they should',
  },
  {
    name: 'believed-beyond-its-longest-time',
    breaks: 'a program believes in a hold that the cluster has ended for its max-hold time',
    file: 'packages/client/src/held.ts',
    find: `this.#latestEnd.leftMs > 0; // MAX-HOLD-1`,
    put: `this.#latestEnd.leftMs > -1e12; // MAX-HOLD-1`,
    test: 'packages/client/test/unit/max-hold.test.ts',
  },
  {
    name: 'unsent-text-kept-for-a-node-that-is-paused',
    breaks: 'what is sent to the only node, which takes nothing in, fills the memory of the client',
    file: 'packages/client/src/reach.ts',
    find: `> mostUnwaitedBytes)`,
    put: `> 1e12)`,
    test: 'packages/client/test/unit/local-ends.test.ts',
    hiddenFromRuns: 'sockets of runs take in everything',
  },
  {
    name: 'end-of-a-session-cut-off-by-close',
    breaks:
      'the end of a session that is not awaited is cut off when the client is closed: what it holds stands until its timeout',
    file: 'packages/client/src/client.ts',
    find: `if (session.state !== 'ended') forget();`,
    put: `if (session.state !== 'active') forget();`,
    test: 'packages/client/test/unit/local-ends.test.ts',
    hiddenFromRuns: 'runs wait for the ends of their sessions',
  },
  {
    name: 'watch-over-for-what-passes',
    breaks: 'a watch ends because a node was busy, or shutting down',
    file: 'packages/client/src/watch.ts',
    find: `if (!mayPass(error)) throw error;`,
    put: `if (!(error instanceof HoldfastError && error.code === 'deadline_exceeded')) throw error;`,
    test: 'packages/client/test/unit/watch.test.ts',
    hiddenFromRuns: 'runs have no watches of clients',
  },
  {
    name: 'keepalive-due-from-the-answer',
    breaks: 'a session whose answers are slow has its keepalives later than a third of its timeout',
    file: 'packages/client/src/session-lease.ts',
    find: `return Math.max(0, this.#parts.timeoutMs / 3 - passedMs(this.#clock, this.#provenAt));`,
    put: `return this.#parts.timeoutMs / 3;`,
    test: 'packages/client/test/unit/keepalives.test.ts',
    hiddenFromRuns: 'runs look at what is believed, not at when keepalives are sent',
  },
  {
    name: 'time-taken-twice-for-a-turn',
    breaks: 'a request that waited for its turn takes twice the time that its client was given',
    file: 'packages/client/src/numbered-calls.ts',
    find: `Math.max(0, settings.timeoutMs - passedMs)`,
    put: `Math.max(passedMs, settings.timeoutMs)`,
    test: 'packages/client/test/unit/turns.test.ts',
    hiddenFromRuns: 'no run has so many requests under way',
  },
  {
    name: 'right-given-again-by-a-late-copy',
    breaks: 'a right that was taken away is given again by a copy of the grant that comes late',
    file: 'packages/contract/src/operations/auth-roles.ts',
    find: `const grant: UnaryOperation = changing('never', {`,
    put: `const grant: UnaryOperation = changing('always', {`,
    test: 'packages/contract/test/unit/repeats.test.ts',
    hiddenFromRuns: 'runs have no access rules that change',
  },
];
