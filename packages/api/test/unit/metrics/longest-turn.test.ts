import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { systemClock } from '@holdfast/engine/parts';
import { watchLongestTurn } from '../../../src/metrics/longest-turn.ts';
import type { LongestTurn, TurnSource } from '../../../src/metrics/longest-turn.ts';

/** Turns by the word of the test, and seconds that pass when it says so. */
function scene(): {
  readonly longestTurn: LongestTurn;
  readonly turn: (seconds: number) => void;
  readonly pass: (seconds: number) => void;
  readonly isClosed: () => boolean;
} {
  let longest = 0;
  let due: (() => void) | undefined;
  let closed = false;
  const source: TurnSource = {
    longestSeconds: () => longest,
    reset: () => (longest = 0),
    close: () => (closed = true),
  };
  const after = (delayMs: number, callback: () => void): (() => void) => {
    assert.equal(delayMs, 1000);
    due = callback;
    return () => (due = undefined);
  };
  const longestTurn = watchLongestTurn({ after }, source);
  return {
    longestTurn,
    turn: (seconds) => (longest = Math.max(longest, seconds)),
    pass: (seconds) => {
      for (let second = 0; second < seconds; second++) due?.();
    },
    isClosed: () => closed && due === undefined,
  };
}

/** Turns go by until it is so, at most two seconds. */
async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + 2000;
  while (!isSo() && performance.now() < endMs) await nextTurn();
}

describe('The longest turn of the event loop', () => {
  test('given a turn in the present second, then it is told at once', () => {
    const { longestTurn, turn } = scene();
    turn(0.25);
    assert.equal(longestTurn.seconds(), 0.25);
  });

  test('given two who ask, then the second is told the same as the first', () => {
    const { longestTurn, turn, pass } = scene();
    turn(0.25);
    pass(2);
    assert.equal(longestTurn.seconds(), 0.25);
    assert.equal(longestTurn.seconds(), 0.25);
  });

  test('given a long turn and shorter ones after it, then it is told for a minute and then no more', () => {
    const { longestTurn, turn, pass } = scene();
    turn(0.25);
    pass(1);
    turn(0.01);
    pass(59);
    assert.equal(longestTurn.seconds(), 0.25);
    pass(1);
    assert.equal(longestTurn.seconds(), 0.01);
    pass(1);
    assert.equal(longestTurn.seconds(), 0);
  });

  test('given that it is closed, then nothing goes on', () => {
    const { longestTurn, isClosed } = scene();
    longestTurn.close();
    assert.ok(isClosed());
  });

  test('given a real event loop that is blocked for 100 ms, then it tells at least that', async () => {
    const longestTurn = watchLongestTurn(systemClock);
    try {
      await until(() => longestTurn.seconds() > 0); // Its timer runs.
      const endMs = performance.now() + 100;
      while (performance.now() < endMs);
      await until(() => longestTurn.seconds() >= 0.1); // The late timer is seen.
      const seconds = longestTurn.seconds();
      assert.ok(seconds >= 0.1, `told ${String(seconds)} s`);
      // Not a clock that only rises: it is one turn that is told, not the time that has passed.
      assert.ok(seconds < 5, `told ${String(seconds)} s`);
    } finally {
      longestTurn.close();
    }
  });

  test('given a real event loop that is blocked in the turn in which a second ends, then it tells that', async () => {
    let endSecond: (() => void) | undefined;
    const after = (_: number, callback: () => void): (() => void) => {
      endSecond = callback;
      return () => undefined;
    };
    const longestTurn = watchLongestTurn({ after });
    try {
      await until(() => longestTurn.seconds() > 0); // Its timers run.
      endSecond?.();
      const endMs = performance.now() + 300;
      while (performance.now() < endMs);
      endSecond?.(); // Also where the next second ends before the late timer is seen.
      await until(() => longestTurn.seconds() >= 0.3);
      const seconds = longestTurn.seconds();
      assert.ok(seconds >= 0.3, `told ${String(seconds)} s`);
    } finally {
      longestTurn.close();
    }
  });
});
