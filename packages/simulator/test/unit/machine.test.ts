import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { World } from '../../src/world/world.ts';

describe('The clocks of a simulated machine (SIM-MACHINE-3)', () => {
  it('have no zero in common with those of another machine, of another process, or with each other', () => {
    const world = new World(1n);
    const zeros: number[] = [];
    for (const name of ['n1', 'n2']) {
      const machine = world.machine(name, 0);
      for (let process = 0; process < 3; process++) {
        machine.start();
        zeros.push(machine.now(), machine.bootNow());
        machine.end();
      }
    }
    assert.equal(new Set(zeros).size, zeros.length);
  });

  it('go on at the rate of the machine, and with the wall clock, which knows what time it is', async () => {
    const world = new World(1n);
    const machine = world.machine('n1', 0.02);
    machine.start();
    const read = (): number[] => [machine.now(), machine.bootNow(), machine.wallNow()];
    const before = read();
    await world.timeline.run(1000);
    const passed = read().map((ms, index) => ms - (before[index] ?? 0));
    for (const ms of passed)
      assert.ok(Math.abs(ms - (passed[0] ?? 0)) < 0.01 && ms > 979 && ms < 1021);
    const other = world.machine('n2', 0);
    assert.ok(Math.abs(other.wallNow() - machine.wallNow()) < 50);
  });

  it('are the same from the same seed', () => {
    const read = (): number[] => {
      const machine = new World(7n).machine('n1', 0.02);
      machine.start();
      return [machine.now(), machine.bootNow()];
    };
    assert.deepEqual(read(), read());
  });
});
