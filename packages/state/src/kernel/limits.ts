/**
 * The limits with which every state machine begins.
 *
 * LIMIT-1: entries that were logged before a limit existed are applied without it, on every node and in
 *     every version: who restores an old log gets the state, and the fence tokens, that were acknowledged.
 *     Such a limit counts from the first `set_limits` that names it, which a new leader logs at once.
 * LIMIT-3: every state has every limit, whatever `set_limits` and snapshots of its feature level name: one that is
 *     missing here and has its initial value there, after a snapshot, is a state of two kinds.
 */
import { levelOfLimit, primitiveDeclarations } from '../primitives/declared.ts';
import type { LimitOfPrimitive } from '../primitives/declared.ts';

/** How many there may be of each primitive, and what the kernel bounds. */
export type StateLimits = KernelLimits & LimitsOfPrimitives;

type LimitsOfPrimitives = Readonly<Record<LimitOfPrimitive, number>>;

interface KernelLimits {
  readonly maxSessions: number;
  readonly maxHoldsPerSession: number;
  readonly maxWaitersPerResource: number;
  /** Holds that stand on one resource at once. */
  readonly maxHoldsPerResource: number;
  /** Remembered answers per session. */
  readonly maxResultsPerSession: number;
  /** Sessions of one caller: an identity, or where there is none an address (see `callerOf` of the api). */
  readonly maxSessionsPerCaller: number;
  /** Holds, waits and barriers of all sessions of one caller. */
  readonly maxHoldsPerCaller: number;
  /** Places in queues of all of them. */
  readonly maxWaitsPerCaller: number;
  /** Metadata and values of what all of them hold and wait for, as JSON. */
  readonly maxMetadataBytesPerCaller: number;
  /** What the remembered answers of all of them take. */
  readonly maxResultBytesPerCaller: number;
  /** Places in queues of one session; they count as holds, too. */
  readonly maxWaitsPerSession: number;
  /** Of the metadata and values of what one session holds and waits for, as JSON. */
  readonly maxMetadataBytesPerSession: number;
  /** What the remembered answers of one session take. */
  readonly maxResultBytesPerSession: number;
  /** Ended sessions of each kind that are remembered, beside those that live (ended-sessions.ts). */
  readonly maxRememberedSessions: number;
  /** What they take, of each kind. */
  readonly maxRememberedBytes: number;
  /** Those of one caller among them (ended-shares.ts). */
  readonly maxRememberedSessionsPerCaller: number;
  readonly maxRememberedBytesPerCaller: number;
  readonly maxQueues: number;
  /** Messages and dead letters of all queues. */
  readonly maxMessages: number;
  readonly maxMessagesPerQueue: number;
  /** What they take: keys and payloads, and 256 bytes for each. */
  readonly maxMessageBytes: number;
  readonly maxMessageBytesPerQueue: number;
  /** Dedup ids that are remembered, of all queues. */
  readonly maxDedupIds: number;
  /** What keys and values of the cache take, and 256 bytes for each key. */
  readonly maxCacheBytes: number;
  /** Units of work (ends of holds and waits) that one entry of the log does; the next ones go on. */
  readonly maxWorkPerEntry: number;
}

/** No bound, as a number that JSON keeps. */
const unbounded = Number.MAX_SAFE_INTEGER;

/** No log from before queues and the cache has a command of one: these count from the beginning. */
const queueLimits: Pick<
  StateLimits,
  | 'maxQueues'
  | 'maxMessages'
  | 'maxMessagesPerQueue'
  | 'maxMessageBytes'
  | 'maxMessageBytesPerQueue'
  | 'maxDedupIds'
  | 'maxCacheBytes'
> = {
  maxQueues: 1000,
  maxMessages: 2_000_000,
  maxMessagesPerQueue: 1_000_000,
  maxMessageBytes: 512 * 1024 * 1024,
  maxMessageBytesPerQueue: 256 * 1024 * 1024,
  maxDedupIds: 500_000,
  maxCacheBytes: 256 * 1024 * 1024,
};

const initialOf = (
  declarations: readonly (typeof primitiveDeclarations)[number][],
): LimitsOfPrimitives =>
  Object.fromEntries(declarations.map(({ limit }) => [limit.name, limit.initial])) as Readonly<
    Record<LimitOfPrimitive, number>
  >;

const limitsOfPrimitives: LimitsOfPrimitives = initialOf(primitiveDeclarations);

/** LIMIT-3: under a lower feature level `set_limits` does not name them, and every node has them all the same. */
const limitsOfLaterPrimitives: Partial<LimitsOfPrimitives> = initialOf(
  primitiveDeclarations.filter((declared) => levelOfLimit(declared) > 1),
);

/** LIMIT-1: what stands where an old log or snapshot does not name these limits. */
export const limitsOfOldLogs: Partial<LimitsOfPrimitives> &
  Pick<
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
  ...limitsOfLaterPrimitives,
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
  ...limitsOfPrimitives,
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

/** Those that are set for a node; how much one entry does is no matter of taste. */
export type ConfiguredLimit = Exclude<keyof StateLimits, 'maxWorkPerEntry'>;

export const configuredLimits: readonly ConfiguredLimit[] = Object.keys(initialLimits).filter(
  (name): name is ConfiguredLimit => name !== 'maxWorkPerEntry',
);
