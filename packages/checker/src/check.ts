/** Checks a whole history, key by key. */
import type { Model, Operation } from './history.ts';
import { Search } from './search.ts';
import type { KeyVerdict } from './search.ts';
import type { Limits, Verdict } from './verdict.ts';

const defaultMaxSteps = 10_000_000;
const defaultDeadlineMs = 60_000;

/**
 * Judges whether a history is linearizable (Herlihy and Wing, 1990): whether all operations of each key
 * can be put in one order, each between its call and its answer, in which the model gives these answers.
 *
 * @param history In any order. Operations of unknown outcome may have happened at any later time, or never.
 * @throws RangeError where an operation was answered before it was called.
 */
export function checkLinearizable<State, Call, Answer>(
  model: Model<State, Call, Answer>,
  history: readonly Operation<Call, Answer>[],
  limits: Limits = {},
): Verdict {
  const now = limits.now ?? (() => performance.now());
  const maxSteps = limits.maxSteps ?? defaultMaxSteps;
  const endMs = now() + (limits.deadlineMs ?? defaultDeadlineMs);
  const undecided: { readonly key: string; readonly reason: 'steps' | 'deadline' }[] = [];
  let steps = 0;
  const keys = operationsByKey(model, history);
  let keysLeft = keys.size;
  for (const [key, operations] of keys) {
    // Each has its share of the time that is left: one hard key takes none of what the others need.
    const startMs = now();
    const deadlineMs = startMs + (endMs - startMs) / keysLeft;
    keysLeft -= 1;
    const verdict = new Search(model, history, operations).run({ maxSteps, deadlineMs, now });
    steps += verdict.steps;
    if (verdict.type === 'undecided') undecided.push({ key, reason: verdict.reason });
    if (verdict.type === 'violation')
      return asViolation(model, history, { key, operations, verdict, steps });
  }
  const [first] = undecided;
  if (first === undefined) return { type: 'linearizable', keys: keys.size, steps };
  return { type: 'undecided', keys: undecided.map(({ key }) => key), reason: first.reason, steps };
}

function operationsByKey<State, Call, Answer>(
  model: Model<State, Call, Answer>,
  history: readonly Operation<Call, Answer>[],
): Map<string, number[]> {
  const keys = new Map<string, number[]>();
  for (const [index, { call, calledAtMs, outcome, client }] of history.entries()) {
    if (outcome.type === 'answered' && outcome.atMs < calledAtMs)
      throw new RangeError(
        `Operation ${String(index)} of ${client} was answered at ${String(outcome.atMs)} ms, before it was called at ${String(calledAtMs)} ms.`,
      );
    const key = model.keyOf(call);
    const operations = keys.get(key);
    if (operations === undefined) keys.set(key, [index]);
    else operations.push(index);
  }
  const byCall = (left: number, right: number): number =>
    (history[left]?.calledAtMs ?? 0) - (history[right]?.calledAtMs ?? 0);
  for (const operations of keys.values()) operations.sort(byCall);
  return keys;
}

function asViolation<State, Call, Answer>(
  model: Model<State, Call, Answer>,
  history: readonly Operation<Call, Answer>[],
  found: {
    readonly key: string;
    readonly operations: readonly number[];
    readonly verdict: Extract<KeyVerdict, { readonly type: 'violation' }>;
    readonly steps: number;
  },
): Verdict {
  const { key, operations, verdict, steps } = found;
  const { prefixes, candidates } = verdict;
  const placed = new Set(prefixes[0]?.order);
  const unplaced = operations.filter(
    (index) => history[index]?.outcome.type === 'answered' && !placed.has(index),
  );
  const told = candidates.slice(0, 8).map((index) => describe(model, history, index));
  const message = `"${key}": ${String(placed.size)} of ${String(operations.length)} operations can be put in order. After them the state is ${prefixes[0]?.finalState ?? 'the first one'}, and none of these can come next: ${told.join('; ')}.`;
  return { type: 'violation', key, operations, prefixes, unplaced, message, steps };
}

/** One operation in words: who, what, and when. */
export function describe<State, Call, Answer>(
  model: Model<State, Call, Answer>,
  history: readonly Operation<Call, Answer>[],
  index: number,
): string {
  const operation = history[index];
  if (operation === undefined) return '';
  const { client, call, calledAtMs, outcome } = operation;
  const answer = outcome.type === 'answered' ? outcome.answer : undefined;
  const until = outcome.type === 'answered' ? `${outcome.atMs.toFixed(1)} ms` : 'unknown';
  return `${client} ${model.describe(call, answer)} (${calledAtMs.toFixed(1)} to ${until})`;
}
