/**
 * Microseconds per command of the state machine alone: `node --conditions=source` this file.
 * Not part of the tests; a number here says what the packages around it can spend.
 */
import { createStateMachine, restoreStateMachine } from '../../src/index.ts';
import type { Command, Envelope, ResourceName, SessionId, StateMachine } from '../../src/index.ts';

const limits = {
  maxSessions: 100_000,
  maxHoldsPerSession: 200_000,
  maxWaitersPerResource: 10_000,
  maxLocks: 1_000_000,
  maxSemaphores: 1000,
  maxElections: 1000,
  maxBarriers: 1000,
  maxLatches: 1000,
  maxCacheKeys: 1000,
  maxHoldsPerResource: 10_000,
  maxResultsPerSession: 1024,
  maxRememberedSessions: 100_000,
  maxRememberedBytes: 64 * 1024 * 1024,
  maxRememberedSessionsPerCaller: 100_000,
  maxQueues: 100,
  maxMessages: 200_000,
  maxMessagesPerQueue: 100_000,
  maxMessageBytes: 64 * 1024 * 1024,
  maxMessageBytesPerQueue: 32 * 1024 * 1024,
  maxDedupIds: 10_000,
  maxCacheBytes: 64 * 1024 * 1024,
  maxRememberedBytesPerCaller: 64 * 1024 * 1024,
  maxSessionsPerCaller: 100_000,
  maxHoldsPerCaller: 1_000_000,
  maxWaitsPerCaller: 1_000_000,
  maxMetadataBytesPerCaller: 64 * 1024 * 1024,
  maxResultBytesPerCaller: 64 * 1024 * 1024,
  maxWaitsPerSession: 100_000,
  maxMetadataBytesPerSession: 16 * 1024 * 1024,
  maxResultBytesPerSession: 1024 * 1024,
  maxWorkPerEntry: 1000,
};
const sessionCount = 256;
const batchSize = 64;

function envelope(command: Command, ackedBelow?: number): Envelope {
  return ackedBelow === undefined
    ? { identity: 'anonymous', command }
    : { identity: 'anonymous', command, ackedBelow };
}

const sessionId = (number: number): SessionId => `session-${String(number)}` as SessionId;
const lockName = (number: number): ResourceName => `jobs/lock-${String(number)}` as ResourceName;

function withSessions(): StateMachine {
  const machine = createStateMachine(limits);
  const commands: Envelope[] = [];
  for (let number = 0; number < sessionCount; number++) {
    commands.push(
      envelope({
        type: 'create_session',
        sessionId: sessionId(number),
        clientId: `client-${String(number)}`,
        timeoutMs: 30_000,
        lockDelayMs: 0,
        createdAtMs: 0,
      }),
    );
  }
  machine.apply({ index: machine.index + 1, time: 0, commands });
  return machine;
}

function measure(label: string, commandCount: number, run: () => void): void {
  const startedMs = performance.now();
  run();
  const microseconds = ((performance.now() - startedMs) * 1000) / commandCount;
  console.log(`${label.padEnd(58)} ${microseconds.toFixed(2).padStart(7)} µs per command`);
}

/** Acquire and release in turn; commands are made before the clock runs. */
function cycles(label: string, rounds: number, answered: boolean, sameLock: boolean): void {
  const machine = withSessions();
  const batches: Envelope[][] = [];
  let batch: Envelope[] = [];
  for (let round = 0; round < rounds; round++) {
    const session = sessionId(round % sessionCount);
    const name = lockName(sameLock ? 0 : round % sessionCount);
    const requestId = Math.floor(round / sessionCount) * 2 + 1;
    const below = answered ? requestId : undefined;
    const acquire: Command = {
      type: 'acquire',
      sessionId: session,
      requestId,
      name,
      mode: 'exclusive',
      waitMs: sameLock ? 60_000 : 0,
      acquiredAtMs: 0,
    };
    batch.push(envelope(acquire, below));
    batch.push(
      envelope({ type: 'release', sessionId: session, requestId: requestId + 1, name }, below),
    );
    if (batch.length >= batchSize) {
      batches.push(batch);
      batch = [];
    }
  }
  measure(label, rounds * 2, () => {
    for (const commands of batches) {
      machine.apply({ index: machine.index + 1, time: machine.time + 1, commands });
    }
  });
}

/** Every session waits for the one lock; each release hands it over. */
function handOvers(rounds: number): void {
  const machine = withSessions();
  const name = lockName(0);
  const acquire = (number: number, requestId: number): Envelope =>
    envelope(
      {
        type: 'acquire',
        sessionId: sessionId(number),
        requestId,
        name,
        mode: 'exclusive',
        waitMs: 60_000,
        acquiredAtMs: 0,
      },
      requestId,
    );
  const first: Envelope[] = [];
  for (let number = 0; number < sessionCount; number++) first.push(acquire(number, 1));
  machine.apply({ index: machine.index + 1, time: 0, commands: first });
  measure('hand-over with 255 waiters (release, acquire again)', rounds * 2, () => {
    for (let round = 0; round < rounds; round++) {
      const number = round % sessionCount;
      const requestId = Math.floor(round / sessionCount) * 2 + 2;
      const release: Command = {
        type: 'release',
        sessionId: sessionId(number),
        requestId,
        name,
      };
      machine.apply({
        index: machine.index + 1,
        time: machine.time,
        commands: [envelope(release), acquire(number, requestId + 1)],
      });
    }
  });
}

function snapshots(lockCount: number): void {
  const machine = withSessions();
  const commands: Envelope[] = [];
  for (let number = 0; number < lockCount; number++) {
    commands.push(
      envelope({
        type: 'acquire',
        sessionId: sessionId(number % sessionCount),
        requestId: `r${String(number)}`,
        name: lockName(number),
        mode: 'exclusive',
        waitMs: 0,
        acquiredAtMs: 0,
      }),
    );
  }
  machine.apply({ index: machine.index + 1, time: 0, commands });
  const startedMs = performance.now();
  const chunks: Uint8Array[] = [];
  let longestMs = 0;
  let lastMs = startedMs;
  let bytes = 0;
  for (const chunk of machine.snapshot()) {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    bytes += chunk.byteLength;
    chunks.push(chunk);
  }
  const snapshotMs = performance.now() - startedMs;
  const restoredMs = performance.now();
  restoreStateMachine(chunks);
  const restoreMs = performance.now() - restoredMs;
  const listedMs = performance.now();
  machine.list('lock', { prefix: 'jobs/', limit: 100 });
  const listMs = performance.now() - listedMs;
  console.log(
    `snapshot of ${String(lockCount)} locks: ${snapshotMs.toFixed(0)} ms in ${String(chunks.length)} chunks (${(bytes / 1e6).toFixed(1)} MB), longest pull ${longestMs.toFixed(1)} ms; restore ${restoreMs.toFixed(0)} ms; first 100 by name ${listMs.toFixed(1)} ms`,
  );
}

for (const label of ['(warming up)', '']) {
  cycles(`uncontended acquire and release, answers confirmed ${label}`, 300_000, true, false);
  cycles(`uncontended, answers never confirmed ${label}`, 300_000, false, false);
  cycles(`one lock, in turn ${label}`, 300_000, true, true);
  handOvers(100_000);
}
snapshots(100_000);
