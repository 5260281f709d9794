/**
 * A worker that takes a lock, holds it for a moment and gives it back, over and over, and writes down
 * each step before it asks for it and after it was answered.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Hold, Session } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import type { Journal } from './journal.ts';

/** Answers by which an acquire was certainly not executed. */
const certainRefusals: ReadonlySet<string> = new Set([
  'lock_held',
  'lock_delayed',
  'wait_timeout',
  'deadlock',
  'limit_exceeded',
]);

export interface RecordedWorkerOptions {
  readonly name: string;
  readonly journal: Journal;
  readonly session: Session;
  /** Which lock to take next. */
  readonly nextResource: () => string;
  /** How long to hold it, in milliseconds. */
  readonly nextHoldMs: () => number;
  /** The longest wait in a queue, in milliseconds. */
  readonly waitMs: number;
  /** No further cycle is begun once it has fired; the one under way is finished. */
  readonly stop: AbortSignal;
  readonly onCycle: () => void;
}

/** Writes down that a session was opened, and if it is lost against its owner's will. */
export function recordSession(journal: Journal, worker: string, session: Session): void {
  const sessionId = session.id;
  journal.write({ type: 'session_opened', worker, sessionId });
  session.signal.addEventListener('abort', () => {
    if (session.state !== 'lost') return;
    journal.write({ type: 'session_lost', worker, sessionId, code: codeOf(session.signal.reason) });
  });
}

/** Works until told to stop. A lost session ends the work: a worker never goes on under another one. */
export async function work(options: RecordedWorkerOptions): Promise<void> {
  const { session, stop, nextResource, nextHoldMs } = options;
  while (!stop.aborted && session.state === 'active') {
    const hold = await acquireRecorded(options, nextResource());
    if (hold === undefined) {
      // Something is wrong with the cluster or the lock; asking at once again would not make it better.
      await pause(20);
      continue;
    }
    const holdMs = nextHoldMs();
    if (holdMs > 0) await pause(holdMs);
    if (await releaseRecorded(options, hold)) options.onCycle();
  }
}

/** @returns the hold, or undefined when there is none. */
export async function acquireRecorded(
  { name: worker, journal, session, waitMs }: WorkerAcquiring,
  resource: string,
): Promise<Hold | undefined> {
  journal.write({ type: 'acquire_begun', worker, resource });
  let hold: Hold;
  try {
    hold = await session.lock(resource, { waitMs });
  } catch (error) {
    const code = codeOf(error);
    const type = certainRefusals.has(code) ? 'refused' : 'unanswered';
    journal.write({ type, worker, resource, code });
    return undefined;
  }
  const { fenceToken } = hold;
  journal.write({ type: 'granted', worker, sessionId: session.id, resource, fenceToken });
  hold.signal.addEventListener('abort', () => {
    if (hold.state === 'lost') journal.write({ type: 'hold_lost', worker, resource, fenceToken });
  });
  return hold;
}

type WorkerAcquiring = Pick<RecordedWorkerOptions, 'name' | 'journal' | 'session' | 'waitMs'>;

/** @returns whether the cluster acknowledged the release. */
async function releaseRecorded(
  { name: worker, journal }: Pick<RecordedWorkerOptions, 'name' | 'journal'>,
  hold: Hold,
): Promise<boolean> {
  const { name: resource, fenceToken } = hold;
  if (hold.state === 'lost') return false;
  journal.write({ type: 'release_begun', worker, resource, fenceToken });
  try {
    await hold.release();
    if (hold.state !== 'released') {
      // The cluster did not know of the hold; the client is content with that, the check is not.
      journal.write({ type: 'release_failed', worker, resource, fenceToken, code: hold.state });
      return false;
    }
  } catch (error) {
    journal.write({ type: 'release_failed', worker, resource, fenceToken, code: codeOf(error) });
    return false;
  }
  journal.write({ type: 'released', worker, resource, fenceToken });
  return true;
}

/** The stable code of an error; faults of our own have none and end the run. */
function codeOf(error: unknown): string {
  if (error instanceof HoldfastError) return error.code;
  throw error;
}
