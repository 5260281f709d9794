import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import fc from 'fast-check';
import { BootClock, bootNowOf, countsSleep } from '@holdfast/protocol/boot-clock';
import { Client } from '../../src/client.ts';
import { systemEnvironment } from '../../src/environment.ts';
import { momentOf, passedMs, systemClock } from '../../src/clock.ts';

/** A machine that runs, sleeps, and whose wall clock somebody sets. */
class Machine {
  monotonicMs = 5000;
  wallMs = 1_700_000_000_000;
  /** It counts in hundredths of a second. */
  bootMs = 7003;
  readonly clock = new BootClock({
    monotonicMs: () => this.monotonicMs,
    wallMs: () => Math.floor(this.wallMs),
    uptimeMs: () => Math.floor(this.bootMs / 10) * 10,
    resolutionMs: 20,
  });

  run(ms: number): void {
    this.monotonicMs += ms;
    this.wallMs += ms;
    this.bootMs += ms;
  }

  sleep(ms: number): void {
    this.wallMs += ms;
    this.bootMs += ms;
  }
}

const step = fc.record({
  kind: fc.constantFrom('run', 'sleep', 'set'),
  ms: fc.integer({ min: 0, max: 100_000 }),
  sign: fc.constantFrom(1, -1),
});

describe('A clock that goes on while the machine sleeps', () => {
  it('counts what the machine ran and slept, whatever is done to the wall clock (BOOT-1, BOOT-2)', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const machine = new Machine();
        const startMs = machine.clock.now();
        const startBootMs = machine.bootMs;
        let lastMs = startMs;
        for (const { kind, ms, sign } of steps) {
          if (kind === 'run') machine.run(ms);
          else if (kind === 'sleep') machine.sleep(ms);
          else machine.wallMs += sign * ms;
          const nowMs = machine.clock.now();
          assert.ok(nowMs >= lastMs);
          lastMs = nowMs;
          const offMs = nowMs - startMs - (machine.bootMs - startBootMs);
          // A sleep that is shorter than what the kernel tells may be left out.
          assert.ok(offMs <= 20 && offMs >= -40, `off by ${String(offMs)} ms`);
        }
      }),
    );
  });

  it('notices a sleep though somebody set the wall clock back by just as much', () => {
    const machine = new Machine();
    const startMs = machine.clock.now();
    machine.sleep(30_000);
    machine.wallMs -= 30_000;
    machine.run(300);
    assert.ok(machine.clock.now() - startMs >= 30_280);
  });

  it('is what this machine has: a wall clock that is set changes no lease', (t) => {
    const since = momentOf(systemClock);
    const wallNow = Date.now;
    for (const stepMs of [2000, 3_600_000, -3_600_000]) {
      t.mock.method(Date, 'now', () => wallNow() + stepMs);
      assert.ok(passedMs(systemClock, since) < 1500, `after a step of ${String(stepMs)} ms`);
    }
  });
});

describe('A clock that may miss a sleep says so (BOOT-3)', () => {
  it('on each platform', () => {
    const known = (platform: string, isUptimeFine: boolean): boolean =>
      countsSleep({ platform, isUptimeFine });
    assert.deepEqual([known('linux', true), known('linux', false)], [true, false]);
    assert.deepEqual([known('darwin', false), known('win32', false)], [true, true]);
    assert.equal(known('freebsd', false), false);
  });

  it('on Linux without /proc, where a sleep of a second is not seen', () => {
    let uptimeSeconds = 100;
    const system = { platform: 'linux', isUptimeFine: false, hrtime: () => 0n };
    const now = bootNowOf({ ...system, uptime: () => uptimeSeconds });
    const beganMs = now();
    uptimeSeconds += 1;
    mock.method(Date, 'now', () => 0);
    try {
      assert.ok(now() - beganMs < 900, 'so it is not what a lease may be counted by');
    } finally {
      mock.restoreAll();
    }
  });

  it('and a client without such a clock keeps nothing in its memory (CLIENT-CACHE-5)', async () => {
    for (const mayMissSleep of [true, false]) {
      const clock = { ...systemClock, mayMissSleep };
      const openSocket: typeof systemEnvironment.openSocket = () => {
        throw new Error('Nobody connects here.');
      };
      const environment = { ...systemEnvironment, clock, openSocket };
      const client = new Client({ endpoints: ['http://127.0.0.1:1'] }, environment);
      assert.equal(client.cache.memory === undefined, mayMissSleep);
      await client.close();
    }
  });
});

describe('The clock of a browser', () => {
  it('counts what the machine slept, also after somebody set the wall clock back', async () => {
    const machine = new Machine();
    const wall = mock.method(Date, 'now', () => machine.wallMs);
    const monotonic = mock.method(performance, 'now', () => machine.monotonicMs);
    try {
      const { bootNow, bootCountsSleep } = await import('../../src/boot-clock.browser.ts');
      const beganMs = bootNow();
      machine.run(1000);
      machine.wallMs -= 3_600_000;
      assert.equal(bootNow() - beganMs, 1000);
      machine.sleep(600_000);
      assert.equal(bootNow() - beganMs, 601_000);
      assert.equal(bootCountsSleep, false, 'BOOT-3: it may be set back while the machine sleeps');
    } finally {
      wall.mock.restore();
      monotonic.mock.restore();
    }
  });
});
