/** Turns of requests that end when the test says so, and a clock that it moves. */
import assert from 'node:assert/strict';
import { RequestTurns } from '../../../src/turns/request-turns.ts';

/** Of what neither keeps nor gives back. */
export const isForHolders = (): boolean => false;

export function turnsOf() {
  const clock = { nowMs: 0 };
  let due: (() => void)[] = [];
  const defects: unknown[] = [];
  const now = (): number => clock.nowMs;
  const endOfTurn = (callback: () => void): void => void due.push(callback);
  const turns = new RequestTurns({ now, endOfTurn }, (error) => void defects.push(error));
  const endTurn = (): void => {
    const callbacks = due;
    due = [];
    for (const callback of callbacks) callback();
  };
  const isPlanned = (): boolean => due.length > 0;
  /** Another request has used up this turn. @param used Of whose turns. */
  const useUp = (used: RequestTurns = turns): void =>
    void used.begin({
      share: 'another',
      byteLength: 0,
      isForHolders,
      begin: () => (clock.nowMs += 20),
    });
  const endAll = (): void => {
    for (let turn = 0; isPlanned(); turn++) {
      assert.ok(turn < 100_000, 'Something waits for ever.');
      endTurn();
    }
  };
  return { clock, now, endOfTurn, turns, defects, endTurn, endAll, isPlanned, useUp };
}
