/** A run that ended with an error, and whether that is a promise that was broken. */
import type { LockOperation, Verdict } from '@holdfast/checker';
import { Violation } from '../world/world.ts';

/** A run that broke a promise. */
export class BrokenRun extends Error {
  override readonly name: string = 'BrokenRun';
  readonly history: readonly LockOperation[];
  readonly verdict: Verdict | undefined;

  constructor(cause: unknown, history: readonly LockOperation[], verdict?: Verdict) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.history = history;
    this.verdict = verdict;
  }
}

/** Errors by which a promise's own check in a node tells that it is broken: an invariant, and what a disk has to have. */
const promiseErrors: ReadonlySet<string> = new Set([
  'RaftInvariantError',
  'StateInvariantError',
  'StorageDamagedError',
  'LogMissingError',
]);

/**
 * Whether a check said that a promise is broken: of the simulator, of the judge, or of a node (the cause of its end). Any
 * other error ends a run too, and says nothing of a promise.
 */
export function isBrokenPromise(error: unknown): boolean {
  if (!(error instanceof BrokenRun)) return false;
  return error.verdict?.type === 'violation' || tellsOfPromise(error.cause);
}

const tellsOfPromise = (error: unknown): boolean =>
  error instanceof Error &&
  (error instanceof Violation || promiseErrors.has(error.name) || tellsOfPromise(error.cause));
