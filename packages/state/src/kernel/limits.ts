/**
 * The limits with which every state machine begins.
 *
 * LIMIT-1: entries that were logged before a limit existed are applied without it, on every node and in
 *     every version: who restores an old log gets the state, and the fence tokens, that were acknowledged.
 *     Such a limit counts from the first `set_limits` that names it, which a new leader logs at once.
 */
import type { StateLimits } from './contract.ts';

/** No bound, as a number that JSON keeps. */
const unbounded = Number.MAX_SAFE_INTEGER;

/** No log from before queues has a command of one: these count from the beginning. */
const queueLimits: Pick<
  StateLimits,
  | 'maxQueues'
  | 'maxMessages'
  | 'maxMessagesPerQueue'
  | 'maxMessageBytes'
  | 'maxMessageBytesPerQueue'
  | 'maxDedupIds'
> = {
  maxQueues: 1000,
  maxMessages: 2_000_000,
  maxMessagesPerQueue: 1_000_000,
  maxMessageBytes: 512 * 1024 * 1024,
  maxMessageBytesPerQueue: 256 * 1024 * 1024,
  maxDedupIds: 500_000,
};

/** LIMIT-1: what stands where an old log or snapshot does not name these limits. */
export const limitsOfOldLogs: Pick<
  StateLimits,
  | 'maxHoldsPerResource'
  | 'maxWorkPerEntry'
  | 'maxRememberedSessions'
  | 'maxRememberedBytes'
  | 'maxRememberedSessionsPerCaller'
  | 'maxRememberedBytesPerCaller'
  | 'maxSessionsPerCaller'
  | 'maxHoldsPerCaller'
  | 'maxWaitsPerCaller'
  | 'maxMetadataBytesPerCaller'
  | 'maxResultBytesPerCaller'
  | 'maxWaitsPerSession'
  | 'maxMetadataBytesPerSession'
  | 'maxResultBytesPerSession'
  | keyof typeof queueLimits
> = {
  ...queueLimits,
  maxHoldsPerResource: unbounded,
  maxWorkPerEntry: unbounded,
  maxRememberedSessions: unbounded,
  maxRememberedBytes: unbounded,
  maxRememberedSessionsPerCaller: unbounded,
  maxRememberedBytesPerCaller: unbounded,
  maxSessionsPerCaller: unbounded,
  maxHoldsPerCaller: unbounded,
  maxWaitsPerCaller: unbounded,
  maxMetadataBytesPerCaller: unbounded,
  maxResultBytesPerCaller: unbounded,
  maxWaitsPerSession: unbounded,
  maxMetadataBytesPerSession: unbounded,
  maxResultBytesPerSession: unbounded,
};

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
  maxResultsPerSession: 1024,
  ...limitsOfOldLogs,
};

/** Of a state machine that is driven without a log of earlier versions: from its first entry on. */
export const limitsWithoutLog: StateLimits = {
  ...initialLimits,
  maxRememberedSessions: 500_000,
  maxRememberedBytes: 256 * 1024 * 1024,
  maxRememberedSessionsPerCaller: 250_000,
  maxRememberedBytesPerCaller: 128 * 1024 * 1024,
};

/**
 * LIMIT-1: before there was a bound of memory, the latest 10,000 ended sessions were remembered. How many requests of
 * a session were told that it leads, or is inside a barrier, was not counted then, and no snapshot tells it: all that
 * were told count for one.
 */
export const remembersByTime = ({
  maxRememberedSessions,
}: Pick<StateLimits, 'maxRememberedSessions'>): boolean => maxRememberedSessions < unbounded;

/** LIMIT-1: before callers had shares, what they may repeat was remembered for 10 minutes at most. */
export const remembersAllOfTtl = ({
  maxRememberedSessionsPerCaller,
}: Pick<StateLimits, 'maxRememberedSessionsPerCaller'>): boolean =>
  maxRememberedSessionsPerCaller < unbounded;
