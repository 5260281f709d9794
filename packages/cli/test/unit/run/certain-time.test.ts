import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { certainFor, machineClocks, msLeft } from '../../../src/run/certain-time.ts';
import type { MachineClocks } from '../../../src/run/certain-time.ts';

/** Clocks of a machine that runs, sleeps, and whose wall clock somebody sets. */
class TestClocks implements MachineClocks {
  #monotonic = 1_000_000;
  #wall = 1_700_000_000_000;
  readonly monotonicMs = (): number => this.#monotonic;
  readonly wallMs = (): number => this.#wall;

  run(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
  }

  sleep(ms: number): void {
    this.#wall += ms;
  }

  setBack(ms: number): void {
    this.#wall -= ms;
  }
}

const ms = fc.integer({ min: 0, max: 100_000 });

describe('how long a lease is certain', () => {
  it('is a point in time: reading it late does not make it longer (T1)', () => {
    fc.assert(
      fc.property(ms, ms, (forMs, lateMs) => {
        const clocks = new TestClocks();
        const until = certainFor(forMs, clocks);
        clocks.run(lateMs);
        assert.equal(msLeft(until, clocks), forMs - lateMs);
      }),
    );
  });

  it('counts the time that the machine slept (T2)', () => {
    fc.assert(
      fc.property(ms, ms, ms, (forMs, ranMs, sleptMs) => {
        const clocks = new TestClocks();
        const until = certainFor(forMs, clocks);
        clocks.run(ranMs);
        clocks.sleep(sleptMs);
        assert.equal(msLeft(until, clocks), forMs - ranMs - sleptMs);
      }),
    );
  });

  it('is not longer because the wall clock was set back (T2)', () => {
    fc.assert(
      fc.property(ms, ms, ms, (forMs, ranMs, backMs) => {
        const clocks = new TestClocks();
        const until = certainFor(forMs, clocks);
        clocks.setBack(backMs);
        clocks.run(ranMs);
        assert.equal(msLeft(until, clocks), forMs - ranMs);
      }),
    );
  });

  it('is read by a clock that other processes of the machine share', () => {
    const before = Number(process.hrtime.bigint()) / 1e6;
    const read = machineClocks.monotonicMs();
    assert.ok(before <= read && read - before < 1000);
  });
});
