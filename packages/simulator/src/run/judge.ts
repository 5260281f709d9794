/** The judge of linearizability, for what the clients of a run recorded. */
import { checkLinearizable, lockModel, poolModel } from '@holdfast/checker';
import type { LockOperation } from '@holdfast/checker';
import type { PoolOperation } from '../clients/recorder.ts';
import { slotLimit } from '../clients/slots.ts';
import { Violation } from '../world/world.ts';
import { BrokenRun } from './broken-run.ts';

/** Steps alone: what a seed says does not depend on how fast the machine is. */
const judgeLimits = { maxSteps: 2_000_000, deadlineMs: Number.POSITIVE_INFINITY };

export interface Recorded {
  readonly locks: readonly LockOperation[];
  readonly permits: readonly PoolOperation[];
  /** Whether sessions of the run have a lock-delay. */
  readonly mayBeDelayed: boolean;
}

/**
 * Returns the keys of histories that could not be decided.
 *
 * @throws BrokenRun where the history of a lock is not linearizable, with what draws it; Violation for one of permits.
 */
export function judge({ locks, permits, mayBeDelayed }: Recorded): readonly string[] {
  const ofLocks = checkLinearizable(lockModel({ mayBeDelayed }), locks, judgeLimits);
  if (ofLocks.type === 'violation') throw new BrokenRun(ofLocks.message, locks, ofLocks);
  const ofPermits = checkLinearizable(poolModel({ limit: slotLimit }), permits, judgeLimits);
  if (ofPermits.type === 'violation') throw new Violation(ofPermits.message);
  return [ofLocks, ofPermits].flatMap((one) => (one.type === 'undecided' ? one.keys : []));
}
