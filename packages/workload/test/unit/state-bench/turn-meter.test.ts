import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { turnMeter } from '../../../src/state-bench/turn-meter.ts';
import type { TurnMeter, TurnSummary } from '../../../src/state-bench/turn-meter.ts';

interface Scene {
  readonly meter: TurnMeter;
  /** A turn goes by: how long, what of it on a processor, what of it ready to run. */
  readonly turn: (wallMs: number, processorMs: number, waitingMs?: number) => void;
  /** So many short turns that all pauses before them have been told. */
  readonly rest: () => void;
}

function scene(): Scene {
  const now = { atMs: 0, processorMs: 0, waitingMs: 0 };
  const meter = turnMeter({ ...now });
  const turn = (wallMs: number, processorMs: number, waitingMs = 0): void => {
    now.atMs += wallMs;
    now.processorMs += processorMs;
    now.waitingMs += waitingMs;
    meter.look({ ...now });
  };
  const rest = (): void => {
    for (let count = 0; count < 4; count++) turn(1, 0);
  };
  return { meter, turn, rest };
}

function taken(meter: TurnMeter): TurnSummary {
  const summary = meter.take();
  assert.ok(summary !== undefined);
  return summary;
}

describe('TURN-METER-1: the parts of a turn add up to it', () => {
  it('given a turn with a pause, then its processor time is its own and the collector’s', () => {
    const { meter, turn, rest } = scene();
    turn(100, 60, 30);
    meter.collected(10, 20);
    rest();
    assert.deepEqual(taken(meter).longest, {
      wallMs: 100,
      ownMs: 40,
      collectorMs: 20,
      waitingMs: 30,
      restMs: 10,
    });
  });

  it('given a pause that waited itself, then no more than the processor time is the collector’s', () => {
    const { meter, turn, rest } = scene();
    turn(100, 30, 70);
    meter.collected(0, 90);
    rest();
    const { longest, mostCollectorMs } = taken(meter);
    assert.deepEqual(longest, {
      wallMs: 100,
      ownMs: 0,
      collectorMs: 30,
      waitingMs: 70,
      restMs: 0,
    });
    assert.equal(mostCollectorMs, 90);
  });

  it('given readings between which something else ran, then no part is below nothing', () => {
    const { meter, turn, rest } = scene();
    turn(100, 10, 95);
    rest();
    const { waitingMs, restMs } = taken(meter).longest;
    assert.deepEqual({ waitingMs, restMs }, { waitingMs: 90, restMs: 0 });
  });

  it('given a system that tells no waiting, then the rest has it', () => {
    const meter = turnMeter({ atMs: 0, processorMs: 0, waitingMs: NaN });
    meter.look({ atMs: 100, processorMs: 60, waitingMs: NaN });
    for (let atMs = 101; atMs < 105; atMs++) meter.look({ atMs, processorMs: 60, waitingMs: NaN });
    const { ownMs, waitingMs, restMs } = taken(meter).longest;
    assert.deepEqual({ ownMs, waitingMs, restMs }, { ownMs: 60, waitingMs: NaN, restMs: 40 });
  });

  it('given a Node that tells no processor time of a thread, then the turn is told all the same', () => {
    const meter = turnMeter({ atMs: 0, processorMs: NaN, waitingMs: 0 });
    meter.look({ atMs: 100, processorMs: NaN, waitingMs: 10 });
    meter.collected(10, 20);
    for (let atMs = 101; atMs < 105; atMs++) meter.look({ atMs, processorMs: NaN, waitingMs: 10 });
    const { wallMs, collectorMs, ownMs } = taken(meter).longest;
    assert.deepEqual({ wallMs, collectorMs, ownMs }, { wallMs: 100, collectorMs: 20, ownMs: NaN });
  });
});

describe('A pause of the collector', () => {
  it('given one that is told before its turn ended, then it counts for that turn', () => {
    const { meter, turn, rest } = scene();
    turn(5, 5);
    meter.collected(10, 20);
    turn(100, 100);
    rest();
    assert.equal(taken(meter).longest.collectorMs, 20);
  });

  it('given one that is told three turns late, then it counts for its own turn', () => {
    const { meter, turn, rest } = scene();
    turn(100, 100);
    turn(90, 90);
    turn(1, 1);
    meter.collected(99, 20);
    rest();
    assert.deepEqual(taken(meter).longest.ownMs, 80);
  });

  it('given several in one turn, then they are added, and the longest is told', () => {
    const { meter, turn, rest } = scene();
    turn(100, 100);
    meter.collected(10, 20);
    meter.collected(40, 30);
    rest();
    const { longest, mostCollectorMs } = taken(meter);
    assert.equal(longest.collectorMs, 50);
    assert.equal(mostCollectorMs, 30);
  });
});

describe('TURN-METER-2: no turn is lost', () => {
  it('given a turn whose pauses may not be told yet, then the next summary has it', () => {
    const { meter, turn, rest } = scene();
    turn(10, 10);
    rest();
    turn(100, 100);
    assert.equal(taken(meter).longest.wallMs, 10);
    meter.collected(20, 70);
    rest();
    assert.equal(taken(meter).longest.ownMs, 30);
  });

  it('given that all were taken, then there is nothing to tell', () => {
    const { meter, turn, rest } = scene();
    turn(10, 10);
    rest();
    assert.equal(taken(meter).endMs, 10);
    assert.equal(meter.take(), undefined);
  });

  it('given a short turn with more processor time than the longest one, then both are told', () => {
    const { meter, turn, rest } = scene();
    turn(100, 5, 95);
    turn(40, 40);
    rest();
    const { longest, mostOwnMs } = taken(meter);
    assert.equal(longest.ownMs, 5);
    assert.equal(mostOwnMs, 40);
  });
});
