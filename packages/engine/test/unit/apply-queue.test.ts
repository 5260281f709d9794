import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entry } from '@holdfast/raft';
import { ApplyQueue } from '../../src/apply-queue.ts';
import { Timings } from '../../src/timings.ts';

const entries = (from: number, to: number): Entry[] =>
  Array.from({ length: to - from + 1 }, (_, position) => ({
    index: from + position,
    term: 1,
    kind: 'command',
    data: new Uint8Array(),
  }));

/** A clock on which each applied entry takes a millisecond, and turns that the test ends. */
function stage(maxEntriesPerTurn: number, isHeldUp?: () => boolean) {
  let nowMs = 0;
  const turns: (() => void)[] = [];
  const clock = {
    now: () => nowMs,
    bootNow: () => 0,
    wallNow: () => 0,
    after: () => () => undefined,
    endOfTurn: (callback: () => void) => void turns.push(callback),
  };
  const applied: number[] = [];
  const timings = new Timings();
  const queue = new ApplyQueue(clock, maxEntriesPerTurn, () => turn(), timings, isHeldUp);
  const turn = (): void => {
    queue.beginTurn();
    queue.apply((entry) => {
      nowMs += 1;
      applied.push(entry.index);
    });
  };
  return { queue, applied, turn, endTurn: () => turns.shift()?.(), turns, timings };
}

describe('Committed entries', () => {
  it('are not applied while the audit is behind, and go on in order (ENG-APPLY-4)', () => {
    let applicable = 3;
    const { queue, applied, turn, turns } = stage(100, () => applied.length >= applicable);
    queue.push(entries(1, 7));
    turn();
    assert.deepEqual(applied, [1, 2, 3]);
    assert.equal(queue.hasRoom, false);
    assert.equal(turns.length, 0, 'whoever holds it up says when it goes on');
    applicable = 100;
    turn();
    assert.deepEqual(applied, [1, 2, 3, 4, 5, 6, 7]);
    assert.equal(queue.hasRoom, true);
  });

  it('are told one by one with the time that each took', () => {
    const { queue, turn, timings } = stage(100);
    const told: (readonly [string, number])[] = [];
    const forget = timings.listen((work, seconds) => told.push([work, seconds]));
    queue.push(entries(1, 2));
    turn();
    assert.deepEqual(told, [
      ['apply', 0.001],
      ['apply', 0.001],
    ]);
    forget();
    queue.push(entries(3, 3));
    turn();
    assert.equal(told.length, 2);
  });

  it('are applied in the turn in which they come when they are few', () => {
    const { queue, applied, turn, turns } = stage(100);
    queue.push(entries(1, 3));
    turn();
    assert.deepEqual(applied, [1, 2, 3]);
    assert.equal(turns.length, 0);
  });

  it('that are many are spread over turns, each bounded in time (ENG-APPLY-2)', () => {
    const { queue, applied, turn, endTurn } = stage(100);
    queue.push(entries(1, 20));
    turn();
    assert.equal(applied.length, 8);
    endTurn();
    assert.equal(applied.length, 16);
    endTurn();
    assert.deepEqual(
      applied,
      entries(1, 20).map(({ index }) => index),
    );
  });

  it('that are told of many times in one turn have one share of its time (ENG-APPLY-2)', () => {
    const { queue, applied, turn, endTurn } = stage(100);
    for (let first = 1; first <= 16; first += 2) {
      queue.push(entries(first, first + 1));
      turn();
    }
    assert.equal(applied.length, 8);
    endTurn();
    assert.equal(applied.length, 16);
  });

  it('are bounded by count where the clock does not move (ENG-APPLY-2)', () => {
    const { queue, applied, turn } = stage(5);
    queue.push(entries(1, 20));
    turn();
    assert.equal(applied.length, 5);
  });

  it('that come while a turn is awaited wait behind the others (ENG-APPLY-1)', () => {
    const { queue, applied, turn, endTurn } = stage(5);
    queue.push(entries(1, 7));
    turn();
    queue.push(entries(8, 9));
    turn();
    assert.equal(applied.length, 5);
    endTurn();
    assert.deepEqual(applied, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('of a state that was replaced are dropped', () => {
    const { queue, applied, turn, endTurn } = stage(5);
    queue.push(entries(1, 20));
    turn();
    queue.clear();
    queue.push(entries(30, 31));
    endTurn();
    assert.deepEqual(applied, [1, 2, 3, 4, 5, 30, 31]);
  });

  it('that were applied are let go while others wait, and no more are taken meanwhile (ENG-APPLY-3)', () => {
    const { queue, applied, turn, endTurn } = stage(5);
    queue.push(entries(1, 2000));
    turn();
    assert.equal(queue.hasRoom, false);
    for (let count = 0; count < 300; count++) endTurn();
    assert.equal(applied.length, 1505);
    assert.ok(queue.kept < 2000 - 1505 + 300, String(queue.kept));
    for (let count = 0; count < 200; count++) endTurn();
    assert.equal(queue.kept, 0);
    assert.equal(queue.hasRoom, true);
  });
});
