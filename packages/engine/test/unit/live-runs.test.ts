/** Which of two processes of a member is let in (RUN-3, RUN-4, RUN-6), with connections made by hand. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import { LiveRuns, livenessTimeoutMs } from '../../src/transport/live-runs.ts';
import type { RunConnection } from '../../src/transport/live-runs.ts';
import type { Run } from '../../src/transport/run-names.ts';
import { StillClock } from './still-clock.ts';

const b = 'b' as MemberId;
const runOf = (starts: number, digit: string): Run => ({ starts, run: digit.repeat(16) });
const first = [runOf(1, '1')];
const second = [...first, runOf(2, '2')];
const third = [...second, runOf(3, '3')];
const copy = [...first, runOf(2, 'c')];

let clock = new StillClock();
let live = new LiveRuns(clock);
beforeEach(() => {
  clock = new StillClock();
  live = new LiveRuns(clock);
});

/** A process, its connection, and what it was told. */
class Process implements RunConnection {
  readonly remote = 'somewhere';
  readonly said: string[] = [];
  readonly #runs: readonly Run[];
  readonly #lives: boolean;
  isOpen = true;

  constructor(runs: readonly Run[], lives = true) {
    this.#runs = runs;
    this.#lives = lives;
  }

  comes(takesPart: boolean): this {
    const run = this.#runs.at(-1) ?? assert.fail();
    live.arrive(b, { run, runs: this.#runs, takesPart, connection: this }, (other) => {
      this.said.push(other === undefined ? 'let in' : other.stops ? 'stop' : 'not now');
    });
    return this;
  }

  ask(): void {
    this.said.push('asked');
    if (this.#lives) live.answered(b, this);
  }

  reply(): void {
    assert.fail('nobody asked');
  }

  destroy(): void {
    this.said.push('disconnected');
    this.isOpen = false;
  }

  get isPresent(): boolean {
    return live.runsOf(b, this) !== undefined;
  }
}

describe('A process that takes part, where another one that takes no part yet is connected (RUN-4)', () => {
  it('does not take its place, nor stops, until the other one takes part or is gone', () => {
    const waiting = new Process(copy).comes(false);
    const member = new Process(first).comes(true);
    assert.deepEqual(waiting.said, ['let in', 'asked']);
    assert.deepEqual(member.said, ['not now']);
    waiting.isOpen = false;
    live.closed(b, waiting);
    assert.deepEqual(member.comes(true).said, ['not now', 'let in']);
  });

  it('stops when the other one takes part meanwhile', () => {
    const waiting = new Process(copy).comes(false);
    const other = new Process(second).comes(true);
    live.takesPart(b);
    assert.deepEqual(other.comes(true).said, ['not now', 'stop']);
    assert.ok(waiting.isPresent);
  });

  it('stops nobody by a hello that was under way when it ended (RUN-6)', () => {
    const restarted = new Process(third).comes(false);
    const dead = new Process(second, false).comes(true);
    assert.deepEqual(dead.said, ['not now']);
    assert.ok(restarted.isPresent);
  });

  it('stops when it takes no part either', () => {
    new Process(second).comes(false);
    assert.deepEqual(new Process(copy).comes(false).said, ['stop']);
  });
});

describe('A process that does not answer in time (RUN-3)', () => {
  it('loses its connections to the one that has come, and is told nothing', () => {
    const still = new Process(first, false).comes(true);
    const restarted = new Process(second).comes(false);
    clock.pass(livenessTimeoutMs - 1);
    assert.deepEqual(restarted.said, []);
    clock.pass(1);
    assert.deepEqual(restarted.said, ['let in']);
    assert.deepEqual(still.said, ['let in', 'asked', 'disconnected']);
  });

  it('comes again when it wakes up, where the other one is gone', () => {
    const still = new Process(first, false).comes(true);
    const flash = new Process(copy).comes(false);
    flash.isOpen = false; // It was never let in: nobody is told that it is gone.
    clock.pass(livenessTimeoutMs);
    assert.deepEqual(flash.said, []);
    assert.deepEqual(still.said, ['let in', 'asked', 'disconnected']);
    const awake = new Process(first).comes(true);
    assert.deepEqual(awake.said, ['let in']);
    assert.ok(!flash.isPresent);
  });

  it('lets the next attempt in, where the first one was cancelled', () => {
    new Process(first, false).comes(true);
    const cancelled = new Process(second).comes(false);
    cancelled.isOpen = false;
    clock.pass(livenessTimeoutMs);
    assert.deepEqual(new Process(second).comes(false).said, ['let in']);
  });

  it('does not give its place to one that had ended before it started (RUN-6)', () => {
    const still = new Process(third, false).comes(false);
    const dead = new Process(second).comes(true);
    clock.pass(livenessTimeoutMs);
    assert.deepEqual(dead.said, ['not now']);
    assert.deepEqual(still.said.at(-1), 'disconnected');
    assert.deepEqual(new Process(third).comes(false).said, ['let in']);
  });

  it('is refused when it wakes up while the other one lives and takes part', () => {
    new Process(first, false).comes(true);
    new Process(copy).comes(true);
    clock.pass(livenessTimeoutMs);
    assert.deepEqual(new Process(first).comes(true).said, ['stop']);
  });
});
