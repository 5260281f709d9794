/**
 * Who loads the value of which key, as the leader of one term knows it: one loader for each key in the whole cluster. Pure:
 * the time, by the leader's monotonic clock, is handed in.
 *
 * FILL-1: at each moment at most one token of a key may write it. It is given only where the key has no value.
 * FILL-2: a write of the key, by whomever, voids its token, when it is begun and when it has ended: what a loader read before a
 *     write is not written after it. A leader knows no token of another one.
 * FILL-3: who has a token loses it when it has not asked for more time for `turnMs`, or its own time is over; then the next one
 *     that waits is given one.
 * FILL-4: there are at most `maxTurns` tokens and `maxWaiters` that wait; more are told to come later.
 */

import { turnMs } from '@holdfast/protocol/cache';

export { turnMs };
const maxTurns = 10_000;
export const maxWaiters = 10_000;

interface Turn {
  readonly token: string;
  /** FILL-3: unless more is asked for. */
  untilMs: number;
  readonly lastMs: number;
  readonly wakes: Set<() => void>;
}

export type FillTurn =
  | { readonly type: 'granted'; readonly token: string }
  /** Somebody else has it; until then at the latest, unless it asks for more time. */
  | { readonly type: 'taken'; readonly untilMs: number }
  /** The turn of this token, for which more time was asked. */
  | { readonly type: 'over' }
  | { readonly type: 'too_many' };

export class Fills {
  readonly #term: number;
  readonly #turns = new Map<string, Turn>();
  #tokens = 0;
  #waiters = 0;

  constructor(term: number) {
    this.#term = term;
  }

  get count(): number {
    return this.#turns.size;
  }

  /**
   * A key that has no value.
   *
   * @param token Of who has it already and asks for more time.
   * @param fillMs How long it may take in all.
   */
  ask(key: string, token: string | undefined, fillMs: number, nowMs: number): FillTurn {
    const turn = this.#turns.get(key);
    if (turn !== undefined && nowMs < turn.untilMs) {
      if (turn.token !== token) return { type: 'taken', untilMs: turn.untilMs };
      turn.untilMs = Math.min(nowMs + turnMs, turn.lastMs);
      return { type: 'granted', token };
    }
    // Its turn is over, or of another leader: who asks for more time would not write with the token of another turn.
    if (token !== undefined) return { type: 'over' };
    if (turn === undefined && this.#turns.size >= maxTurns) return { type: 'too_many' }; // FILL-4
    this.#tokens += 1;
    const granted = `${String(this.#term)}-${String(this.#tokens)}`;
    this.#turns.set(key, {
      token: granted,
      untilMs: nowMs + Math.min(turnMs, fillMs),
      lastMs: nowMs + fillMs,
      wakes: turn?.wakes ?? new Set(),
    });
    return { type: 'granted', token: granted };
  }

  /** FILL-1. */
  mayWrite(key: string, token: string, nowMs: number): boolean {
    const turn = this.#turns.get(key);
    return turn !== undefined && turn.token === token && nowMs < turn.untilMs;
  }

  /** FILL-2. @param by The token of the write; undefined: it has none. */
  written(key: string, by: string | undefined): void {
    const turn = this.#turns.get(key);
    if (turn !== undefined && turn.token !== by) this.#end(key, turn);
  }

  /** Its loader has nothing to write. */
  ended(key: string, token: string): void {
    const turn = this.#turns.get(key);
    if (turn?.token === token) this.#end(key, turn);
  }

  #end(key: string, turn: Turn): void {
    this.#turns.delete(key);
    for (const wake of turn.wakes) wake();
  }

  /** Calls back when the turn of this key has ended. @returns What stops that; undefined: too many wait. */
  onEnd(key: string, wake: () => void): (() => void) | undefined {
    const wakes = this.#turns.get(key)?.wakes;
    if (wakes === undefined) {
      wake();
      return () => undefined;
    }
    if (this.#waiters >= maxWaiters) return undefined; // FILL-4
    this.#waiters += 1;
    wakes.add(wake);
    return () => {
      if (wakes.delete(wake)) this.#waiters -= 1;
    };
  }

  /** Turns that nobody asked for any more. */
  onTick(nowMs: number): void {
    for (const [key, turn] of this.#turns) if (nowMs >= turn.untilMs) this.#end(key, turn);
  }
}
