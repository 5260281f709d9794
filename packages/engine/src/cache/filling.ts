/**
 * Reads a key on the leader for who would load its value: the value, the turn to load it, or a wait for the turn of another one.
 *
 * FILL-5: a turn that is given when the time of who asked is over, or its rights have changed (LEADERSHIP-7), is given back at once.
 *     Nobody was told of it, and whoever waits for the key would wait until it ends by itself: who asked, too, by its new rights.
 * FILL-6: a wait ends when its caller has gone, and takes no room of others from then on (FILL-4): nobody is given a turn for it.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { ResourceName, StateMachine } from '@holdfast/state';
import type { Clock } from '../clock.ts';
import { turnNotTold } from '../failures.ts';
import type { Fills } from './fills.ts';
import type { FillAnswer, FillRequest } from './statistics.ts';

export interface FillingParts {
  readonly clock: Clock;
  readonly clusterTime: () => number;
  readonly state: () => StateMachine;
  readonly fills: Fills;
  /** Resolves once this leadership is proven to go on; rejects where it has ended. */
  readonly proven: () => Promise<void>;
}

/** A request with its caller. */
export interface FillAttempt extends FillRequest {
  /** Aborted when the caller wants no answer any more. */
  readonly signal?: AbortSignal | undefined;
}

export async function turnOf(
  parts: FillingParts,
  key: string,
  { token, waitMs, fillMs, signal }: FillAttempt,
): Promise<FillAnswer> {
  const { clock, clusterTime, state, fills, proven } = parts;
  const deadlineMs = clock.now() + waitMs;
  for (;;) {
    await proven();
    const machine = state();
    const view = machine.show('cache', key as ResourceName, { timeMs: clusterTime() });
    const revision = machine.index;
    if (view !== undefined) return { view, revision, token: undefined };
    if (signal?.aborted === true) return { view, revision, token: undefined }; // FILL-6
    const nowMs = clock.now();
    const turn = fills.ask(key, token, fillMs, nowMs);
    if (turn.type === 'granted') return { view, revision, token: turn.token };
    if (turn.type === 'over') return { view, revision, token: undefined };
    if (turn.type === 'too_many') throw tooMany();
    if (nowMs >= deadlineMs) return { view, revision, token: undefined };
    await turnEnded(parts, key, Math.min(turn.untilMs, deadlineMs) - nowMs, signal);
  }
}

/** Where the turns of keys are given: `CacheCoherence` of the leader. */
interface Turns {
  fillHere(key: string, request: FillAttempt): Promise<FillAnswer>;
  endFillHere(key: string, token: string): void;
}

/** What who asked has to meet when its answer is there. */
export interface FillTerms {
  readonly endsMs: number;
  /** @throws HoldfastError where it may no longer be told (LEADERSHIP-7). */
  readonly assertAdmitted: () => void;
}

/** @throws HoldfastError where who asked cannot be told of it any more (FILL-5). */
export async function turnInTime(
  turns: Turns,
  clock: Pick<Clock, 'now'>,
  key: string,
  request: FillAttempt,
  { endsMs, assertAdmitted }: FillTerms,
): Promise<FillAnswer> {
  const answer = await turns.fillHere(key, request);
  // Who had it before, and asked for more time, goes on with it or ends it.
  const given = request.token === undefined ? answer.token : undefined;
  try {
    assertAdmitted(); // LEADERSHIP-7
    if (given !== undefined && clock.now() >= endsMs) throw turnNotTold();
    return answer;
  } catch (error) {
    if (given !== undefined) turns.endFillHere(key, given); // FILL-5
    throw error;
  }
}

/** Until the turn has ended, time has passed, or its caller has gone. */
async function turnEnded(
  { clock, fills }: FillingParts,
  key: string,
  mostMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = fills.onEnd(key, resolve);
  if (stop === undefined) throw tooMany();
  const onAbort = (): void => resolve();
  const cancel = clock.after(Math.max(1, Math.ceil(mostMs)), resolve);
  signal?.addEventListener('abort', onAbort, { once: true }); // FILL-6
  await promise;
  signal?.removeEventListener('abort', onAbort);
  cancel();
  stop();
}

const tooMany = (): HoldfastError =>
  new HoldfastError(
    'overloaded',
    'Too many keys of the cache are being loaded, or waited for. Nothing was changed. Retry later.',
  );
