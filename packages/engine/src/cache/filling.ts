/** Reads a key on the leader for who would load its value: the value, the turn to load it, or a wait for the turn of another one. */
import { HoldfastError } from '@holdfast/protocol';
import type { ResourceName, StateMachine } from '@holdfast/state';
import type { Clock } from '../clock.ts';
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

export async function turnOf(
  parts: FillingParts,
  key: string,
  { token, waitMs, fillMs }: FillRequest,
): Promise<FillAnswer> {
  const { clock, clusterTime, state, fills, proven } = parts;
  const deadlineMs = clock.now() + waitMs;
  for (;;) {
    await proven();
    const machine = state();
    const view = machine.show('cache', key as ResourceName, { timeMs: clusterTime() });
    const revision = machine.index;
    if (view !== undefined) return { view, revision, token: undefined };
    const nowMs = clock.now();
    const turn = fills.ask(key, token, fillMs, nowMs);
    if (turn.type === 'granted') return { view, revision, token: turn.token };
    if (turn.type === 'over') return { view, revision, token: undefined };
    if (turn.type === 'too_many') throw tooMany();
    if (nowMs >= deadlineMs) return { view, revision, token: undefined };
    await turnEnded(parts, key, Math.min(turn.untilMs, deadlineMs) - nowMs);
  }
}

/** Until the turn has ended, or time has passed. */
async function turnEnded(
  { clock, fills }: FillingParts,
  key: string,
  mostMs: number,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = fills.onEnd(key, resolve);
  if (stop === undefined) throw tooMany();
  const cancel = clock.after(Math.max(1, Math.ceil(mostMs)), resolve);
  await promise;
  cancel();
  stop();
}

const tooMany = (): HoldfastError =>
  new HoldfastError(
    'overloaded',
    'Too many keys of the cache are being loaded, or waited for. Nothing was changed. Retry later.',
  );
