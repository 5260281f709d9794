/** The limits with which every state machine begins. */
import type { StateLimits } from './contract.ts';

/** Part of the format: every node begins with these, whatever its version or configuration. */
export const initialLimits: StateLimits = {
  maxSessions: 100_000,
  maxHoldsPerSession: 100_000,
  maxWaitersPerResource: 10_000,
  maxLocks: 1_000_000,
  maxSemaphores: 100_000,
  maxElections: 100_000,
  maxBarriers: 10_000,
  maxLatches: 10_000,
  maxHoldsPerResource: 10_000,
  maxResultsPerSession: 1024,
  maxWorkPerEntry: 1000,
};

/** What a logged `set_limits` of a version that did not know these limits means. */
export const limitsOfOldLogs: Pick<StateLimits, 'maxHoldsPerResource' | 'maxWorkPerEntry'> = {
  maxHoldsPerResource: initialLimits.maxHoldsPerResource,
  maxWorkPerEntry: initialLimits.maxWorkPerEntry,
};
