/**
 * Whether what clients saw of the cache can be, each on the same clock.
 *
 * CACHE-REGISTER-1: each key is a linearizable register: reads, from whichever memory, writes, deletes and refused conditions can
 *     be put into one order, each between its call and its answer, with values and versions as they were told.
 * CACHE-HELD-1: of writes under a hold of one lock, a later one never has a lower fence token: whoever lost the lock writes
 *     nothing after the next holder did.
 */
import { cacheModel, checkLinearizable } from '@holdfast/checker';
import type { CacheAnswer, CacheCall, Operation } from '@holdfast/checker';

/** All writes under holds are of one lock. */
export type HeldCall = CacheCall & { readonly fenceToken?: number };
export type CacheOperation = Operation<HeldCall, CacheAnswer>;

export interface CacheVerdict {
  readonly reads: number;
  readonly writes: number;
  readonly deletes: number;
  /** Writes and deletes of which nobody knows what became. */
  readonly unknown: number;
  /** Those that found another version than they demanded. */
  readonly mismatches: number;
  /** That were answered, under holds. */
  readonly held: number;
  readonly violations: readonly string[];
}

const deadlineMs = 120_000;

/** @param history Of reads only those that were answered, of the others all that may have had an effect. */
export function judgeCache(history: readonly CacheOperation[]): CacheVerdict {
  const verdict = checkLinearizable(cacheModel, thinned(history).map(withLatest), { deadlineMs });
  const violations: string[] = [];
  if (verdict.type === 'violation') violations.push(`CACHE-REGISTER-1: ${verdict.message}`);
  if (verdict.type === 'undecided')
    violations.push(
      `CACHE-REGISTER-1 is not decided for ${verdict.keys.join(', ')}: the limit of ${verdict.reason} was reached.`,
    );
  const answered = history.filter(({ outcome }) => outcome.type === 'answered');
  const isOf = (type: CacheCall['type']) => (operation: CacheOperation) =>
    operation.call.type === type;
  return {
    reads: answered.filter(isOf('read')).length,
    writes: answered.filter(isOf('write')).length,
    deletes: answered.filter(isOf('delete')).length,
    unknown: history.length - answered.length,
    mismatches: answered.filter(({ outcome }) => answerIn(outcome)?.type === 'mismatch').length,
    held: answered.filter(({ call }) => call.fenceToken !== undefined).length,
    violations: [...violations, ...heldViolations(history)],
  };
}

const answerIn = (outcome: CacheOperation['outcome']): CacheAnswer | undefined =>
  outcome.type === 'answered' ? outcome.answer : undefined;

const withLatest = (operation: CacheOperation): CacheOperation => {
  const { call, outcome } = operation;
  return outcome.type === 'answered'
    ? { ...operation, call: { ...call, latestMs: outcome.atMs } }
    : operation;
};

/**
 * Of the reads of one version, that which was answered first and that which was asked last say all that the others do: a version is
 * there for one span of time, which no read of it ended before or began behind. Those that found none are kept, all of them.
 */
function thinned(history: readonly CacheOperation[]): readonly CacheOperation[] {
  const first = new Map<string, CacheOperation>();
  const last = new Map<string, CacheOperation>();
  const kept: CacheOperation[] = [];
  for (const operation of history) {
    const answer = answerIn(operation.outcome);
    if (operation.call.type !== 'read' || answer?.type !== 'value' || answer.version === 0) {
      kept.push(operation);
      continue;
    }
    // Of one version two values would be told apart.
    const read = JSON.stringify([operation.call.key, answer.version, answer.value]);
    const earliest = first.get(read);
    if (earliest === undefined || answeredMs(operation) < answeredMs(earliest))
      first.set(read, operation);
    const latest = last.get(read);
    if (latest === undefined || operation.calledAtMs > latest.calledAtMs) last.set(read, operation);
  }
  return [...kept, ...new Set([...first.values(), ...last.values()])];
}

const answeredMs = ({ outcome }: CacheOperation): number =>
  outcome.type === 'answered' ? outcome.atMs : Infinity;

/** CACHE-HELD-1. */
function heldViolations(history: readonly CacheOperation[]): readonly string[] {
  const versions = new Map<string, number>();
  for (const { call, outcome } of history) {
    const answer = answerIn(outcome);
    if (call.type === 'write' && answer?.type === 'written')
      versions.set(call.value, answer.version);
    if (answer?.type === 'value' && answer.value !== null)
      versions.set(answer.value, answer.version);
  }
  const written = history
    .flatMap(({ client, call }) => {
      if (call.type !== 'write' || call.fenceToken === undefined) return [];
      const version = versions.get(call.value);
      return version === undefined ? [] : [{ client, version, fenceToken: call.fenceToken }];
    })
    .toSorted((one, other) => one.version - other.version);
  return written.flatMap(({ client, version, fenceToken }, index) => {
    const before = written[index - 1];
    if (before === undefined || before.fenceToken <= fenceToken) return [];
    return [
      `CACHE-HELD-1: ${client} wrote version ${String(version)} under fence token ${String(fenceToken)}, after ${before.client} had written version ${String(before.version)} under ${String(before.fenceToken)}.`,
    ];
  });
}
