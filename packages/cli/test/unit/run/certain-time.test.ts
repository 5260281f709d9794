import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { certainFor, machineClocks, msLeft } from '../../../src/run/certain-time.ts';
import type { MachineClocks } from '../../../src/run/certain-time.ts';

/** Clocks of a machine that runs and sleeps. */
class TestClocks implements MachineClocks {
  #monotonic = 1_000_000;
  #boot = 1_700_000;
  readonly monotonicMs = (): number => this.#monotonic;
  readonly bootMs = (): number => this.#boot;

  run(ms: number): void {
    this.#monotonic += ms;
    this.#boot += ms;
  }

  sleep(ms: number): void {
    this.#boot += ms;
  }
}

const ms = fc.integer({ min: 0, max: 100_000 });

describe('how long a lease is certain', () => {
  it('is a point in time: reading it late does not make it longer (CERTAIN-1)', () => {
    fc.assert(
      fc.property(ms, ms, (forMs, lateMs) => {
        const clocks = new TestClocks();
        const until = certainFor(forMs, clocks);
        clocks.run(lateMs);
        assert.equal(msLeft(until, clocks), forMs - lateMs);
      }),
    );
  });

  it('counts the time that the machine slept (CERTAIN-2)', () => {
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

  it('is read by a clock that other processes of the machine share', () => {
    const before = Number(process.hrtime.bigint()) / 1e6;
    const read = machineClocks.monotonicMs();
    assert.ok(before <= read && read - before < 1000);
  });

  it('is the same, whichever way somebody sets the wall clock', (t) => {
    const until = certainFor(60_000);
    const wallNow = Date.now;
    for (const stepMs of [2000, 3_600_000, -3_600_000]) {
      t.mock.method(Date, 'now', () => wallNow() + stepMs);
      assert.ok(Math.abs(msLeft(until) - 60_000) < 5000, `left: ${String(msLeft(until))} ms`);
    }
  });

  it('is over, as another process reads it, when the machine slept for that long (CERTAIN-2)', (t) => {
    // There the clock since boot is ahead, as behind a sleep; the monotonic one is not.
    const slept = ['unshare', '--time', '--boottime', '50', '--'];
    if (spawnSync(slept[0] ?? '', [...slept.slice(1), 'true']).status !== 0) {
      t.skip('needs a time namespace: Linux, unshare, and the right to make one');
      return;
    }
    const certain = certainFor(60_000);
    const read = (words: readonly string[]): number => {
      const program = `import { msLeft } from ${JSON.stringify(module)}; console.log(msLeft(${JSON.stringify(certain)}));`;
      const [first, ...rest] = [
        ...words,
        process.execPath,
        '--conditions=source',
        '--input-type=module',
        '-e',
        program,
      ];
      return Number(spawnSync(first, rest, { encoding: 'utf8' }).stdout);
    };
    const awakeMs = read([]);
    const asleepMs = read(slept);
    assert.ok(awakeMs > 50_000, String(awakeMs));
    assert.ok(asleepMs > 0 && asleepMs < 10_000, String(asleepMs));
  });
});

const module = new URL('../../../src/run/certain-time.ts', import.meta.url).href;
