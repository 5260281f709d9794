import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ticks } from '../../src/ticks.ts';
import { StillClock } from './still-clock.ts';

function ticking(): { ticks: Ticks; clock: StillClock } {
  const clock = new StillClock();
  const ticks = new Ticks({ clock, tickMs: 10, heartbeatMs: 100 });
  return { ticks, clock };
}

describe('Ticks', () => {
  it('are too late after more than three heartbeats without one, and once only (TICK-1)', () => {
    const { ticks, clock } = ticking();
    clock.pass(300);
    assert.equal(ticks.takeLateness(), undefined);
    clock.pass(1);
    assert.equal(ticks.takeLateness(), 301);
    assert.equal(ticks.takeLateness(), undefined);
  });

  it('that a late timer missed are made up for, three at the most', () => {
    const { ticks, clock } = ticking();
    clock.pass(25);
    assert.equal(ticks.takeDue(), 2);
    clock.pass(5);
    assert.equal(ticks.takeDue(), 1);
    clock.pass(200);
    assert.equal(ticks.takeDue(), 3);
    assert.equal(ticks.takeDue(), 0);
  });

  it('end where what they drive stops them', () => {
    const { ticks, clock } = ticking();
    let count = 0;
    ticks.start(() => {
      count += 1;
      if (count === 2) ticks.stop();
    });
    for (let step = 0; step < 5; step++) clock.pass(10);
    assert.equal(count, 2);
  });
});
