/** Turns of requests that end when the test says so, and a clock that it moves. */
import assert from 'node:assert/strict';
import { systemClock } from '@holdfast/engine/parts';
import type { Clock } from '@holdfast/engine/parts';
import { RequestTurns } from '../../../src/turns/request-turns.ts';
import type { Harness } from '../../harness.ts';

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

/** Of a node whose turns end when the test says so. */
export const clockOf = ({ now, endOfTurn }: ReturnType<typeof turnsOf>): Clock => ({
  ...systemClock,
  now,
  endOfTurn,
});

/** Each request takes longer than the share of large ones. @returns The turns of the node, and the keys that were pushed. */
export function slowRequestsOf(
  { built, engine }: Pick<Harness, 'built' | 'engine'>,
  { clock }: ReturnType<typeof turnsOf>,
): { readonly turns: RequestTurns; readonly keys: () => readonly unknown[] } {
  const { turns } = built.http;
  const { timed } = turns;
  turns.timed = (request): void =>
    timed.call(turns, {
      byteLength: request.byteLength,
      begin: () => {
        clock.nowMs += 10;
        request.begin();
      },
    });
  const keys = (): readonly unknown[] =>
    engine.submitted.flatMap(({ command }) =>
      command.type === 'queue_push' ? command.messages.map((message) => message.key) : [],
    );
  return { turns, keys };
}
