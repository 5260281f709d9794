import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallDeadlines } from '../../src/call-deadlines.ts';
import { StillClock } from './still-clock.ts';

const grainMs = 250;
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
};

describe('The deadlines of calls', () => {
  for (const startMs of [0, 1, 1000, 1249.9])
    it(`are told once each, soon after and never before (DEADLINE-1; from ${String(startMs)} ms)`, async () => {
      const clock = new StillClock();
      clock.nowMs = startMs;
      const deadlines = new CallDeadlines(clock);
      const told = new Map<number, number>();
      const ends = [-1000, 0, 1, 100, 250, 251, 600, 5000, 5000.5, 60_000].map(
        (ms) => startMs + ms,
      );
      for (const endMs of ends)
        deadlines.add(endMs, () => {
          assert.ok(!told.has(endMs));
          told.set(endMs, clock.nowMs);
        });
      for (let stepMs = 0; stepMs < 62_000; stepMs += 10) {
        clock.pass(10);
        await turns(1);
      }
      assert.deepEqual(
        [...told.keys()].sort((a, b) => a - b),
        ends,
      );
      for (const [endMs, atMs] of told) {
        assert.ok(atMs >= endMs, `${String(endMs)} is told at ${String(atMs)}`);
        assert.ok(
          atMs - Math.max(startMs, endMs) < 2 * grainMs,
          `${String(endMs)} at ${String(atMs)}`,
        );
      }
    });

  it('are not told of what is done, nor after a while in which nothing was asked', () => {
    const clock = new StillClock();
    const deadlines = new CallDeadlines(clock);
    let told = 0;
    const tell = (): void => {
      told += 1;
    };
    for (let round = 0; round < 5; round++) {
      const done = deadlines.add(clock.nowMs + 1000, tell);
      assert.equal(deadlines.end(done), true);
      assert.equal(deadlines.end(done), false);
      clock.pass(10_000);
      assert.equal(told, round);
      const late = deadlines.add(clock.nowMs + 1000, tell);
      clock.pass(10_000);
      assert.equal(told, round + 1);
      assert.equal(deadlines.end(late), false);
    }
  });

  it('are told a slice a turn, and not of what is done meanwhile (DEADLINE-2)', async () => {
    const clock = new StillClock();
    const deadlines = new CallDeadlines(clock);
    const told: number[] = [];
    const calls = Array.from({ length: 1000 }, (_, call) =>
      deadlines.add(clock.nowMs + 1000, () => told.push(call)),
    );
    clock.pass(2 * grainMs + 1000);
    assert.ok(told.length > 0 && told.length < 1000, String(told.length));
    const last = calls.at(-1) ?? assert.fail();
    assert.equal(deadlines.end(last), true);
    await turns(100);
    assert.equal(told.length, 999);
  });

  it('hand on how a call ends, or end it with an unknown outcome', async () => {
    const clock = new StillClock();
    const deadlines = new CallDeadlines(clock);
    assert.equal(await deadlines.within(clock.nowMs + 1000, Promise.resolve(7)), 7);
    const failed = deadlines.within(clock.nowMs + 1000, Promise.reject(new Error('lost')));
    await assert.rejects(failed, /lost/);
    const held = deadlines.within(clock.nowMs + 1000, new Promise(() => undefined));
    clock.pass(2000);
    await assert.rejects(held, { code: 'outcome_unknown' });
  });
});
